//! The command line of a service: serve, or migrate.

use std::error::Error;
use std::process::ExitCode;

use clap::{ArgMatches, Command};
use program_kit::program::{Program, stop_requested};
use program_kit::telemetry::{self, LogSettings, trace};
use serde::Deserialize;

use crate::application::{Application, ServiceSettings};
use crate::database::{self, DatabaseSettings, Migrations};
use crate::records::Records;

/// The settings that migrating needs.
#[derive(Deserialize)]
struct MigrateSettings {
    database: DatabaseSettings,
    log: LogSettings,
}

/// Runs a service: parses its command line, loads its settings, then serves until asked to stop.
pub async fn run_service(program: &Program, records: Records) -> ExitCode {
    let migrate = Command::new("migrate").about("Migrate the tables, then exit").long_about(
        "Migrate the tables, then exit. Only their owner can: set database.url to the \
             owner's URL. Of the other settings only [log] is used.",
    );
    let matches = program.command().subcommand(migrate).get_matches();
    if let Some(ended) = program.run_subcommand(&matches, || records.paths()).await {
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

async fn serve(
    program: &Program,
    matches: &ArgMatches,
    records: Records,
) -> Result<(), Box<dyn Error>> {
    let settings: ServiceSettings = program.settings(matches)?;
    telemetry::start(&settings.log)?;
    trace::start(program.name)?;
    let application = Application::build(program.name, settings, records)?;
    let ended = application.run_until_stopped(stop_requested()).await;
    trace::stop().await;
    Ok(ended?)
}
