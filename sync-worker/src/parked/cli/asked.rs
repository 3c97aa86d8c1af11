//! The subcommands of `sync-worker parked`. The doc comments of variants and fields are the help.

use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{ArgGroup, Args, Subcommand};
use shared_models::side::Side;
use uuid::Uuid;

/// A subcommand.
#[derive(Debug, Subcommand)]
pub(super) enum Asked {
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
    Replay(Meant),
    /// Give up parked changes: they are not offered again, but stay on record
    Drop {
        #[command(flatten)]
        meant: Meant,
        /// With --all, drop without asking for confirmation
        #[arg(long)]
        yes: bool,
    },
}

/// The selection of changes.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("meant").required(true).args(["ids", "all"]))]
pub(super) struct Meant {
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
    known.ok_or_else(|| "it is store or warehouse".to_owned())
}
