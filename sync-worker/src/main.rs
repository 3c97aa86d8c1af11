//! The program `sync-worker`.

use std::error::Error;
use std::process::ExitCode;

use clap::ArgMatches;
use mimalloc::MiMalloc;
use program_kit::program::{run, stop_requested};
use program_kit::telemetry;
use sync_worker::application::Application;
use sync_worker::parked::cli;
use sync_worker::settings::{PROGRAM, SidesSettings, WorkerSettings};

/// The allocator: a batch allocates hundreds of small objects, and frees some of them on another
/// thread.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    run(worker())
}

async fn worker() -> ExitCode {
    let matches = PROGRAM.command().subcommand(cli::command()).get_matches();
    if let Some(ended) = PROGRAM.run_subcommand(&matches).await {
        return ended;
    }
    let ended = match matches.subcommand_matches(cli::NAME) {
        Some(asked) => parked(&matches, asked).await,
        None => carry(&matches).await,
    };
    ended.map_or_else(|reason| PROGRAM.fail(reason), |()| ExitCode::SUCCESS)
}

/// Runs a `parked` subcommand, which asks the sides.
async fn parked(matches: &ArgMatches, asked: &ArgMatches) -> Result<(), Box<dyn Error>> {
    let settings = PROGRAM.settings::<SidesSettings>(matches)?;
    Ok(cli::run(&settings, asked).await?)
}

/// Carries changes until asked to stop.
async fn carry(matches: &ArgMatches) -> Result<(), Box<dyn Error>> {
    let settings = PROGRAM.settings::<WorkerSettings>(matches)?;
    telemetry::start(&settings.log)?;
    let application = Application::build(&settings)?;
    Ok(application.run_until_stopped(stop_requested()).await?)
}
