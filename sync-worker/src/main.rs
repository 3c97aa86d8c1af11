//! The program `sync-worker`.

use std::error::Error;
use std::process::ExitCode;

use clap::ArgMatches;
use mimalloc::MiMalloc;
use program_kit::program::{run, stop_requested};
use program_kit::telemetry::{self, trace};
use sync_worker::application::Application;
use sync_worker::audit::cli as audit;
use sync_worker::http;
use sync_worker::parked::cli;
use sync_worker::settings::{
    AuditSettings, PROGRAM, SidesSettings, SourcesSettings, WorkerSettings,
};
use sync_worker::sources::cli as sources;
use tokio_util::sync::CancellationToken;

/// The allocator: a batch allocates hundreds of small objects, and frees some of them on another
/// thread.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    run(worker())
}

async fn worker() -> ExitCode {
    let command = PROGRAM.command().subcommands([cli::command(), audit::command()]);
    let matches = command.subcommands(sources::commands()).get_matches();
    if let Some(ended) = PROGRAM.run_subcommand(&matches, http::paths).await {
        return ended;
    }
    let ended = match matches.subcommand() {
        Some((cli::NAME, asked)) => parked(&matches, asked).await,
        Some((name, asked)) if sources::NAMES.contains(&name) => {
            run_source(&matches, (name, asked)).await
        }
        Some((audit::NAME, asked)) => run_audit(&matches, asked).await,
        _ => carry(&matches).await,
    };
    ended.map_or_else(|reason| PROGRAM.fail(reason), |()| ExitCode::SUCCESS)
}

/// Runs a `parked` subcommand, which asks the sides.
async fn parked(matches: &ArgMatches, asked: &ArgMatches) -> Result<(), Box<dyn Error>> {
    let settings = PROGRAM.settings::<SidesSettings>(matches)?;
    Ok(cli::run(&settings, asked).await?)
}

/// Runs `pull`, `load` or `flush`, until asked to stop.
async fn run_source(
    matches: &ArgMatches,
    asked: (&str, &ArgMatches),
) -> Result<(), Box<dyn Error>> {
    let settings = PROGRAM.settings::<SourcesSettings>(matches)?;
    Ok(sources::run(&settings, asked, &until_asked()).await?)
}

/// Runs `audit`, until asked to stop.
async fn run_audit(matches: &ArgMatches, asked: &ArgMatches) -> Result<(), Box<dyn Error>> {
    let settings = PROGRAM.settings::<AuditSettings>(matches)?;
    Ok(audit::run(&settings, asked, &until_asked()).await?)
}

/// Returns a token that is cancelled when the program is asked to stop.
fn until_asked() -> CancellationToken {
    let stop = CancellationToken::new();
    let stopping = stop.clone();
    tokio::spawn(async move {
        if stop_requested().await.is_ok() {
            stopping.cancel();
        }
    });
    stop
}

/// Carries changes until asked to stop.
async fn carry(matches: &ArgMatches) -> Result<(), Box<dyn Error>> {
    let settings = PROGRAM.settings::<WorkerSettings>(matches)?;
    telemetry::start(&settings.log)?;
    trace::start(PROGRAM.name)?;
    let application = Application::build(&settings)?;
    let ended = application.run_until_stopped(stop_requested()).await;
    trace::stop().await;
    Ok(ended?)
}
