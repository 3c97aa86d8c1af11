//! Reads the command line and does what it says; see `deploy/up`, `deploy/down` and `deploy/test`.

use std::process::ExitCode;

use clap::Parser;
use launcher::check;
use launcher::cli::{Cli, Command};

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let outcome = match cli.command {
        Command::Test { command } => check::run(&cli.root, &command).await,
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("lockstep: {error:#}");
        ExitCode::FAILURE
    })
}
