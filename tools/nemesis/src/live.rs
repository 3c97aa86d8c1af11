//! The progress of a run: a line that is kept up to date on a terminal, a plain
//! line every few seconds elsewhere.

use std::fmt;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// The interval at which a plain line is written.
const EVERY: Duration = Duration::from_secs(5);

/// A line, and where it is shown.
#[derive(Debug)]
pub struct Line {
    /// Hidden where stderr is no terminal.
    bar: ProgressBar,
    shown: Option<Instant>,
}

/// The figures of a run so far.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// The time since its beginning.
    pub elapsed: Duration,
    /// The current activity.
    pub doing: &'static str,
    /// Faults so far.
    pub faults: usize,
    /// Writes so far.
    pub writes: usize,
    /// Changes that RabbitMQ has not confirmed or that wait in its queues; none where nobody can
    /// say.
    pub waiting: Option<u64>,
    /// Violations so far.
    pub violations: usize,
}

impl Default for Line {
    fn default() -> Self {
        let bar = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
            bar.set_style(style);
        }
        Self { bar, shown: None }
    }
}

impl Line {
    /// Shows how far the run is.
    pub fn show(&mut self, figures: &Figures) {
        if !self.bar.is_hidden() {
            self.bar.set_message(figures.to_string());
            self.bar.tick();
        } else if self.shown.is_none_or(|shown| shown.elapsed() >= EVERY) {
            self.shown = Some(Instant::now());
            eprintln!("{figures}");
        }
    }

    /// Says something that stays.
    pub fn say(&self, text: impl fmt::Display) {
        self.bar.suspend(|| eprintln!("{text}"));
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { elapsed, doing, faults, writes, waiting, violations } = self;
        let waiting = waiting.map_or_else(|| "?".to_owned(), |waiting| waiting.to_string());
        let elapsed = elapsed.as_secs();
        write!(
            f,
            "{:3}:{:02}  {doing:<9}  {faults} faults, {writes} writes, {waiting} waiting, \
             {violations} violations",
            elapsed / 60,
            elapsed % 60
        )
    }
}
