//! What a site is told of its messages that could not be carried. Pure.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use shared_models::parked::{MAX_BODY, MAX_PARKED, ReportedChange};
use shared_models::site::Site;
use shared_models::sync::MAX_CHANGES;
use uuid::{Builder, Uuid};

use super::obstacle::Obstacle;

// All of a batch fits into one report; else a site would refuse it for ever.
const _: () = assert!(MAX_CHANGES <= MAX_PARKED);

/// As many characters of a reason are told; some quote what they complain about.
const MAX_REASON: usize = 1000;

/// What `source` is told of these messages. One that came twice is told once.
#[must_use]
pub fn report<'a>(
    source: Site,
    parked: impl IntoIterator<Item = (&'a [u8], Obstacle)>,
) -> Vec<ReportedChange> {
    let told = parked.into_iter().map(|(body, obstacle)| reported(source, body, &obstacle));
    let by_event: BTreeMap<_, _> = told.map(|change| (change.event_id, change)).collect();
    by_event.into_values().collect()
}

fn reported(source: Site, body: &[u8], obstacle: &Obstacle) -> ReportedChange {
    let message = serde_json::from_slice::<Value>(body).unwrap_or_default();
    ReportedChange {
        event_id: named(&message, "id").unwrap_or_else(|| made_from(source, body)),
        order_id: named(&message, "order_id"),
        body: STANDARD.encode(&body[..body.len().min(MAX_BODY)]),
        reason: obstacle.reason.chars().take(MAX_REASON).collect(),
        may_pass: obstacle.may_pass,
    }
}

/// Read loosely: also an event that cannot be understood may say whose it is.
fn named(message: &Value, field: &str) -> Option<Uuid> {
    let id = message.get(field)?.as_str()?.parse::<Uuid>().ok()?;
    (!id.is_nil()).then_some(id)
}

/// The same each time for the same message, but another at each site: an id names one change.
fn made_from(source: Site, body: &[u8]) -> Uuid {
    let named = Sha256::new().chain_update(source.as_str()).chain_update("\0").chain_update(body);
    let digest: [u8; 32] = named.finalize().into();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    Builder::from_custom_bytes(bytes).into_uuid()
}

#[cfg(test)]
#[path = "report_tests.rs"]
mod tests;
