//! The command line. The scripts in `deploy/` call it after building what it starts.

use std::io;
use std::path::{self, PathBuf};

use clap::{Parser, Subcommand};

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
    Up {
        /// Leave everything running in the background once it is ready.
        #[arg(long)]
        detach: bool,
        /// Let in only who has a token; `.lockstep/endpoints.env` then holds one for each role.
        #[arg(long)]
        secured: bool,
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
