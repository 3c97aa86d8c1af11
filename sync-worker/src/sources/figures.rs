//! The metrics of the sources: their runs, and the requests to the services outside.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use metrics::{Counter, Histogram, Unit};
use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use program_kit::http::metrics::Registry;

use super::run::{MILLISECONDS, Outcome};

const RUNS: &str = "lockstep_source_runs_total";
const RUN: &str = "lockstep_source_run_duration_seconds";
const RECORDS: &str = "lockstep_source_records_total";
const SUCCESS: &str = "lockstep_source_last_success_timestamp_seconds";
const REQUEST: &str = "lockstep_source_request_duration_seconds";

/// The metrics of a task's runs.
#[derive(Debug)]
pub struct RunFigures {
    registry: Registry,
    source: String,
    task: &'static str,
    succeeded: Counter,
    failed: Counter,
    duration: Histogram,
}

impl RunFigures {
    /// Creates the metrics of a task of a source.
    #[must_use]
    pub fn new(registry: &Registry, source: &str, task: &'static str) -> Self {
        let source = source.to_owned();
        registry.register(|| {
            describe_runs();
            let runs = |outcome| {
                counter!(RUNS, "source" => source.clone(), "task" => task, "outcome" => outcome)
            };
            Self {
                registry: registry.clone(),
                task,
                succeeded: runs("succeeded"),
                failed: runs("failed"),
                duration: histogram!(RUN, "source" => source.clone(), "task" => task),
                source,
            }
        })
    }

    /// Counts a run that is over. The results of its counts become counters as they are met: which
    /// a task has is known to the task alone.
    pub(super) fn ended(&self, outcome: &Outcome, took: Duration) {
        self.duration.record(took);
        let source = || self.source.clone();
        self.registry.register(|| {
            let records = outcome.counts.iter().filter(|(result, _)| *result != MILLISECONDS);
            for (result, count) in records {
                let result = result.clone();
                counter!(RECORDS, "source" => source(), "task" => self.task, "result" => result)
                    .increment(*count);
            }
            if outcome.failure.is_none() {
                let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                gauge!(SUCCESS, "source" => source(), "task" => self.task).set(now);
            }
        });
        match &outcome.failure {
            None => self.succeeded.increment(1),
            Some(_) => self.failed.increment(1),
        }
    }
}

/// The durations of the requests to a service outside.
#[derive(Clone, Debug)]
pub struct RequestFigures {
    succeeded: Histogram,
    failed: Histogram,
}

impl RequestFigures {
    /// Creates the durations of the requests to a source.
    #[must_use]
    pub fn new(registry: &Registry, source: &str) -> Self {
        let duration =
            |outcome| histogram!(REQUEST, "source" => source.to_owned(), "outcome" => outcome);
        registry.register(|| {
            describe_histogram!(
                REQUEST,
                Unit::Seconds,
                "The time until the head of the answer of a service outside, by outcome"
            );
            Self { succeeded: duration("succeeded"), failed: duration("failed") }
        })
    }

    /// Records the time that a request took.
    pub(super) fn record<T, E>(&self, outcome: &Result<T, E>, took: Duration) {
        match outcome {
            Ok(_) => self.succeeded.record(took),
            Err(_) => self.failed.record(took),
        }
    }
}

fn describe_runs() {
    describe_counter!(RUNS, "Runs of a source's task that this worker did, by outcome");
    describe_histogram!(RUN, Unit::Seconds, "The duration of the runs of a source's task");
    describe_counter!(RECORDS, "Records in the runs of a source's task, by result");
    describe_gauge!(
        SUCCESS,
        Unit::Seconds,
        "The Unix time at which the last run of a source's task that succeeded ended"
    );
}
