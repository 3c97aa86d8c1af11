//! The entry for a message that cannot be carried, in the report to its source. Pure.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use shared_models::parked::{MAX_BODY, RecordName, ReportedChange};
use shared_models::side::Side;
use uuid::{Builder, Uuid};

use super::Obstacle;

/// The most characters of a reason that are reported; some reasons quote their subject.
const MAX_REASON: usize = 1000;

/// Returns the entry for a message about a record of this resource that cannot be carried, in the
/// report to `source`. The key of the record stands in the message under the resource's name:
/// `order_id`.
#[must_use]
pub(super) fn report_entry(
    source: Side,
    resource: &str,
    body: &[u8],
    obstacle: &Obstacle,
) -> ReportedChange {
    let message = serde_json::from_slice::<Value>(body).unwrap_or_default();
    let key = id_in(&message, &format!("{resource}_id"));
    ReportedChange {
        event_id: Some(id_in(&message, "id").unwrap_or_else(|| derived_id(source, body))),
        version: None,
        record: key
            .map_or_else(RecordName::default, |key| RecordName::new(resource, key.to_string())),
        body: STANDARD.encode(&body[..body.len().min(MAX_BODY)]),
        reason: obstacle.reason.chars().take(MAX_REASON).collect(),
        may_pass: obstacle.may_pass,
    }
}

/// Reads an id leniently: a message that cannot be interpreted may still name its record.
fn id_in(message: &Value, field: &str) -> Option<Uuid> {
    let id = message.get(field)?.as_str()?.parse::<Uuid>().ok()?;
    (!id.is_nil()).then_some(id)
}

/// Derives an id from the message: always the same one, but a different one at each side, since an
/// id names one change.
fn derived_id(source: Side, body: &[u8]) -> Uuid {
    let named = Sha256::new().chain_update(source.as_str()).chain_update("\0").chain_update(body);
    let digest: [u8; 32] = named.finalize().into();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    Builder::from_custom_bytes(bytes).into_uuid()
}

#[cfg(test)]
#[path = "report_tests.rs"]
mod tests;
