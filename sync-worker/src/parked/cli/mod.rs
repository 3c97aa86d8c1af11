//! `sync-worker parked`: the changes that could not be carried, on the command line. It asks the
//! sides itself, so no worker has to run.

mod asked;
mod asking;
mod credential;
mod show;

use std::io::{self, Write as _};

use clap::{ArgMatches, Command, FromArgMatches as _, Subcommand as _};
use serde::Serialize;
use shared_models::parked::{Deed, LeftAlone, MAX_PARKED, Selection, Settled};
use shared_models::side::Side;
use thiserror::Error;
use uuid::Uuid;

use super::{Parked, Place, Wanted};
use crate::settings::SidesSettings;
use crate::side_client::{BuildError, Refusal};

use asked::{Asked, Meant};

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
    #[error("nothing was dropped; say --yes to drop all without being asked")]
    NotMeant,
    /// The output could not be written.
    #[error("{0}")]
    Output(#[from] io::Error),
}

impl From<Refusal> for CliError {
    fn from(refusal: Refusal) -> Self {
        Self::Side(match &refusal {
            Refusal::Wrong(reply) if reply.status == 401 => {
                format!("{refusal} (here: {})", credential::HOW)
            }
            Refusal::Wrong(_) | Refusal::Away { .. } => refusal.to_string(),
        })
    }
}

/// The subcommand and its help.
#[must_use]
pub fn command() -> Command {
    let about = "List, show, replay or drop changes that could not be carried";
    Asked::augment_subcommands(Command::new(NAME))
        .about(about)
        .subcommand_required(true)
        .arg(credential::argument())
}

/// Runs the subcommand. A reader that closes the output early is no failure.
pub async fn run(settings: &SidesSettings, matches: &ArgMatches) -> Result<(), CliError> {
    let token = credential::read(matches).map_err(CliError::Credential)?;
    let asked = Asked::from_arg_matches(matches).unwrap_or_else(|error| error.exit());
    match carry_out(&Parked::new(settings)?.on_behalf_of(token.as_ref()), asked).await {
        Err(CliError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}

async fn carry_out(parked: &Parked, asked: Asked) -> Result<(), CliError> {
    match asked {
        Asked::List { side, state, json } => list(parked, side, state, json).await,
        Asked::Show { id, json } => {
            let kept = parked.change(id).await?.ok_or(CliError::Unknown(vec![id]))?;
            match json {
                true => line(&kept),
                false => Ok(write!(io::stdout(), "{}", show::whole(&kept))?),
            }
        }
        Asked::Replay(meant) => settle(parked, Deed::Replay, meant).await,
        Asked::Drop { meant, yes } => {
            if meant.all && !yes && !asking::means_to_drop_all(meant.side)? {
                return Err(CliError::NotMeant);
            }
            settle(parked, Deed::Drop, meant).await
        }
    }
}

async fn list(
    parked: &Parked,
    side: Option<Side>,
    state: String,
    json: bool,
) -> Result<(), CliError> {
    let wanted = Wanted { state: Some(state), limit: Some(PAGE.to_owned()), side };
    let (mut next, mut is_first) = (Some(Place::first(side)), true);
    while let Some(place) = next {
        let page = parked.page(&wanted, place).await?;
        for kept in page.items {
            if json {
                line(&kept)?;
                continue;
            }
            if is_first {
                writeln!(io::stdout(), "{}", show::HEAD)?;
            }
            writeln!(io::stdout(), "{}", show::row(&kept))?;
            is_first = false;
        }
        next = page.next;
    }
    if is_first && !json {
        // Only for people: not with `--json`.
        writeln!(io::stderr(), "there is none")?;
    }
    Ok(())
}

/// Settles all parked changes in one request, or the named ones in as many as are needed.
async fn settle(parked: &Parked, deed: Deed, meant: Meant) -> Result<(), CliError> {
    let Meant { ids, all, side } = meant;
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
        let Settled { changed, left } = parked.settle(deed, &selection, side).await?;
        total += changed;
        for LeftAlone { id, reason } in left {
            match reason == LeftAlone::UNKNOWN {
                true => unknown.push(id),
                false => writeln!(io::stdout(), "{id} is left as it is: {reason}")?,
            }
        }
    }
    let done = match deed {
        Deed::Replay => "to be offered again",
        Deed::Drop => "dropped",
    };
    writeln!(io::stdout(), "{total} {done}")?;
    if unknown.is_empty() { Ok(()) } else { Err(CliError::Unknown(unknown)) }
}

fn line(value: &impl Serialize) -> Result<(), CliError> {
    let line = serde_json::to_string(value).map_err(io::Error::from)?;
    Ok(writeln!(io::stdout(), "{line}")?)
}
