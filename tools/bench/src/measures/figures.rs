//! Counts as figures. Pure.

use std::time::Duration;

/// The rate of a count in a time.
pub(super) fn per_second(count: u64, took: Duration) -> f64 {
    number(count) / took.as_secs_f64()
}

/// A count as a figure.
pub(super) fn number(count: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let number = count as f64;
    number
}
