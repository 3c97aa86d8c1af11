//! The arguments of `sync-worker parked`, the token, and the confirmation of dropping everything.
//! The doc comments of variants and fields are the help.

use std::io::{self, IsTerminal as _, Write as _};
use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{Arg, ArgGroup, ArgMatches, Args, Subcommand, value_parser};
use program_kit::access::Token;
use shared_models::side::Side;
use uuid::Uuid;

/// The environment variable of the token, used when no file is named.
const VARIABLE: &str = "WORKER_TOKEN";
const FILE: &str = "token-file";
/// The ways to pass a token, as shown to people.
pub(super) const TOKEN_SOURCES: &str = "by WORKER_TOKEN, or --token-file FILE";

/// A subcommand.
#[derive(Debug, Subcommand)]
pub(super) enum ParkedCommand {
    /// List the changes that could not be carried to the other side
    List {
        /// Only changes kept at this side: store or warehouse
        #[arg(long, value_parser = side)]
        side: Option<Side>,
        /// Only changes in this state
        #[arg(long, default_value = "parked", value_parser = states())]
        state: String,
        /// Print one JSON object a line instead of a table
        #[arg(long)]
        json: bool,
    },
    /// Show a change that could not be carried, with its message
    Show {
        /// The id of the change, as shown by the subcommand list
        id: Uuid,
        /// Print one line of JSON instead of text
        #[arg(long)]
        json: bool,
    },
    /// Offer the orders of parked changes again at once
    Replay(Targets),
    /// Give up parked changes: they are not offered again, but stay on record
    Drop {
        #[command(flatten)]
        targets: Targets,
        /// With --all, drop without asking for confirmation
        #[arg(long)]
        yes: bool,
    },
}

/// The selection of changes.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("targets").required(true).args(["ids", "all"]))]
pub(super) struct Targets {
    /// The ids of the changes, as shown by the subcommand list
    #[arg(value_name = "ID")]
    pub(super) ids: Vec<Uuid>,
    /// Select all parked changes instead of naming ids
    #[arg(long)]
    pub(super) all: bool,
    /// Only changes kept at this side: store or warehouse
    #[arg(long, value_parser = side)]
    pub(super) side: Option<Side>,
}

/// The states by which the list can be filtered, with their help.
fn states() -> PossibleValuesParser {
    let states = [
        ("parked", "Waiting to be offered again, or for a person"),
        ("offered", "Their orders were offered again"),
        ("dropped", "Given up"),
        ("all", "In any of these states"),
    ];
    states.map(|(state, help)| PossibleValue::new(state).help(help)).into()
}

fn side(name: &str) -> Result<Side, String> {
    let known = Side::ALL.into_iter().find(|side| side.as_str() == name);
    known.ok_or_else(|| "expected store or warehouse".to_owned())
}

/// The option that names a file with the token. The token itself is never an argument: any user of
/// the machine can read those.
pub(super) fn token_argument() -> Arg {
    Arg::new(FILE)
        .long(FILE)
        .value_name("FILE")
        .global(true)
        .value_parser(value_parser!(PathBuf))
        .help(format!("A file with a token of the role admin for the sides [default: the token in ${VARIABLE}]"))
}

/// Reads the token; `None` if there is none, which suffices where the sides are open to everybody
/// on their machine.
pub(super) fn read_token(matches: &ArgMatches) -> Result<Option<Token>, String> {
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

/// Asks whether to drop all parked changes. Without a terminal the answer is no.
pub(super) fn confirm_drop_all(side: Option<Side>) -> io::Result<bool> {
    let (stdin, mut stderr) = (io::stdin(), io::stderr());
    if !stdin.is_terminal() {
        return Ok(false);
    }
    let at = side.map_or("at both sides".to_owned(), |side| format!("at the {side}"));
    write!(stderr, "Drop all parked changes {at}? [y/N] ")?;
    stderr.flush()?;
    let mut answer = String::new();
    stdin.read_line(&mut answer)?;
    Ok(is_yes(&answer))
}

fn is_yes(answer: &str) -> bool {
    matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_yes_is_one() {
        for (answer, yes) in [("y\n", true), (" Yes \n", true), ("\n", false), ("", false)] {
            assert_eq!(is_yes(answer), yes, "{answer:?}");
        }
        assert!(!is_yes("yesterday") && !is_yes("n"));
    }
}
