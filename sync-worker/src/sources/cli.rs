//! `sync-worker pull`: a run on the command line. It asks the sides itself, so no worker has to run; if
//! one does, their runs follow each other.

use std::collections::BTreeMap;
use std::io::{self, Write as _};

use clap::{Arg, ArgAction, ArgMatches, Command};
use shared_models::runs::{Run, RunFailure};
use thiserror::Error;
use tokio_util::sync::CancellationToken;

use super::all::{Sources, SourcesError, run_detached};
use crate::settings::SourcesSettings;

/// The name of the subcommand that pulls.
pub const PULL: &str = "pull";

const NAME: &str = "name";
const JSON: &str = "json";

/// The error of a run on the command line.
#[derive(Debug, Error)]
pub enum CliError {
    /// The sources could not be built.
    #[error("{0}")]
    Sources(#[from] SourcesError),
    /// There is no such source.
    #[error("{0}")]
    Unknown(String),
    /// The run could not begin.
    #[error("{0}")]
    NotBegun(String),
    /// Runs failed.
    #[error("failed: {0}")]
    Failed(String),
    /// The output could not be written.
    #[error("{0}")]
    Output(#[from] io::Error),
}

impl From<RunFailure> for CliError {
    fn from(failure: RunFailure) -> Self {
        Self::NotBegun(failure.detail)
    }
}

/// Returns the subcommands and their help.
#[must_use]
pub fn commands() -> [Command; 1] {
    let name = Arg::new(NAME).value_name("NAME").help("The upstream; without it, all of them");
    let json = Arg::new(JSON).long("json").action(ArgAction::SetTrue);
    let json = json.help("Print each run as one line of JSON");
    let about = "Pull operators and sites from an upstream to the warehouse now";
    [Command::new(PULL).about(about).arg(name).arg(json)]
}

/// Pulls from one upstream or from all, and prints what came of it.
pub async fn pull(
    settings: &SourcesSettings,
    matches: &ArgMatches,
    stop: &CancellationToken,
) -> Result<(), CliError> {
    let sources = Sources::new(settings, stop)?;
    let tasks = match matches.get_one::<String>(NAME) {
        Some(name) => vec![sources.upstream(name).ok_or_else(|| unknown(name, &sources))?],
        None => sources.upstreams().iter().collect(),
    };
    if tasks.is_empty() {
        let advice = "no upstream is configured; set WORKER__UPSTREAM__URL";
        return Err(CliError::Unknown(advice.to_owned()));
    }
    let mut failed = vec![];
    for task in tasks {
        let run = run_detached(task, None).await?;
        print(&run, matches.get_flag(JSON))?;
        failed.extend(run.failure.is_some().then_some(run.job));
    }
    if failed.is_empty() { Ok(()) } else { Err(CliError::Failed(failed.join(", "))) }
}

fn unknown(name: &str, sources: &Sources) -> CliError {
    let known = sources.names();
    CliError::Unknown(format!("there is no upstream {name}; those that are configured: {known}"))
}

fn print(run: &Run, as_json: bool) -> io::Result<()> {
    let mut out = io::stdout();
    match as_json {
        true => writeln!(out, "{}", serde_json::to_string(run)?),
        false => write!(out, "{}", told(run)),
    }
}

/// Returns a run in words: its figures, why it failed, and what did not fit.
fn told(run: &Run) -> String {
    let mut text = format!("{}: {}\n", run.job, figures(&run.counts));
    if let Some(RunFailure { reason, detail }) = &run.failure {
        text.push_str(&format!("  {reason}: {detail}\n"));
    }
    for record in &run.refused {
        let line = format!("  {} {} was left out: {}", record.resource, record.id, record.detail);
        // A terminal would obey control characters.
        text.extend(line.chars().map(|letter| if letter.is_control() { ' ' } else { letter }));
        text.push('\n');
    }
    text
}

fn figures(counts: &BTreeMap<String, u64>) -> String {
    let figures = counts.iter().map(|(name, count)| format!("{count} {name}"));
    figures.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_told_by_their_names() {
        let counts = [("upserted", 6), ("changed", 2)];
        let counts = counts.map(|(name, count)| (name.to_owned(), count));
        assert_eq!(figures(&BTreeMap::from(counts)), "2 changed, 6 upserted");
    }
}
