//! `sync-worker parked`: the changes that could not be carried, on the command line. It asks the
//! sides itself, so no worker has to run.

mod arguments;
mod show;

use std::io::{self, Write as _};

use clap::{ArgMatches, Command, FromArgMatches as _, Subcommand as _};
use serde::Serialize;
use shared_models::parked::{ActionResult, LeftAlone, MAX_PARKED, ParkedAction, Selection};
use shared_models::side::Side;
use thiserror::Error;
use uuid::Uuid;

use super::{Filter, Parked, Place};
use crate::settings::SidesSettings;
use crate::side_client::{BuildError, RequestError};

use arguments::{
    ParkedCommand, TOKEN_SOURCES, Targets, confirm_drop_all, read_token, token_argument,
};

/// The subcommand's name.
pub const NAME: &str = "parked";

/// The page size: each item may be as long as the longest event.
const PAGE: &str = "100";

/// The error of a `parked` subcommand.
#[derive(Debug, Error)]
pub enum CliError {
    /// The token could not be read.
    #[error("{0}")]
    Credential(String),
    /// A client of a side could not be built.
    #[error("{0}")]
    Client(#[from] BuildError),
    /// A side did not carry out the request.
    #[error("{0}")]
    Side(String),
    /// No parked changes have these ids.
    #[error("{}: {}", .0.iter().map(Uuid::to_string).collect::<Vec<_>>().join(", "), LeftAlone::UNKNOWN)]
    Unknown(Vec<Uuid>),
    /// Dropping all changes was not confirmed.
    #[error("nothing was dropped; pass --yes to drop all without confirmation")]
    NotConfirmed,
    /// The output could not be written.
    #[error("{0}")]
    Output(#[from] io::Error),
}

impl From<RequestError> for CliError {
    fn from(error: RequestError) -> Self {
        Self::Side(match &error {
            RequestError::Rejected(reply) if reply.status == 401 => {
                format!("{error} (here: {TOKEN_SOURCES})")
            }
            RequestError::Rejected(_) | RequestError::Unavailable { .. } => error.to_string(),
        })
    }
}

/// The subcommand and its help.
#[must_use]
pub fn command() -> Command {
    let about = "List, show, replay or drop changes that could not be carried";
    ParkedCommand::augment_subcommands(Command::new(NAME))
        .about(about)
        .subcommand_required(true)
        .arg(token_argument())
}

/// Runs the subcommand. A reader that closes the output early is no failure.
pub async fn run(settings: &SidesSettings, matches: &ArgMatches) -> Result<(), CliError> {
    let token = read_token(matches).map_err(CliError::Credential)?;
    let command = ParkedCommand::from_arg_matches(matches).unwrap_or_else(|error| error.exit());
    match execute(&Parked::new(settings)?.on_behalf_of(token.as_ref()), command).await {
        Err(CliError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}

async fn execute(parked: &Parked, command: ParkedCommand) -> Result<(), CliError> {
    match command {
        ParkedCommand::List { side, state, json } => list(parked, side, state, json).await,
        ParkedCommand::Show { id, json } => {
            let change = parked.change(id).await?.ok_or(CliError::Unknown(vec![id]))?;
            match json {
                true => line(&change),
                false => Ok(write!(io::stdout(), "{}", show::details(&change))?),
            }
        }
        ParkedCommand::Replay(targets) => act(parked, ParkedAction::Replay, targets).await,
        ParkedCommand::Drop { targets, yes } => {
            if targets.all && !yes && !confirm_drop_all(targets.side)? {
                return Err(CliError::NotConfirmed);
            }
            act(parked, ParkedAction::Drop, targets).await
        }
    }
}

async fn list(
    parked: &Parked,
    side: Option<Side>,
    state: String,
    json: bool,
) -> Result<(), CliError> {
    let filter = Filter { state: Some(state), limit: Some(PAGE.to_owned()), side };
    let (mut next, mut is_first) = (Some(Place::first(side)), true);
    while let Some(place) = next {
        let page = parked.page(&filter, place).await?;
        for change in page.items {
            if json {
                line(&change)?;
                continue;
            }
            if is_first {
                writeln!(io::stdout(), "{}", show::HEAD)?;
            }
            writeln!(io::stdout(), "{}", show::row(&change))?;
            is_first = false;
        }
        next = page.next;
    }
    if is_first && !json {
        // Only for people: not with `--json`.
        writeln!(io::stderr(), "there are no such parked changes")?;
    }
    Ok(())
}

/// Replays or drops all parked changes in one request, or the named ones in as many as are needed.
async fn act(parked: &Parked, action: ParkedAction, targets: Targets) -> Result<(), CliError> {
    let Targets { ids, all, side } = targets;
    let selections = match all {
        true => vec![Selection { all: Some(true), ids: None }],
        false => {
            let some = |ids: &[Uuid]| Selection { all: None, ids: Some(ids.to_vec()) };
            ids.chunks(MAX_PARKED).map(some).collect()
        }
    };
    let mut unknown = vec![];
    let mut total = 0;
    for selection in selections {
        let ActionResult { changed, left } = parked.act(action, &selection, side).await?;
        total += changed;
        for LeftAlone { id, reason } in left {
            match reason == LeftAlone::UNKNOWN {
                true => unknown.push(id),
                false => writeln!(io::stdout(), "{id} is unchanged: {reason}")?,
            }
        }
    }
    let done = match action {
        ParkedAction::Replay => "to be offered again",
        ParkedAction::Drop => "dropped",
    };
    writeln!(io::stdout(), "{total} {done}")?;
    if unknown.is_empty() { Ok(()) } else { Err(CliError::Unknown(unknown)) }
}

fn line(value: &impl Serialize) -> Result<(), CliError> {
    let line = serde_json::to_string(value).map_err(io::Error::from)?;
    Ok(writeln!(io::stdout(), "{line}")?)
}
