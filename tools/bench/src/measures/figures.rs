//! Measures out of the figures of several turns. Pure.

use std::time::Duration;

use crate::measure::{Beside, Measure, Spread, Wanted};

/// A figure that is only told.
pub(super) fn told(name: impl Into<String>, unit: &'static str, runs: &[f64]) -> Measure {
    Measure {
        name: name.into(),
        value: Spread::of(runs.to_vec()),
        unit,
        beside: None,
        wanted: Wanted::Reported,
    }
}

/// A figure of which something is wanted.
pub(super) fn wanted(measure: Measure, wanted: Wanted) -> Measure {
    Measure { wanted, ..measure }
}

/// A figure that is held against another.
pub(super) fn beside(measure: Measure, what: &str, runs: &[f64], wanted: Wanted) -> Measure {
    let value = Spread::of(runs.to_vec());
    Measure { beside: Some(Beside { what: what.to_owned(), value }), wanted, ..measure }
}

/// So many in so long.
pub(super) fn per_second(count: u64, took: Duration) -> f64 {
    number(count) / took.as_secs_f64()
}

/// As a figure.
pub(super) fn number(count: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let number = count as f64;
    number
}
