//! The program `sync-worker`.

use std::process::ExitCode;

use service_kit::program::{run, stop_requested};
use service_kit::telemetry;
use sync_worker::application::Application;
use sync_worker::parked::cli;
use sync_worker::settings::{PROGRAM, WorkerSettings};

fn main() -> ExitCode {
    run(worker())
}

async fn worker() -> ExitCode {
    let matches = PROGRAM.command().subcommand(cli::command()).get_matches();
    let settings = match PROGRAM.settings::<WorkerSettings>(&matches) {
        Ok(settings) => settings,
        Err(error) => return PROGRAM.fail(format!("{error}; see {} --help", PROGRAM.name)),
    };
    if let Some(asked) = matches.subcommand_matches(cli::NAME) {
        let done = cli::run(&settings, asked).await;
        return done.map_or_else(|reason| PROGRAM.fail(reason), |()| ExitCode::SUCCESS);
    }
    if let Err(error) = telemetry::start(&settings.log) {
        return PROGRAM.fail(error);
    }
    let application = match Application::build(&settings) {
        Ok(application) => application,
        Err(error) => return PROGRAM.fail(error),
    };
    match application.run_until_stopped(stop_requested()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => PROGRAM.fail(error),
    }
}
