//! The worker's metrics for Prometheus: the figures of `GET /v1/directions`, and its registry.

use std::time::Duration;

use actix_web::HttpResponse;
use metrics::{Unit, describe_counter, describe_gauge, gauge};
use program_kit::http::metrics::{Registry, state, total};

use crate::audit::Audits;
use crate::breaker;
use crate::figures::{Circuit, Comparison, Counters, QueueState, Queues, Snapshot, State, Waiting};
use crate::topology::QueueKind;

/// The answer to `GET /metrics`.
pub(crate) fn render(
    registry: &Registry,
    directions: &[Snapshot],
    audits: &Audits,
) -> HttpResponse {
    registry.exposition(|| {
        describe();
        self::audits(audits);
        for direction in directions {
            let labels = &[("direction", direction.name)];
            state("lockstep_direction_state", labels, &State::NAMES, direction.state);
            circuit(direction.name, &direction.breaker);
            queues(direction.name, &direction.queues);
            counters(direction.name, &direction.counters);
            comparison(direction.name, &direction.comparison);
            if let Some(depth) = &direction.depth {
                waiting(direction.name, depth);
            }
        }
    })
}

/// Sets the interval of comparing, by which somebody may judge the age of the last one.
pub(crate) fn set_interval(registry: &Registry, interval: Duration) {
    registry.register(|| {
        describe_gauge!(
            "lockstep_compare_interval_seconds",
            Unit::Seconds,
            "The interval at which each side is asked for its changes (compare.interval)"
        );
        gauge!("lockstep_compare_interval_seconds").set(interval);
    });
}

fn describe() {
    describe_audits();
    describe_gauge!("lockstep_direction_state", "1 for the direction's current state");
    describe_gauge!(
        "lockstep_breaker_state",
        "1 for the current state of the peer's circuit breaker; absent before the peer was first asked"
    );
    describe_counter!(
        "lockstep_breaker_transitions_total",
        "Times that the circuit breaker entered each state"
    );
    describe_gauge!("lockstep_queue_state", "1 for the queue's current state");
    describe_counter!(
        "lockstep_queue_replacements_total",
        "Times that a queue was replaced because it did not answer"
    );
    describe_gauge!(
        "lockstep_queue_messages",
        "Messages that wait in a queue and are not delivered to a consumer"
    );
    describe_counter!(
        "lockstep_messages_received_total",
        "Messages taken from the queue and settled, whatever their outcome"
    );
    describe_counter!("lockstep_messages_total", "Messages settled, by outcome");
    describe_counter!("lockstep_messages_dropped_total", "Messages dropped, by rule");
    describe_counter!("lockstep_requests_total", "Requests to the peer");
    describe_counter!("lockstep_compared_total", "Orders compared at both sides");
    describe_counter!(
        "lockstep_losses_total",
        "Orders of which a side lacked a change, by kind of loss"
    );
    describe_counter!("lockstep_losses_offered_total", "Orders offered again because of a loss");
    describe_gauge!("lockstep_compare_lag", "Changes of the source that are not compared yet");
    describe_gauge!(
        "lockstep_compare_as_of_timestamp_seconds",
        Unit::Seconds,
        "The Unix time up to which all commits of the source are compared"
    );
    describe_counter!("lockstep_results_total", "Changes sent, by their outcome at the peer");
}

fn describe_audits() {
    describe_gauge!(
        "lockstep_audit_interval_seconds",
        "Time from one audit to the next; absent where none begins by itself"
    );
    describe_gauge!(
        "lockstep_audit_receipt_timestamp_seconds",
        "Unix time of the newest receipt; 0 before the first one"
    );
    describe_gauge!(
        "lockstep_audit_differences",
        "Orders that differed and were offered again, by the newest receipt"
    );
    describe_gauge!(
        "lockstep_audit_left",
        "Orders that still differ although offered again, by the newest receipt"
    );
}

