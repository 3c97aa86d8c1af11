//! `GET /metrics`, in the format of Prometheus.
//!
//! A program counts in its own figures, which it also sends as JSON. They are converted when they
//! are requested, so that nothing is counted twice and nothing is global to the process.

use actix_web::http::header::ContentType;
use actix_web::{Handler, HttpResponse, Responder, web};
use metrics::{counter, gauge};
use metrics_exporter_prometheus::PrometheusBuilder;

use super::endpoints::{Routes, endpoints_of, read_endpoints};
use crate::access::Rule;

/// The route `GET /metrics`, answered by `answer`.
pub fn routes<F, A>(answer: F) -> Routes
where
    F: Handler<A> + Clone,
    A: actix_web::FromRequest + 'static,
    F::Output: Responder + 'static,
{
    let answer = read_endpoints(Rule::READ, move || web::to(answer.clone()));
    Routes::default().with(endpoints_of("/metrics", "use GET", answer))
}

/// Builds the answer from the metrics that `set_metrics` sets with the macros of the crate `metrics`.
pub fn exposition(set_metrics: impl FnOnce()) -> HttpResponse {
    let recorder = PrometheusBuilder::new().build_recorder();
    metrics::with_local_recorder(&recorder, set_metrics);
    HttpResponse::Ok().insert_header(ContentType::plaintext()).body(recorder.handle().render())
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
