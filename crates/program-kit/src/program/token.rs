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
    #[error("no random bytes: {0}")]
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
        .help("Who is to have it: it stands in logs, and with each change");
    let role = Arg::new("role")
        .long("role")
        .required(true)
        .value_name("ROLE[,ROLE]")
        .value_parser(|roles: &str| roles.parse::<Roles>())
        .help("What it allows: read, write, sync, admin");
    let about = "Make a token. It is told once, on stdout; the settings keep its hash only";
    let new = Command::new("new").about(about).arg(name).arg(role);
    Command::new(NAME).about("Make tokens for callers").subcommand_required(true).subcommand(new)
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
        "The token is told only now. The settings know it by this line, in [access.tokens]:\n\n  \
         {name} = \"{setting}\"\n\nor in the environment:\n\n  \
         {prefix}__ACCESS__TOKENS__{variable}=\"{setting}\"\n\n\
         Whoever has it sends: Authorization: Bearer TOKEN\n"
    )?;
    Ok(writeln!(io::stdout(), "{}", token.expose())?)
}
