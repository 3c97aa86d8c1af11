//! The display of progress: spinners on a terminal, plain lines elsewhere.

use std::time::{Duration, Instant};

use anyhow::Result;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// The display of steps. Everything goes to stderr; where that is no terminal, spinners hide
/// themselves.
#[derive(Debug, Default)]
pub struct Progress(MultiProgress);

impl Progress {
    /// Prints one line.
    pub fn say(&self, line: &str) {
        self.0.suspend(|| eprintln!("{line}"));
    }

    /// Shows `what` until `work` is finished, and how long it took.
    pub async fn during<T>(&self, what: &str, work: impl Future<Output = Result<T>>) -> Result<T> {
        let spinner = spin(&self.0, what);
        let started = Instant::now();
        let outcome = work.await;
        spinner.finish_and_clear();
        let mark = if outcome.is_ok() { "ok" } else { "failed" };
        self.say(&format!("{mark:>8}  {what} ({:.1} s)", started.elapsed().as_secs_f64()));
        outcome
    }
}

fn spin(terminal: &MultiProgress, what: &str) -> ProgressBar {
    let spinner = terminal.add(ProgressBar::new_spinner());
    if let Ok(style) = ProgressStyle::with_template("{spinner:>8}  {msg} ({elapsed})") {
        spinner.set_style(style);
    }
    spinner.set_message(what.to_owned());
    spinner.enable_steady_tick(Duration::from_millis(100));
    spinner
}
