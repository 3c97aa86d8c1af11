//! What every program does before it begins: its command line, its settings, its log.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Arg, ArgMatches, Command, value_parser};
use serde::de::DeserializeOwned;
use tokio::signal::unix::{SignalKind, signal};

use crate::settings::{Layout, SettingsError};

/// What a program says of itself.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    /// Its name.
    pub name: &'static str,
    /// What it is for.
    pub about: &'static str,
    /// Its settings.
    pub layout: Layout,
}

impl Program {
    /// The command line that every program has; a program may add subcommands.
    #[must_use]
    pub fn command(&self) -> Command {
        let prefix = self.layout.prefix;
        let help = format!(
            "SETTINGS\n\nEach can stand in the TOML file, or in the environment: port in [http] \
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
                    .value_parser(value_parser!(PathBuf))
                    .help("A TOML file with settings"),
            )
            .after_help(help)
    }

    /// The settings for a command line.
    pub fn settings<S: DeserializeOwned>(&self, matches: &ArgMatches) -> Result<S, SettingsError> {
        self.layout.load(matches.get_one::<PathBuf>("config").map(PathBuf::as_path))
    }

    /// Says in one line why the program ends.
    pub fn fail(&self, reason: impl std::fmt::Display) -> ExitCode {
        eprintln!("{}: {reason}", self.name);
        ExitCode::FAILURE
    }
}

/// Resolves when somebody asks the program to stop, by SIGTERM or Ctrl-C.
pub async fn stop_requested() -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        interrupted = tokio::signal::ctrl_c() => interrupted,
    }
}
