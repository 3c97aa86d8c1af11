//! The subcommands of `sync-worker parked`. The doc comments of variants and fields are the help.

use clap::{ArgGroup, Args, Subcommand};
use shared_models::site::Site;
use uuid::Uuid;

/// What can be asked.
#[derive(Debug, Subcommand)]
pub(super) enum Asked {
    /// List what could not be carried
    List {
        /// Kept at this site only: store or warehouse
        #[arg(long, value_parser = site)]
        site: Option<Site>,
        /// What became of them
        #[arg(long, default_value = "parked", value_parser = ["parked", "offered", "dropped", "all"])]
        state: String,
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Show one, with its message
    Show {
        /// Which one
        id: Uuid,
        /// As one line of JSON
        #[arg(long)]
        json: bool,
    },
    /// Offer their orders again, now
    Replay(Meant),
    /// Give them up
    Drop {
        #[command(flatten)]
        meant: Meant,
        /// Drop all without being asked
        #[arg(long)]
        yes: bool,
    },
}

/// Which ones are meant.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("meant").required(true).args(["ids", "all"]))]
pub(super) struct Meant {
    /// These
    #[arg(value_name = "ID")]
    pub(super) ids: Vec<Uuid>,
    /// All that are parked
    #[arg(long)]
    pub(super) all: bool,
    /// Kept at this site only: store or warehouse
    #[arg(long, value_parser = site)]
    pub(super) site: Option<Site>,
}

fn site(name: &str) -> Result<Site, String> {
    let known = Site::ALL.into_iter().find(|site| site.as_str() == name);
    known.ok_or_else(|| "it is store or warehouse".to_owned())
}
