//! The program `sync-worker`.

use std::error::Error;
use std::process::ExitCode;

use clap::ArgMatches;
use serde::de::DeserializeOwned;
use service_kit::program::{run, stop_requested};
use service_kit::telemetry;
use sync_worker::application::Application;
use sync_worker::parked::cli;
use sync_worker::settings::{PROGRAM, SitesSettings, WorkerSettings};

fn main() -> ExitCode {
    run(worker())
}

async fn worker() -> ExitCode {
    let matches = PROGRAM.command().subcommand(cli::command()).get_matches();
    if let Some(ended) = PROGRAM.run_aside(&matches).await {
        return ended;
    }
    let ended = match matches.subcommand_matches(cli::NAME) {
        Some(asked) => parked(&matches, asked).await,
        None => carry(&matches).await,
    };
    ended.map_or_else(|reason| PROGRAM.fail(reason), |()| ExitCode::SUCCESS)
}

/// Runs a `parked` subcommand, which asks the sites.
async fn parked(matches: &ArgMatches, asked: &ArgMatches) -> Result<(), Box<dyn Error>> {
    let settings = settings::<SitesSettings>(matches)?;
    Ok(cli::run(&settings, asked).await?)
}

/// Carries changes until asked to stop.
async fn carry(matches: &ArgMatches) -> Result<(), Box<dyn Error>> {
    let settings = settings::<WorkerSettings>(matches)?;
    telemetry::start(&settings.log)?;
    let application = Application::build(&settings)?;
    Ok(application.run_until_stopped(stop_requested()).await?)
}

fn settings<S: DeserializeOwned>(matches: &ArgMatches) -> Result<S, String> {
    let hint = |error| format!("{error}; see {} --help", PROGRAM.name);
    PROGRAM.settings(matches).map_err(hint)
}
