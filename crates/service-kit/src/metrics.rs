//! The metrics of a service, for Prometheus.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::web::Data;
use chrono::Utc;
use metrics::{Unit, describe_counter, describe_gauge, gauge};
use program_kit::http::metrics::{exposition, state, total};

use crate::change_log::{Backlog, backlog};
use crate::parked;
use crate::relay::{RelayCounts, RelayState};
use crate::service::Service;

/// The timeout of the probe, and of the queries for the figures.
const PATIENCE: Duration = Duration::from_secs(2);

/// `GET /metrics`. The database is probed separately, so that slow figures are left out, and are
/// not taken for an outage.
pub(crate) async fn tell(service: Data<Service>) -> HttpResponse {
    let asking = service.database.observe_within(PATIENCE, async |connection| {
        Ok((backlog(connection).await?, parked::waiting(connection).await?))
    });
    let (probed, kept) = tokio::join!(service.database.probe(PATIENCE), asking);
    exposition(|| {
        relay(&service.relay.state(), service.relay.counts());
        describe_gauge!("lockstep_database_up", "1 while the database answers");
        gauge!("lockstep_database_up").set(if probed.is_ok() { 1.0 } else { 0.0 });
        if let Ok((backlog, parked)) = kept {
            waiting(&backlog, parked);
        }
    })
}

fn relay(is: &RelayState, counts: RelayCounts) {
    describe_gauge!("lockstep_relay_state", "1 for the state that the relay is in");
    state("lockstep_relay_state", &[], &RelayState::NAMES, is.as_str());
    describe_counter!("lockstep_relay_confirmed_total", "Changes that RabbitMQ has confirmed");
    total("lockstep_relay_confirmed_total", &[], counts.confirmed);
    describe_counter!(
        "lockstep_relay_returned_total",
        "Times that a change came back, because no queue was bound for it"
    );
    total("lockstep_relay_returned_total", &[], counts.returned);
    describe_counter!("lockstep_relay_refused_total", "Times that RabbitMQ did not take a change");
    total("lockstep_relay_refused_total", &[], counts.refused);
}

fn waiting(backlog: &Backlog, parked: i64) {
    describe_gauge!(
        "lockstep_outbox_changes",
        "Changes that RabbitMQ has not confirmed yet; beyond 2,000 an estimate"
    );
    gauge!("lockstep_outbox_changes").set(approximately(backlog.waiting));
    let unit = Unit::Seconds;
    describe_gauge!("lockstep_outbox_age_seconds", unit, "How long the oldest of them has waited");
    let age = backlog.oldest.map_or(0, |oldest| (Utc::now() - oldest).num_milliseconds().max(0));
    gauge!("lockstep_outbox_age_seconds").set(approximately(age) / 1000.0);
    describe_gauge!(
        "lockstep_parked_changes",
        "Changes that could not be carried, and wait; 10,000 stands for more as well"
    );
    gauge!("lockstep_parked_changes").set(approximately(parked));
}

/// Converts a count to a gauge's floating-point number, which is exact up to 2^53.
#[expect(clippy::cast_precision_loss, reason = "no count comes near 2^53")]
fn approximately(count: i64) -> f64 {
    count as f64
}
