//! `token new`: generates a token, and the line for the settings.

use std::io::{self, Write as _};

use clap::{Arg, ArgMatches, Command};
use thiserror::Error;

use crate::access::{Roles, Token, check_name};

/// The subcommand's name.
pub(super) const NAME: &str = "token";

/// The error of generating a token.
#[derive(Debug, Error)]
pub(super) enum TokenError {
    /// The system has no random bytes.
    #[error("the system returned no random bytes: {0}")]
    Random(#[from] getrandom::Error),
    /// The output could not be written.
    #[error("{0}")]
    Output(#[from] io::Error),
}

/// The subcommand and its help.
pub(super) fn command() -> Command {
    let name = Arg::new("name")
        .long("name")
        .required(true)
        .value_parser(|name: &str| check_name(name).map(|()| name.to_owned()))
        .help("The holder's name, as shown in logs and in the history of each change");
    let role = Arg::new("role")
        .long("role")
        .required(true)
        .value_name("ROLE[,ROLE]")
        .value_parser(|roles: &str| roles.parse::<Roles>())
        .help("The roles to grant: read, write, sync, admin");
    let about = "Create a token. It is printed once, on stdout; the settings hold only its hash";
    let new = Command::new("new").about(about).arg(name).arg(role);
    Command::new(NAME).about("Create tokens for callers").subcommand_required(true).subcommand(new)
}

/// Generates a token. Only the token goes to stdout, so that it can be stored without being shown.
pub(super) fn run(prefix: &str, matches: &ArgMatches) -> Result<(), TokenError> {
    let Some(new) = matches.subcommand_matches("new") else { return Ok(()) };
    let given = (new.get_one::<String>("name"), new.get_one::<Roles>("role"));
    let (Some(name), Some(roles)) = given else { return Ok(()) };
    let token = Token::random()?;
    let setting = format!("{roles} {}", token.hash());
    let variable = name.to_uppercase();
    writeln!(
        io::stderr(),
        "The token is printed only once. Add this line to [access.tokens] in the settings:\n\n  \
         {name} = \"{setting}\"\n\nor set it in the environment:\n\n  \
         {prefix}__ACCESS__TOKENS__{variable}=\"{setting}\"\n\n\
         Its holder sends: Authorization: Bearer TOKEN\n"
    )?;
    Ok(writeln!(io::stdout(), "{}", token.expose())?)
}
