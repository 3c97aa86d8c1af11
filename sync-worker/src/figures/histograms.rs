//! The metrics of a direction that only Prometheus reads.

use std::time::Duration;

use chrono::{DateTime, Utc};
use metrics::{Counter, Histogram, Unit};
use metrics::{counter, describe_counter, describe_histogram, histogram};
use program_kit::http::metrics::Registry;
use shared_models::sync::Outcome;

use crate::side_client::answer::Answer;

const LAG: &str = "lockstep_lag_seconds";
const BATCH: &str = "lockstep_batch_messages";
const REQUEST: &str = "lockstep_request_duration_seconds";
const RETRIES: &str = "lockstep_request_retries_total";

/// The metrics of a direction that only Prometheus reads.
#[derive(Clone, Debug)]
pub struct Histograms {
    /// The requests that were sent again.
    pub retries: Counter,
    lag: Histogram,
    batch: Histogram,
    processed: Histogram,
    refused: Histogram,
    failed: Histogram,
    unavailable: Histogram,
}

impl Histograms {
    /// Creates the metrics of the direction of this name.
    pub(super) fn new(direction: &'static str, registry: &Registry) -> Self {
        registry.register(|| {
            describe();
            let request =
                |outcome| histogram!(REQUEST, "direction" => direction, "outcome" => outcome);
            Self {
                retries: counter!(RETRIES, "direction" => direction),
                lag: histogram!(LAG, "direction" => direction),
                batch: histogram!(BATCH, "direction" => direction),
                processed: request("processed"),
                refused: request("refused"),
                failed: request("failed"),
                unavailable: request("unavailable"),
            }
        })
    }

    /// Records the time that a request took.
    pub(super) fn record_request(&self, answer: &Answer, took: Duration) {
        let duration = match answer {
            Answer::Processed(_) => &self.processed,
            Answer::Refused(_) => &self.refused,
            Answer::Failed(_) => &self.failed,
            Answer::Unavailable(_) => &self.unavailable,
        };
        duration.record(took);
    }

    /// Records the number of messages of a batch.
    pub(super) fn record_batch(&self, messages: usize) {
        self.batch.record(u32::try_from(messages).unwrap_or(u32::MAX));
    }

    /// Records the lags of the changes of a request.
    pub(super) fn record_lags(&self, lags: &[Duration]) {
        lags.iter().for_each(|lag| self.lag.record(*lag));
    }
}

/// Returns the lag of each change that these outcomes say was committed. A change that the peer had
/// already was committed earlier. By the clock of the source a change may be in the future.
pub(super) fn lags(
    outcomes: &[Outcome],
    made: impl Iterator<Item = DateTime<Utc>>,
    now: DateTime<Utc>,
) -> impl Iterator<Item = Duration> {
    outcomes.iter().zip(made).filter_map(move |(outcome, made)| match outcome {
        Outcome::Applied | Outcome::Merged => Some((now - made).to_std().unwrap_or_default()),
        Outcome::Stale | Outcome::Rejected { .. } => None,
    })
}

fn describe() {
    describe_histogram!(
        LAG,
        Unit::Seconds,
        "The time from a change at its source until the peer has answered that it is committed"
    );
    describe_histogram!(BATCH, "The number of messages in a batch");
    describe_histogram!(
        REQUEST,
        Unit::Seconds,
        "The duration of the requests with changes to the peer, by outcome"
    );
    describe_counter!(RETRIES, "Requests to the peer that were sent again after a failure");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_peer_commits_now_has_a_lag_and_no_lag_is_negative() {
        let at = |second: i64| DateTime::from_timestamp(1_000 + second, 0).unwrap();
        let rejected = Outcome::Rejected { reason: "odd".into() };
        let outcomes =
            [Outcome::Applied, Outcome::Stale, rejected, Outcome::Merged, Outcome::Applied];
        let made = [at(7), at(1), at(2), at(4), at(11)];
        let lags = lags(&outcomes, made.into_iter(), at(10)).collect::<Vec<_>>();
        assert_eq!(lags, [3, 6, 0].map(Duration::from_secs));
    }
}
