//! The command line. The scripts in `deploy/` call it after building what it starts.

use std::io;
use std::path::{self, PathBuf};

use clap::{Parser, Subcommand};

/// The help on the environment of `up`.
const SETTINGS: &str = "Settings of the programs that are in the environment go to the program that \
has them, and win over what is set here: STORE__... to the store, WAREHOUSE__... to the warehouse, \
WORKER__..., API_TOKEN, API_USER, API_PASSWORD, INTERVAL_SCHEDULER_SECONDS and \
INTERVAL_RETRY_TOKEN_SECONDS to the worker. Those with which the stack could not work, such as \
STORE__DATABASE__URL, are refused.";

/// Starts Lockstep's private servers and programs.
#[derive(Debug, Parser)]
pub struct Cli {
    /// The checkout.
    #[arg(long, value_parser = absolute)]
    pub root: PathBuf,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// Makes a path absolute: the servers run in other folders, and have to find it all the same.
fn absolute(path: &str) -> io::Result<PathBuf> {
    path::absolute(path)
}

/// The commands of the launcher.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Starts both servers and the three programs, and stays until Ctrl-C.
    #[command(after_help = SETTINGS)]
    Up {
        /// Leave everything running in the background once it is ready.
        #[arg(long)]
        detach: bool,
        /// Let in only who has a token; `.lockstep/endpoints.env` then holds one for each role.
        #[arg(long)]
        secured: bool,
        /// Start a sample remote and a sample upstream as well, and connect the worker to them.
        #[arg(long)]
        with_sources: bool,
        /// Be what runs in the background.
        #[arg(long, hide = true, conflicts_with = "detach")]
        supervise: bool,
    },
    /// Stops what runs in this checkout.
    Down {
        /// Remove its data as well.
        #[arg(long)]
        wipe: bool,
    },
    /// Formatting, lints and all tests, or one command, with private servers.
    Test {
        /// Only this, with the servers' addresses in its environment.
        #[arg(last = true)]
        command: Vec<String>,
    },
}
