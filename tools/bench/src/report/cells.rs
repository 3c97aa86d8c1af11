//! A measure in words, as the table and the page show it.

use std::fmt;

use super::figures::{NONE, exact, figure, ratio};
use crate::measure::{Baseline, Measure, Spread, Target};

/// The text of each column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Cells {
    pub(super) name: String,
    pub(super) value: String,
    /// The lowest and the highest run; empty where there was but one.
    pub(super) spread: String,
    pub(super) baseline: String,
    /// The name of the baseline.
    pub(super) what: String,
    pub(super) ratio: String,
    /// The lowest and the highest pair of runs.
    pub(super) ratios: String,
    pub(super) target: String,
    pub(super) met: &'static str,
}

impl From<&Measure> for Cells {
    fn from(measure: &Measure) -> Self {
        let Measure { name, value, unit, baseline, target } = measure;
        let compared =
            baseline.as_ref().map(|Baseline { what, value }| (figure(value.median), what));
        let (baseline, what) = compared
            .map_or((NONE.to_owned(), String::new()), |(median, what)| {
                (format!("{median} {unit}"), what.clone())
            });
        Self {
            name: name.clone(),
            value: format!("{} {unit}", figure(value.median)),
            spread: spread(value, figure),
            baseline,
            what,
            ratio: measure.ratio().map_or(NONE.to_owned(), ratio),
            ratios: measure.ratios().map_or(String::new(), |ratios| spread(&ratios, ratio)),
            target: target_in_words(*target, unit),
            met: match measure.is_met() {
                Some(true) => "✓",
                Some(false) => "✗",
                None => NONE,
            },
        }
    }
}

impl fmt::Display for Cells {
    /// Writes the measure in one line, as soon as it is measured.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, value, spread, baseline, what, ratio, target, met, .. } = self;
        write!(f, "{met} {name}: {value}")?;
        if !spread.is_empty() {
            write!(f, " ({spread})")?;
        }
        if !what.is_empty() {
            write!(f, ", {ratio} of {baseline} ({what})")?;
        }
        if target != NONE {
            write!(f, "; target {target}")?;
        }
        Ok(())
    }
}

fn spread(Spread { lowest, highest, runs, .. }: &Spread, told: fn(f64) -> String) -> String {
    match runs.len() {
        0 | 1 => String::new(),
        _ => format!("{} … {}", told(*lowest), told(*highest)),
    }
}

fn target_in_words(target: Target, unit: &str) -> String {
    match target {
        Target::RatioAtLeast(ratio) => format!("≥ {} ×", exact(ratio)),
        Target::RatioAtMost(ratio) => format!("≤ {} ×", exact(ratio)),
        Target::ValueAtLeast(value) => format!("≥ {} {unit}", exact(value)),
        Target::ValueAtMost(value) => format!("≤ {} {unit}", exact(value)),
        Target::Reported => NONE.to_owned(),
    }
}
