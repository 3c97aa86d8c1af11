//! The launcher's entry point: reads the command line and executes it; see `deploy/up`,
//! `deploy/down` and `deploy/test`.

use std::process::ExitCode;

use clap::Parser;
use launcher::check;
use launcher::cli::{Cli, Command};
use launcher::stack::down;
use launcher::stack::up::{self, Access, Mode, Wanted};

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let outcome = match cli.command {
        Command::Up { detach, secured, with_sources, supervise } => {
            let mode = match (detach, supervise) {
                (false, false) => Mode::Foreground,
                (true, _) => Mode::Detached,
                (false, true) => Mode::Supervisor,
            };
            let access = if secured { Access::Secured } else { Access::Open };
            up::run(&cli.root, mode, Wanted { access, sources: with_sources }).await
        }
        Command::Down { wipe } => down::run(&cli.root, wipe).await,
        Command::Test { command } => check::run(&cli.root, &command).await,
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("lockstep: {error:#}");
        ExitCode::FAILURE
    })
}
