//! `sync-worker audit`: an audit on the command line. It asks the sides itself; where a worker makes one at
//! the time, it waits for that.

use std::io::{self, Write as _};
use std::sync::Arc;

use clap::{Arg, ArgAction, ArgMatches, Command};
use indicatif::{ProgressBar, ProgressStyle};
use program_kit::http::metrics::Registry;
use shared_models::runs::{Run, RunFailure};
use thiserror::Error;
use tokio_util::sync::CancellationToken;

use super::report::{Difference, Ending, Report};
use super::shown::{DetailedAudit, ShownReport, of_run};
use super::work::OnProgress;
use super::{Audits, TASK};
use crate::settings::{AuditSettings, PROGRAM};
use crate::side_client::BuildError;

/// The name of the subcommand.
pub const NAME: &str = TASK;

const JSON: &str = "json";

/// The error of an audit on the command line.
#[derive(Debug, Error)]
pub enum CliError {
    /// A client of a side could not be built.
    #[error("{0}")]
    Client(#[from] BuildError),
    /// Nothing is compared at all.
    #[error("comparing is switched off, and an audit needs it; set WORKER__COMPARE__ENABLED=true")]
    Disabled,
    /// The audit could not begin, or failed.
    #[error("{0}")]
    Failed(String),
    /// The sides do not agree.
    #[error("the sides still differ in {0} orders")]
    Left(u64),
    /// The output could not be written.
    #[error("{0}")]
    Output(#[from] io::Error),
}

/// Returns the subcommand and its help.
#[must_use]
pub fn command() -> Command {
    let json = Arg::new(JSON).long("json").action(ArgAction::SetTrue);
    let json = json.help("Print the audit as one line of JSON");
    let about = "Compare all orders of both sides now, and heal what differs";
    Command::new(NAME).about(about).arg(json)
}

/// Makes an audit, and prints its receipt.
pub async fn run(
    settings: &AuditSettings,
    matches: &ArgMatches,
    stop: &CancellationToken,
) -> Result<(), CliError> {
    let bar = ProgressBar::no_length().with_style(style(false));
    let audits =
        Audits::with(settings, stop, &Registry::new(PROGRAM.name), on_progress(bar.clone()))?;
    if !audits.is_enabled() {
        return Err(CliError::Disabled);
    }
    let ran = audits.run().await;
    bar.finish_and_clear();
    let run = ran.map_err(|failure| CliError::Failed(failure.detail))?;
    print(&run, matches.get_flag(JSON))
}

/// Draws the progress on a terminal. Elsewhere nothing is drawn.
fn on_progress(bar: ProgressBar) -> OnProgress {
    Arc::new(move |report: &Report| {
        if let Some(expected) = report.expected {
            bar.set_length(expected.max(report.findings.compared));
            bar.set_style(style(true));
        }
        bar.set_message(format!("audit {}, {} differences", report.number, report.findings.found));
        bar.set_position(report.findings.compared);
    })
}

fn style(has_length: bool) -> ProgressStyle {
    let template = match has_length {
        true => "{msg} {wide_bar} {human_pos}/{human_len} {per_sec}",
        false => "{msg} {spinner} {human_pos} {per_sec}",
    };
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

fn print(run: &Run, as_json: bool) -> Result<(), CliError> {
    let audit = of_run(run);
    let mut out = io::stdout();
    match &audit {
        Some(audit) if as_json => {
            writeln!(out, "{}", serde_json::to_string(audit).map_err(io::Error::from)?)?;
        }
        Some(audit) => write!(out, "{}", told(audit))?,
        None => {}
    }
    if let Some(RunFailure { reason, detail }) = &run.failure {
        return Err(CliError::Failed(format!("{reason}: {detail}")));
    }
    match audit.and_then(|audit| audit.audit.receipt) {
        Some(ShownReport { left: 0, .. }) => Ok(()),
        Some(ShownReport { left, .. }) => Err(CliError::Left(left)),
        None => Err(CliError::Failed("the audit has no receipt".to_owned())),
    }
}

/// Returns an audit in words: its figures, the digests, and the differences.
fn told(audit: &DetailedAudit) -> String {
    let shown = &audit.audit;
    let Some(report) = shown.receipt.as_ref().or(shown.progress.as_ref()) else {
        return String::new();
    };
    let ShownReport { compared, differences, healed, left, dropped, digests, .. } = report;
    let number = shown.number.unwrap_or_default();
    let mut text = format!(
        "audit {number}: {compared} orders compared, {differences} differed, {healed} healed, {left} left"
    );
    if *dropped > 0 {
        text.push_str(&format!(", {dropped} with a dropped change"));
    }
    text.push('\n');
    for (side, digest) in [("store", digests.store), ("warehouse", digests.warehouse)] {
        text.push_str(&format!("  {side:<9}  {}\n", String::from(digest)));
    }
    for Difference { order, kind, outcome } in &audit.differences {
        let outcome = match outcome {
            Ending::Healed => "healed",
            Ending::Left => "left",
        };
        text.push_str(&format!("  {order}  {}: {outcome}\n", kind.as_str()));
    }
    text
}
