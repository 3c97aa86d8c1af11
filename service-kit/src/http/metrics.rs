//! `GET /metrics`, as Prometheus reads it.
//!
//! A program counts in its own figures, which it shows as JSON too. They are put into this form
//! when they are asked for, so that nothing is counted twice and nothing is shared by the whole
//! process.

use actix_web::http::header::ContentType;
use actix_web::{Handler, HttpResponse, Responder, web};
use metrics::{counter, gauge};
use metrics_exporter_prometheus::PrometheusBuilder;

use super::resource::{Routes, reads, resource};
use crate::access::Rule;

/// `GET /metrics`, where `tell` answers.
pub fn routes<F, A>(tell: F) -> Routes
where
    F: Handler<A> + Clone,
    A: actix_web::FromRequest + 'static,
    F::Output: Responder + 'static,
{
    let tell = reads(Rule::READ, move || web::to(tell.clone()));
    Routes::default().with(resource("/metrics", "metrics are only read", tell))
}

/// The answer, of what `tell` sets by the macros of the crate `metrics`.
pub fn exposition(tell: impl FnOnce()) -> HttpResponse {
    let recorder = PrometheusBuilder::new().build_recorder();
    metrics::with_local_recorder(&recorder, tell);
    HttpResponse::Ok().insert_header(ContentType::plaintext()).body(recorder.handle().render())
}

/// Sets a counter that is kept elsewhere.
pub fn total(name: &'static str, labels: &[(&'static str, &'static str)], count: u64) {
    counter!(name, labels).absolute(count);
}

/// Sets a gauge for each state there is: 1 for the one that is, 0 for the others.
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
