//! `GET /metrics`, in the format of Prometheus.
//!
//! What a program counts in its own figures, which it also sends as JSON, is converted when it is
//! requested, so that nothing is counted twice. What only Prometheus reads, histograms above all, is
//! kept in the program's [`Registry`]. Nothing is global to the process: several programs may run in
//! one.

use std::sync::Arc;
use std::time::Duration;

use actix_web::{Handler, HttpResponse, Responder, web};
use metrics::{counter, describe_gauge, gauge};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusRecorder};
use metrics_process::Collector;
use tokio::time::{MissedTickBehavior, interval};

use super::endpoints::{Routes, endpoints_of, read_endpoints};
use super::operation::Operation;
use crate::access::Rule;

/// The bounds of the buckets of a time in seconds: from an edit without a wait to a change that
/// waited for an outage.
const SECONDS: [f64; 16] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0,
];

/// The bounds of the buckets of the size of a batch.
const SIZES: [f64; 10] = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0];

/// The interval at which what was recorded is sorted into the buckets. Until then each value takes 16
/// bytes.
const UPKEEP: Duration = Duration::from_secs(5);

/// The content type of the answer.
const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The metrics that a program keeps for Prometheus alone.
#[derive(Clone, Debug)]
pub struct Registry {
    program: &'static str,
    recorder: Arc<PrometheusRecorder>,
}

impl Registry {
    /// Creates the registry of the program of this name.
    #[must_use]
    pub fn new(program: &'static str) -> Self {
        let builder = PrometheusBuilder::new();
        // The only error is that there are no bounds. Without them a histogram would be a summary.
        let sizes = [Matcher::Suffix("_changes".into()), Matcher::Suffix("_messages".into())];
        let builder =
            sizes.into_iter().fold(builder, |builder, sizes| with(builder, sizes, &SIZES));
        let builder = with(builder, Matcher::Suffix("_seconds".into()), &SECONDS);
        Self { program, recorder: Arc::new(builder.build_recorder()) }
    }

    /// Runs `register`, whose macros of the crate `metrics` describe and return metrics of this
    /// registry.
    pub fn register<T>(&self, register: impl FnOnce() -> T) -> T {
        metrics::with_local_recorder(&*self.recorder, register)
    }

    /// Sorts what was recorded into the buckets, again and again, while the registry is in use.
    pub(super) fn keep_up(&self) {
        let recorder = Arc::downgrade(&self.recorder);
        tokio::spawn(async move {
            let mut interval = interval(UPKEEP);
            interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                interval.tick().await;
                match recorder.upgrade() {
                    Some(recorder) => recorder.handle().run_upkeep(),
                    None => return,
                }
            }
        });
    }

    /// Builds the answer: the registry's own metrics, those of the process, and those that
    /// `set_metrics` sets with the macros of the crate `metrics`.
    pub fn exposition(&self, set_metrics: impl FnOnce()) -> HttpResponse {
        let recorder = PrometheusBuilder::new().build_recorder();
        metrics::with_local_recorder(&recorder, || {
            describe_gauge!("lockstep_build_info", "1, with the name and version of the program");
            let version = env!("CARGO_PKG_VERSION");
            gauge!("lockstep_build_info", "program" => self.program, "version" => version).set(1.0);
            let process = Collector::default();
            process.describe();
            process.collect();
            set_metrics();
        });
        let page = self.recorder.handle().render() + &recorder.handle().render();
        HttpResponse::Ok().content_type(CONTENT_TYPE).body(page)
    }
}

fn with(builder: PrometheusBuilder, of: Matcher, bounds: &[f64]) -> PrometheusBuilder {
    builder.set_buckets_for_metric(of, bounds).unwrap_or_default()
}

/// The route `GET /metrics`, answered by `answer`.
pub fn routes<F, A>(answer: F) -> Routes
where
    F: Handler<A> + Clone,
    A: actix_web::FromRequest + 'static,
    F::Output: Responder + 'static,
{
    let answer = read_endpoints(Rule::READ, move || web::to(answer.clone()), describe);
    Routes::default().with(endpoints_of("/metrics", "use GET", answer))
}

fn describe() -> Operation {
    Operation::new("getMetrics", "Read the figures for Prometheus").text(
        200,
        "text/plain",
        "The figures, in the format of Prometheus.",
    )
}

/// Sets a counter to a total that is kept elsewhere.
pub fn total(name: &'static str, labels: &[(&'static str, &'static str)], count: u64) {
    counter!(name, labels).absolute(count);
}

/// Sets a gauge for each state: 1 for the current one, 0 for the others.
pub fn state(
    name: &'static str,
    labels: &[(&'static str, &'static str)],
    all: &[&'static str],
    is: &'static str,
) {
    for state in all {
        let labels = [labels, &[("state", *state)]].concat();
        gauge!(name, &labels).set(if *state == is { 1.0 } else { 0.0 });
    }
}
