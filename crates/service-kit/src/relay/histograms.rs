//! The relay's histograms.

use metrics::{Histogram, Unit, describe_histogram, histogram};
use program_kit::http::metrics::Registry;

const CONFIRM: &str = "lockstep_relay_confirm_duration_seconds";
const BATCH: &str = "lockstep_relay_batch_changes";

/// The relay's histograms.
#[derive(Clone, Debug)]
pub(super) struct Histograms {
    /// The time until the outcome of a batch is certain.
    pub(super) confirm_duration: Histogram,
    /// The number of changes in a batch.
    pub(super) batch_size: Histogram,
}

impl Histograms {
    pub(super) fn new(registry: &Registry) -> Self {
        registry.register(|| {
            describe_histogram!(
                CONFIRM,
                Unit::Seconds,
                "The time from handing a batch to RabbitMQ until all of it is answered"
            );
            describe_histogram!(BATCH, "The number of changes in a batch that is published");
            Self { confirm_duration: histogram!(CONFIRM), batch_size: histogram!(BATCH) }
        })
    }

    /// Records the size of a batch that is published.
    pub(super) fn record_batch(&self, changes: usize) {
        self.batch_size.record(u32::try_from(changes).unwrap_or(u32::MAX));
    }
}
