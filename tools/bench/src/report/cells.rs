//! A measure in words, as the table and the page show it.

use std::fmt;

use super::figures::{NONE, exact, figure, ratio};
use crate::measure::{Beside, Measure, Spread, Wanted};

/// What stands in each column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Cells {
    pub(super) name: String,
    pub(super) value: String,
    /// From the lowest run to the highest; empty where there was but one.
    pub(super) spread: String,
    pub(super) beside: String,
    /// What that is.
    pub(super) what: String,
    pub(super) ratio: String,
    /// From the lowest pair of runs to the highest.
    pub(super) ratios: String,
    pub(super) target: String,
    pub(super) reached: &'static str,
}

impl From<&Measure> for Cells {
    fn from(measure: &Measure) -> Self {
        let Measure { name, value, unit, beside, wanted } = measure;
        let limit = beside.as_ref().map(|Beside { what, value }| (figure(value.median), what));
        let (beside, what) = limit.map_or((NONE.to_owned(), String::new()), |(median, what)| {
            (format!("{median} {unit}"), what.clone())
        });
        Self {
            name: name.clone(),
            value: format!("{} {unit}", figure(value.median)),
            spread: spread(value, figure),
            beside,
            what,
            ratio: measure.ratio().map_or(NONE.to_owned(), ratio),
            ratios: measure.ratios().map_or(String::new(), |ratios| spread(&ratios, ratio)),
            target: target(*wanted, unit),
            reached: match measure.reached() {
                Some(true) => "✓",
                Some(false) => "✗",
                None => NONE,
            },
        }
    }
}

impl fmt::Display for Cells {
    /// In one line, as soon as it is measured.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, value, spread, beside, what, ratio, target, reached, .. } = self;
        write!(f, "{reached} {name}: {value}")?;
        if !spread.is_empty() {
            write!(f, " ({spread})")?;
        }
        if !what.is_empty() {
            write!(f, ", {ratio} of {beside} ({what})")?;
        }
        if target != NONE {
            write!(f, "; wanted {target}")?;
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

fn target(wanted: Wanted, unit: &str) -> String {
    match wanted {
        Wanted::RatioAtLeast(ratio) => format!("≥ {} ×", exact(ratio)),
        Wanted::RatioAtMost(ratio) => format!("≤ {} ×", exact(ratio)),
        Wanted::ValueAtLeast(value) => format!("≥ {} {unit}", exact(value)),
        Wanted::ValueAtMost(value) => format!("≤ {} {unit}", exact(value)),
        Wanted::Reported => NONE.to_owned(),
    }
}
