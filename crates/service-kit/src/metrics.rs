//! The metrics of a service, for Prometheus.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::web::Data;
use chrono::{DateTime, Utc};
use metrics::{Unit, describe_counter, describe_gauge, gauge};
use program_kit::http::metrics::{Registry, state, total};

use crate::change_log::{Backlog, backlog};
use crate::database::PoolUse;
use crate::relay::{RelayCounts, RelayState};
use crate::retention::Counts;
use crate::service::Service;
use crate::{feed, parked, retention};

/// The timeout of the probe, and of the queries for the figures.
const TIMEOUT: Duration = Duration::from_secs(2);

/// `GET /metrics`. The database is probed separately, so that slow figures are left out, and are
/// not taken for an outage.
pub(crate) async fn answer(service: Data<Service>, registry: Data<Registry>) -> HttpResponse {
    let asking = service.database.observe_within(TIMEOUT, async |connection| {
        let (backlog, parked) = (backlog(connection).await?, parked::waiting(connection).await?);
        let oldest = retention::oldest(connection).await?;
        Ok((backlog, parked, oldest, feed::lag(connection).await?))
    });
    let (probed, figures) = tokio::join!(service.database.probe(TIMEOUT), asking);
    registry.exposition(|| {
        relay(&service.relay.state(), service.relay.counts());
        deleted(service.deleted.now());
        connections(service.pools.now());
        describe_gauge!("lockstep_database_up", "1 while the database answers, else 0");
        gauge!("lockstep_database_up").set(if probed.is_ok() { 1.0 } else { 0.0 });
        describe_gauge!("lockstep_feed_followers", "Clients that follow the changes");
        gauge!("lockstep_feed_followers").set(approximately(service.hub.followers()));
        describe_gauge!(
            "lockstep_feed_read_age_seconds",
            Unit::Seconds,
            "The time since the log was last read for those who follow it; 0 while nobody does"
        );
        gauge!("lockstep_feed_read_age_seconds").set(service.hub.read_age().as_secs_f64());
        if let Ok((backlog, parked, oldest, lag)) = figures {
            waiting(&backlog, parked);
            log_age(oldest);
            feed_lag(lag);
        }
    })
}

fn relay(is: &RelayState, counts: RelayCounts) {
    describe_gauge!("lockstep_relay_state", "1 for the relay's current state, 0 for the others");
    state("lockstep_relay_state", &[], &RelayState::NAMES, is.as_str());
    describe_counter!("lockstep_relay_confirmed_total", "Changes that RabbitMQ has confirmed");
    total("lockstep_relay_confirmed_total", &[], counts.confirmed);
    describe_counter!(
        "lockstep_relay_returned_total",
        "Changes that RabbitMQ returned because no queue was bound for them"
    );
    total("lockstep_relay_returned_total", &[], counts.returned);
    describe_counter!("lockstep_relay_refused_total", "Changes that RabbitMQ refused");
    total("lockstep_relay_refused_total", &[], counts.refused);
}

fn connections(pools: PoolUse) {
    describe_gauge!(
        "lockstep_database_connections",
        "Connections of the pools to the database, by state: in_use or idle"
    );
    for (state, count) in [("in_use", pools.in_use), ("idle", pools.idle)] {
        gauge!("lockstep_database_connections", "state" => state).set(exact(count));
    }
    describe_gauge!("lockstep_database_connections_max", "The most connections of the pools");
    gauge!("lockstep_database_connections_max").set(exact(pools.max));
    describe_gauge!(
        "lockstep_database_waiting_requests",
        "Requests that wait for a connection of the pools"
    );
    gauge!("lockstep_database_waiting_requests").set(exact(pools.waiting));
}

fn waiting(backlog: &Backlog, parked: i64) {
    describe_gauge!(
        "lockstep_outbox_changes",
        "Changes that RabbitMQ has not confirmed yet; beyond 2,000 an estimate"
    );
    gauge!("lockstep_outbox_changes").set(approximately(backlog.waiting));
    let unit = Unit::Seconds;
    describe_gauge!(
        "lockstep_outbox_age_seconds",
        unit,
        "The age of the oldest unconfirmed change"
    );
    let age = backlog.oldest.map_or(0, |oldest| (Utc::now() - oldest).num_milliseconds().max(0));
    gauge!("lockstep_outbox_age_seconds").set(approximately(age) / 1000.0);
    describe_gauge!("lockstep_parked_changes", "Parked changes; 10,000 means that many or more");
    gauge!("lockstep_parked_changes").set(approximately(parked));
}

fn deleted(Counts { changes, parked, removed }: Counts) {
    describe_counter!(
        "lockstep_log_trimmed_total",
        "Changes that were deleted because they are old and their records have newer ones"
    );
    total("lockstep_log_trimmed_total", &[], changes);
    describe_counter!("lockstep_parked_deleted_total", "Old parked changes that were deleted");
    total("lockstep_parked_deleted_total", &[], parked);
    describe_counter!("lockstep_records_purged_total", "Removed records that were purged");
    total("lockstep_records_purged_total", &[], removed);
}

fn log_age(oldest: Option<DateTime<Utc>>) {
    describe_gauge!(
        "lockstep_log_age_seconds",
        Unit::Seconds,
        "The age of the oldest change from which on every change is kept; of older ones only the \
         newest of each record is"
    );
    let age = oldest.map_or(0, |oldest| (Utc::now() - oldest).num_milliseconds().max(0));
    gauge!("lockstep_log_age_seconds").set(approximately(age) / 1000.0);
}

fn feed_lag(lag: Duration) {
    describe_gauge!(
        "lockstep_feed_lag_seconds",
        Unit::Seconds,
        "The age of the oldest change that feeds hold back, as a transaction that began before it is \
         not over"
    );
    gauge!("lockstep_feed_lag_seconds").set(lag.as_secs_f64());
}

/// Converts a count of connections, which are fewer than 2^32.
fn exact(count: usize) -> f64 {
    u32::try_from(count).unwrap_or(u32::MAX).into()
}

/// Converts a count to a gauge's floating-point number, which is exact up to 2^53.
#[expect(clippy::cast_precision_loss, reason = "no count comes near 2^53")]
fn approximately(count: i64) -> f64 {
    count as f64
}
