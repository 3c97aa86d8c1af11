//! What is going on, for whoever waits: one line kept up to date on a terminal, plain lines
//! elsewhere.

use std::cell::RefCell;
use std::fmt;
use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// Where it is shown: stderr, so that the table alone is on stdout.
#[derive(Debug)]
pub struct Progress {
    bar: Option<ProgressBar>,
    part: RefCell<String>,
}

impl Default for Progress {
    fn default() -> Self {
        let bar = std::io::stderr().is_terminal().then(ProgressBar::new_spinner);
        let style = ProgressStyle::with_template("{spinner} [{elapsed_precise}] {msg}");
        if let (Some(bar), Ok(style)) = (&bar, style) {
            bar.set_style(style);
            bar.enable_steady_tick(Duration::from_millis(200));
        }
        Self { bar, part: RefCell::default() }
    }
}

impl Progress {
    /// Shows what has begun; what is done in it is shown after it.
    pub fn begin(&self, part: impl fmt::Display) {
        *self.part.borrow_mut() = part.to_string();
        self.doing("");
    }

    /// Shows what is being done now.
    pub fn doing(&self, what: &str) {
        if let Some(bar) = &self.bar {
            let part = self.part.borrow();
            let between = if what.is_empty() || part.is_empty() { "" } else { ": " };
            bar.set_message(format!("{part}{between}{what}"));
        }
    }

    /// Says something that stays.
    pub fn say(&self, text: impl fmt::Display) {
        match &self.bar {
            Some(bar) => bar.suspend(|| eprintln!("{text}")),
            None => eprintln!("{text}"),
        }
    }

    /// Nothing more is being done.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
