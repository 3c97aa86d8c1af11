//! The token that a person shows to the sites. Never an argument: all on the machine may read those.

use std::path::PathBuf;

use clap::{Arg, ArgMatches, value_parser};
use service_kit::access::Token;

/// Where the token is looked for when no file is named.
const VARIABLE: &str = "WORKER_TOKEN";
const FILE: &str = "token-file";
/// How a person shows a token.
pub(super) const HOW: &str = "by WORKER_TOKEN, or --token-file FILE";

/// How a file with the token is named.
pub(super) fn argument() -> Arg {
    Arg::new(FILE)
        .long(FILE)
        .value_name("FILE")
        .global(true)
        .value_parser(value_parser!(PathBuf))
        .help(format!(
            "Holds the token, with the role admin, to show to the sites [or: ${VARIABLE}]"
        ))
}

/// The token; none where nobody named one, and the sites let everybody in who is on their machine.
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
