//! The command line of a service: serve, or migrate.

use std::error::Error;
use std::process::ExitCode;

use clap::{ArgMatches, Command};
use program_kit::http::endpoints::Routes;
use program_kit::program::{Program, stop_requested};
use program_kit::telemetry::{self, LogSettings};
use serde::Deserialize;

use crate::application::{Application, Records, ServiceSettings};
use crate::database::{self, DatabaseSettings, Migrations};
use crate::service::Service;

/// The settings that migrating needs.
#[derive(Deserialize)]
struct MigrateSettings {
    database: DatabaseSettings,
    log: LogSettings,
}

/// Runs a service: parses its command line, loads its settings, then serves until asked to stop.
pub async fn run_service<R>(program: &Program, records: Records<R>) -> ExitCode
where
    R: Fn(&Service) -> Routes + Clone + Send + 'static,
{
    let migrate = Command::new("migrate").about("Migrate the tables, then exit").long_about(
        "Migrate the tables, then exit. Only their owner can: set database.url to the \
             owner's URL. Of the other settings only [log] is used.",
    );
    let matches = program.command().subcommand(migrate).get_matches();
    if let Some(ended) = program.run_subcommand(&matches).await {
        return ended;
    }
    let ended = match matches.subcommand_matches("migrate") {
        Some(_) => migrate_tables(program, &matches, &records.migrations).await,
        None => serve(program, &matches, records).await,
    };
    ended.map_or_else(|reason| program.fail(reason), |()| ExitCode::SUCCESS)
}

async fn migrate_tables(
    program: &Program,
    matches: &ArgMatches,
    migrations: &Migrations,
) -> Result<(), Box<dyn Error>> {
    let settings: MigrateSettings = program.settings(matches)?;
    telemetry::start(&settings.log)?;
    let ran = database::migrate(&settings.database, migrations, program.name).await?;
    tracing::info!(migrations = ?ran, "the tables are up to date");
    Ok(())
}

async fn serve<R>(
    program: &Program,
    matches: &ArgMatches,
    records: Records<R>,
) -> Result<(), Box<dyn Error>>
where
    R: Fn(&Service) -> Routes + Clone + Send + 'static,
{
    let settings: ServiceSettings = program.settings(matches)?;
    telemetry::start(&settings.log)?;
    let application = Application::build(program.name, settings, records)?;
    Ok(application.run_until_stopped(stop_requested()).await?)
}
