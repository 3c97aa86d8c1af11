//! The token that the command line sends to the sides. Never an argument: any user of the machine
//! can read those.

use std::path::PathBuf;

use clap::{Arg, ArgMatches, value_parser};
use program_kit::access::Token;

/// The environment variable of the token, used when no file is named.
const VARIABLE: &str = "WORKER_TOKEN";
const FILE: &str = "token-file";
/// The ways to pass a token, as shown to people.
pub(super) const HOW: &str = "by WORKER_TOKEN, or --token-file FILE";

/// The option that names a file with the token.
pub(super) fn argument() -> Arg {
    Arg::new(FILE)
        .long(FILE)
        .value_name("FILE")
        .global(true)
        .value_parser(value_parser!(PathBuf))
        .help(format!("A file with a token of the role admin for the sides [default: the token in ${VARIABLE}]"))
}

/// Reads the token; `None` if there is none, which suffices where the sides are open to everybody
/// on their machine.
pub(super) fn read(matches: &ArgMatches) -> Result<Option<Token>, String> {
    let (text, origin) = match matches.get_one::<PathBuf>(FILE) {
        Some(file) => {
            let name = file.display().to_string();
            let text = std::fs::read_to_string(file).map_err(|error| format!("{name}: {error}"))?;
            (text, name)
        }
        None => match std::env::var(VARIABLE) {
            Ok(text) => (text, VARIABLE.to_owned()),
            Err(_) => return Ok(None),
        },
    };
    let token = Token::try_from(text.trim().to_owned());
    token.map(Some).map_err(|problem| format!("{origin}: {problem}"))
}
