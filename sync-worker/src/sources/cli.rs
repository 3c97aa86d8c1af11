//! `sync-worker pull`, `load` and `flush`: a run on the command line. It asks the sides itself, so no worker has to run; if
//! one does, their runs follow each other.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::sync::{Arc, OnceLock};

use clap::{Arg, ArgAction, ArgMatches, Command};
use indicatif::{ProgressBar, ProgressStyle};
use program_kit::http::metrics::Registry;
use shared_models::runs::{Run, RunFailure};
use thiserror::Error;
use tokio_util::sync::CancellationToken;

use super::all::{LoadOptions, MirrorTasks, Sources, SourcesError};
use super::mirror::flush::FLUSH;
use super::mirror::load::{LOAD, OnProgress, Progress};
use super::pull::TASK as PULL;
use crate::settings::{PROGRAM, SourcesSettings};

/// The names of the subcommands, which are those of the tasks.
pub const NAMES: [&str; 3] = [PULL, LOAD, FLUSH];

const NAME: &str = "name";
const JSON: &str = "json";
const REMOVE_ANY: &str = "remove-any";
const SAME_REMOTE: &str = "same-remote";

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
pub fn commands() -> [Command; 3] {
    let name = Arg::new(NAME).value_name("NAME").help("The upstream; without it, all of them");
    let json = Arg::new(JSON).long("json").action(ArgAction::SetTrue);
    let json = json.help("Print each run as one line of JSON");
    let remove_any = Arg::new(REMOVE_ANY).long("remove-any").action(ArgAction::SetTrue);
    let remove_any = remove_any.help("Remove what the remote has no more, however much that is");
    let same_remote = Arg::new(SAME_REMOTE).long("same-remote").action(ArgAction::SetTrue);
    let same_remote =
        same_remote.help("The remote is the same service as before, at a new address");
    let pull = "Pull operators and sites from an upstream to the warehouse now";
    let load = "Load the posts and comments of the remote that is mirrored now";
    let flush = "Send posts and comments that changed here to the remote now";
    [
        Command::new(PULL).about(pull).arg(name).arg(json.clone()),
        Command::new(LOAD).about(load).args([remove_any, same_remote, json.clone()]),
        Command::new(FLUSH).about(flush).arg(json),
    ]
}

/// Runs a subcommand, and prints what came of it.
pub async fn run(
    settings: &SourcesSettings,
    (command, matches): (&str, &ArgMatches),
    stop: &CancellationToken,
) -> Result<(), CliError> {
    let registry = Registry::new(PROGRAM.name);
    let runs = match command {
        LOAD => {
            let bar = Bar::default();
            let removes_any = matches.get_flag(REMOVE_ANY);
            let is_same_remote = matches.get_flag(SAME_REMOTE);
            let options =
                LoadOptions { on_progress: bar.on_progress(), removes_any, is_same_remote };
            let sources = Sources::with(settings, stop, &registry, options)?;
            let run = sources.run(&mirror(&sources)?.load, None).await;
            bar.clear();
            vec![run?]
        }
        FLUSH => {
            let sources = Sources::new(settings, stop, &registry)?;
            vec![sources.run(&mirror(&sources)?.flush, None).await?]
        }
        _ => {
            let name = matches.get_one::<String>(NAME).map(String::as_str);
            pull(&Sources::new(settings, stop, &registry)?, name).await?
        }
    };
    for run in &runs {
        print(run, matches.get_flag(JSON))?;
    }
    let failed = runs.into_iter().filter(|run| run.failure.is_some()).map(|run| run.job);
    let failed = failed.collect::<Vec<_>>().join(", ");
    if failed.is_empty() { Ok(()) } else { Err(CliError::Failed(failed)) }
}

/// Pulls from one upstream, or from all.
async fn pull(sources: &Sources, name: Option<&str>) -> Result<Vec<Run>, CliError> {
    let tasks = match name {
        Some(name) => vec![sources.upstream(name).ok_or_else(|| unknown(name, sources))?],
        None => sources.upstreams().iter().collect(),
    };
    if tasks.is_empty() {
        let advice = "no upstream is configured; set WORKER__UPSTREAM__URL";
        return Err(CliError::Unknown(advice.to_owned()));
    }
    let mut runs = vec![];
    for task in tasks {
        runs.push(sources.run(task, None).await?);
    }
    Ok(runs)
}

fn mirror(sources: &Sources) -> Result<&MirrorTasks, CliError> {
    sources.mirror().ok_or_else(|| {
        let advice = "no remote is configured; set WORKER__MIRROR__URL";
        CliError::Unknown(advice.to_owned())
    })
}

/// The progress of a load on a terminal. Elsewhere nothing is drawn.
#[derive(Clone, Default)]
struct Bar(Arc<OnceLock<ProgressBar>>);

impl Bar {
    fn on_progress(&self) -> OnProgress {
        let bar = Arc::clone(&self.0);
        Arc::new(move |Progress { kind, read, total }| {
            let bar = bar.get_or_init(ProgressBar::no_length);
            match total {
                Some(total) => bar.set_length(total),
                None => bar.unset_length(),
            }
            bar.set_message(kind.plural());
            bar.set_style(style(total.is_some()));
            bar.set_position(read);
        })
    }

    fn clear(&self) {
        if let Some(bar) = self.0.get() {
            bar.finish_and_clear();
        }
    }
}

fn style(has_length: bool) -> ProgressStyle {
    let template = match has_length {
        true => "{msg} {wide_bar} {human_pos}/{human_len} {per_sec}",
        false => "{msg} {spinner} {human_pos} {per_sec}",
    };
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
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
    let mut text = format!("{} {}: {}\n", run.job, run.task, figures(&run.counts));
    if let Some(RunFailure { reason, detail }) = &run.failure {
        text.push_str(&format!("  {reason}: {detail}\n"));
    }
    for record in &run.refused {
        let line = format!("  {} {}: {}", record.resource, record.id, record.detail);
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