/// Sets the metrics of audits. What is not known yet is absent.
fn audits(audits: &Audits) {
    if let Some(interval) = audits.interval() {
        gauge!("lockstep_audit_interval_seconds").set(interval.as_secs_f64());
    }
    let Some(newest) = audits.figures().newest() else { return };
    let at = newest.map_or(0.0, |receipt| receipt.to.timestamp_millis() as f64 / 1_000.0);
    gauge!("lockstep_audit_receipt_timestamp_seconds").set(at);
    if let Some(receipt) = newest {
        gauge!("lockstep_audit_differences").set(receipt.found as f64);
        gauge!("lockstep_audit_left").set(receipt.left as f64);
    }
}

fn circuit(direction: &'static str, circuit: &Circuit) {
    let labels = [("direction", direction)];
    // A peer that was never asked neither takes changes nor refuses them.
    if let Some(is) = circuit.state {
        state("lockstep_breaker_state", &labels, &breaker::BreakerState::NAMES, is);
    }
    let Circuit { opened, half_opened, closed, .. } = *circuit;
    for (to, count) in [("open", opened), ("half-open", half_opened), ("closed", closed)] {
        total("lockstep_breaker_transitions_total", &[labels[0], ("to", to)], count);
    }
}

fn comparison(direction: &'static str, comparison: &Comparison) {
    let labels = [("direction", direction)];
    let Comparison { compared, offered, missing, behind, different, source_behind, left, .. } =
        comparison;
    total("lockstep_compared_total", &labels, *compared);
    total("lockstep_losses_offered_total", &labels, *offered);
    let losses = [
        ("missing", missing),
        ("behind", behind),
        ("different", different),
        ("source_behind", source_behind),
        ("left", left),
    ];
    for (loss, count) in losses {
        total("lockstep_losses_total", &[labels[0], ("loss", loss)], *count);
    }
    // A number of changes is far below the integers that an `f64` cannot represent.
    gauge!("lockstep_compare_lag", &labels).set(comparison.lag() as f64);
    if let Some(as_of) = comparison.as_of {
        let seconds = as_of.timestamp_millis() as f64 / 1000.0;
        gauge!("lockstep_compare_as_of_timestamp_seconds", &labels).set(seconds);
    }
}

fn queues(direction: &'static str, queues: &Queues) {
    for (kind, queue) in [(QueueKind::Sync, &queues.sync), (QueueKind::Parked, &queues.parked)] {
        let labels = [("direction", direction), ("queue", kind.as_str())];
        state("lockstep_queue_state", &labels, &QueueState::NAMES, queue.state);
        total("lockstep_queue_replacements_total", &labels, queue.replaced);
    }
}

fn waiting(direction: &'static str, depth: &Waiting) {
    for (queue, count) in [("sync", depth.queue), ("parked", depth.parked)] {
        let labels = [("direction", direction), ("queue", queue)];
        gauge!("lockstep_queue_messages", &labels).set(f64::from(count));
    }
}

fn counters(direction: &'static str, counters: &Counters) {
    let each = |name, label, pairs: &[(&'static str, u64)]| {
        for (value, count) in pairs {
            total(name, &[("direction", direction), (label, *value)], *count);
        }
    };
    let Counters { received, dropped, carried, parked, given_back, requests, results, .. } =
        counters;
    total("lockstep_messages_received_total", &[("direction", direction)], *received);
    let fates = [("carried", *carried), ("parked", *parked), ("given_back", *given_back)];
    each("lockstep_messages_total", "fate", &fates);
    let dropped = dropped.iter().map(|(rule, count)| (*rule, *count)).collect::<Vec<_>>();
    each("lockstep_messages_dropped_total", "rule", &dropped);
    total("lockstep_requests_total", &[("direction", direction)], *requests);
    let results = [
        ("applied", results.applied),
        ("merged", results.merged),
        ("stale", results.stale),
        ("rejected", results.rejected),
    ];
    each("lockstep_results_total", "outcome", &results);
}
