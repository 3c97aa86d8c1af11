//! The common start of every program: command line, settings, log.

mod health;
mod openapi;
mod token;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Arg, ArgMatches, Command, value_parser};
use serde::de::DeserializeOwned;
use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};

use crate::http::endpoints::Routes;
use crate::settings::Layout;

/// A program's description.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    /// The program's name.
    pub name: &'static str,
    /// The purpose of the program.
    pub about: &'static str,
    /// The layout of the settings.
    pub layout: Layout,
}

impl Program {
    /// Returns the common command line; a program may add subcommands.
    #[must_use]
    pub fn command(&self) -> Command {
        let prefix = self.layout.prefix;
        let help = format!(
            "SETTINGS\n\nEach can be set in the TOML file, or in the environment: port in [http] \
             is {prefix}__HTTP__PORT.\nThese are the defaults:\n\n{}",
            self.layout.defaults()
        );
        Command::new(self.name)
            .about(self.about)
            .version(env!("CARGO_PKG_VERSION"))
            .arg(
                Arg::new("config")
                    .long("config")
                    .env(format!("{prefix}_CONFIG"))
                    .value_name("FILE")
                    .global(true)
                    .value_parser(value_parser!(PathBuf))
                    .help("A TOML file with settings"),
            )
            .subcommand(health::command())
            .subcommand(openapi::command())
            .subcommand(token::command())
            .after_help(help)
    }

    /// Runs a common subcommand; returns `None` if there was none. `paths` are those of the program.
    pub async fn run_subcommand(
        &self,
        matches: &ArgMatches,
        paths: impl FnOnce() -> Routes,
    ) -> Option<ExitCode> {
        if matches.subcommand_matches(openapi::NAME).is_some() {
            let printed = openapi::run(&paths());
            return Some(printed.map_or_else(|error| self.fail(error), |()| ExitCode::SUCCESS));
        }
        if let Some(matches) = matches.subcommand_matches(token::NAME) {
            let made = token::run(self.layout.prefix, matches);
            return Some(made.map_or_else(|error| self.fail(error), |()| ExitCode::SUCCESS));
        }
        health::run(self, matches).await
    }

    /// Loads the settings for a command line; an error points to `--help`, which describes them.
    pub fn settings<S: DeserializeOwned>(&self, matches: &ArgMatches) -> Result<S, String> {
        let file = matches.get_one::<PathBuf>("config").map(PathBuf::as_path);
        self.layout.load(file).map_err(|error| format!("{error}; see {} --help", self.name))
    }

    /// Prints the reason why the program fails, in one line, and returns its exit code.
    pub fn fail(&self, reason: impl std::fmt::Display) -> ExitCode {
        eprintln!("{}: {reason}", self.name);
        ExitCode::FAILURE
    }
}

/// Runs a program to its end, on one thread besides those of HTTP: the other work is sequential,
/// and several threads would only wait for each other. (Migrations block, which a runtime without
/// threads does not allow.) A name lookup may block a thread for long; the end does not wait for
/// that.
pub fn run(program: impl Future<Output = ExitCode>) -> ExitCode {
    let runtime = match Builder::new_multi_thread().worker_threads(1).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("cannot start the runtime's threads: {error}");
            return ExitCode::FAILURE;
        }
    };
    let ended = runtime.block_on(program);
    runtime.shutdown_background();
    ended
}

/// Resolves when the program is asked to stop, by SIGTERM or Ctrl-C.
pub async fn stop_requested() -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        interrupted = tokio::signal::ctrl_c() => interrupted,
    }
}
