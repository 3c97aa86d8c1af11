//! The display of progress: one line kept up to date on a terminal, plain lines
//! elsewhere.

use std::fmt;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// The display: on stderr, so that the table alone is on stdout. Where that is no terminal, the bar
/// hides itself.
#[derive(Debug)]
pub struct Progress(ProgressBar);

impl Default for Progress {
    fn default() -> Self {
        let bar = ProgressBar::new_spinner();
        let style = ProgressStyle::with_template("{spinner} [{elapsed_precise}] {prefix}{msg}");
        if let Ok(style) = style {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        Self(bar)
    }
}

impl Progress {
    /// Shows what has begun; what is done in it is shown after it.
    pub fn begin(&self, part: impl fmt::Display) {
        self.0.set_prefix(part.to_string());
        self.0.set_message("");
    }

    /// Shows what is being done now.
    pub fn doing(&self, what: &str) {
        self.0.set_message(format!(": {what}"));
    }

    /// Says something that stays.
    pub fn say(&self, text: impl fmt::Display) {
        self.0.suspend(|| eprintln!("{text}"));
    }

    /// Nothing more is being done.
    pub fn finish(&self) {
        self.0.finish_and_clear();
    }
}
