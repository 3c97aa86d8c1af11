//! The command line of a service: serve, or migrate.

use std::error::Error;
use std::process::ExitCode;

use clap::{ArgMatches, Command};
use program_kit::http::resource::Routes;
use program_kit::program::{Program, stop_requested};
use program_kit::telemetry::{self, LogSettings};
use serde::Deserialize;

use crate::application::{Application, ServiceSettings};
use crate::database::{self, DatabaseSettings};
use crate::orders::Domain;

/// The settings that migrating needs.
#[derive(Deserialize)]
struct MigrateSettings {
    database: DatabaseSettings,
    log: LogSettings,
}

/// Runs a service: parses its command line, loads its settings, then serves until asked to stop.
pub async fn run_service<D: Domain>(
    program: &Program,
    routes: impl Fn() -> Routes + Clone + Send + 'static,
) -> ExitCode {
    let migrate = Command::new("migrate").about("Bring the tables up to date, and end").long_about(
        "Bring the tables up to date, and end. Only their owner can: database.url is the \
             owner's then. Of the other settings only [log] counts.",
    );
    let matches = program.command().subcommand(migrate).get_matches();
    if let Some(ended) = program.run_aside(&matches).await {
        return ended;
    }
    let ended = match matches.subcommand_matches("migrate") {
        Some(_) => migrate_tables(program, &matches).await,
        None => serve::<D>(program, &matches, routes).await,
    };
    ended.map_or_else(|reason| program.fail(reason), |()| ExitCode::SUCCESS)
}

async fn migrate_tables(program: &Program, matches: &ArgMatches) -> Result<(), Box<dyn Error>> {
    let settings: MigrateSettings = program.settings(matches)?;
    telemetry::start(&settings.log)?;
    let ran = database::migrate(&settings.database, program.name).await?;
    tracing::info!(migrations = ?ran, "the database is up to date");
    Ok(())
}

async fn serve<D: Domain>(
    program: &Program,
    matches: &ArgMatches,
    routes: impl Fn() -> Routes + Clone + Send + 'static,
) -> Result<(), Box<dyn Error>> {
    let settings: ServiceSettings = program.settings(matches)?;
    telemetry::start(&settings.log)?;
    let application = Application::build::<D>(program.name, settings, routes)?;
    Ok(application.run_until_stopped(stop_requested()).await?)
}
