//! The report to a side of its messages that could not be carried. Pure.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use shared_models::parked::{MAX_BODY, MAX_PARKED, RecordName, ReportedChange};
use shared_models::side::Side;
use shared_models::sync::MAX_CHANGES;
use uuid::{Builder, Uuid};

use super::obstacle::Obstacle;

// A whole batch fits into one report; otherwise a side would refuse it for ever.
const _: () = assert!(MAX_CHANGES <= MAX_PARKED);

/// The most characters of a reason that are reported; some reasons quote their subject.
const MAX_REASON: usize = 1000;

/// Builds the report to `source` on these messages. A duplicate is reported once.
#[must_use]
pub fn report<'a>(
    source: Side,
    parked: impl IntoIterator<Item = (&'a [u8], Obstacle)>,
) -> Vec<ReportedChange> {
    let told = parked.into_iter().map(|(body, obstacle)| reported(source, body, &obstacle));
    let by_event: BTreeMap<_, _> = told.map(|change| (change.event_id, change)).collect();
    by_event.into_values().collect()
}

fn reported(source: Side, body: &[u8], obstacle: &Obstacle) -> ReportedChange {
    let message = serde_json::from_slice::<Value>(body).unwrap_or_default();
    ReportedChange {
        event_id: named(&message, "id").unwrap_or_else(|| made_from(source, body)),
        record: named(&message, "order_id").map_or_else(RecordName::default, order),
        body: STANDARD.encode(&body[..body.len().min(MAX_BODY)]),
        reason: obstacle.reason.chars().take(MAX_REASON).collect(),
        may_pass: obstacle.may_pass,
    }
}

/// Returns the name of an order.
fn order(id: Uuid) -> RecordName {
    RecordName::new("order", id.to_string())
}

/// Reads an id leniently: an event that cannot be parsed may still name its order.
fn named(message: &Value, field: &str) -> Option<Uuid> {
    let id = message.get(field)?.as_str()?.parse::<Uuid>().ok()?;
    (!id.is_nil()).then_some(id)
}

/// Derives an id from the message: always the same one, but a different one at each side, since an
/// id names one change.
fn made_from(source: Side, body: &[u8]) -> Uuid {
    let named = Sha256::new().chain_update(source.as_str()).chain_update("\0").chain_update(body);
    let digest: [u8; 32] = named.finalize().into();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    Builder::from_custom_bytes(bytes).into_uuid()
}

#[cfg(test)]
#[path = "report_tests.rs"]
mod tests;
