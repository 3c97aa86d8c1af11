//! Changes that could not be carried: the worker's report to the side that they came from, and the
//! list that this side shows.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;
use uuid::Uuid;

/// The most changes in one report, or in one request to replay or drop some.
pub const MAX_PARKED: usize = 500;

/// The most bytes of a message that are reported. An event is never longer; a longer message is
/// junk.
pub const MAX_BODY: usize = 256 * 1024;

/// The name of a record: its resource, and its key within that. Both are null where a message does
/// not say it. The key also stands under the resource's own name, as in its events: `order_id`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Deserialize, JsonSchema)]
pub struct RecordName {
    /// The name of the resource.
    pub resource: Option<String>,
    /// The key of the record.
    pub key: Option<String>,
}

impl RecordName {
    /// Returns the name of a record.
    #[must_use]
    pub fn new(resource: &str, key: impl Into<String>) -> Self {
        Self { resource: Some(resource.to_owned()), key: Some(key.into()) }
    }
}

impl Serialize for RecordName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("resource", &self.resource)?;
        map.serialize_entry("key", &self.key)?;
        if let Some(resource) = &self.resource {
            map.serialize_entry(&format!("{resource}_id"), &self.key)?;
        }
        map.end()
    }
}

/// A report of changes that could not be carried: the body of `POST /v1/parked` at the side that
/// published them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ParkedReport {
    /// The version of the schema, [`crate::SCHEMA`].
    #[schemars(extend("const" = crate::SCHEMA))]
    pub schema: u32,
    /// The changes, at most 500.
    #[schemars(length(max = MAX_PARKED))]
    pub changes: Vec<ReportedChange>,
}

/// A message that could not be carried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReportedChange {
    /// The event's id. If the message has no readable one, it is derived from its body and its
    /// side, so that it is always the same. `None` where it was no message: then the side takes the
    /// newest event of the record that it has published, up to this version of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_id: Option<Uuid>,
    /// The version of the record that could not be carried, where there is no event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<i64>,
    /// The record that the message is about, if that can be read.
    #[serde(flatten)]
    pub record: RecordName,
    /// The message's body as it was published, in base64: it need not be JSON, nor text.
    pub body: String,
    /// The reason.
    pub reason: String,
    /// Set if the change may be carried later without a person's help.
    pub may_pass: bool,
}

/// The state of a parked change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ParkedState {
    /// The change waits to be offered again, or for a person.
    Parked,
    /// The record was offered again. If that fails too, the change is parked once more.
    Offered,
    /// A person has dropped the change.
    Dropped,
}

impl ParkedState {
    /// All states.
    pub const ALL: [Self; 3] = [Self::Parked, Self::Offered, Self::Dropped];

    /// Returns the state's name, the same everywhere.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Parked => "parked",
            Self::Offered => "offered",
            Self::Dropped => "dropped",
        }
    }
}

/// A parked change, as the side that published it shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ParkedChange {
    /// The event that was parked first; it identifies the parked change from then on.
    pub id: Uuid,
    /// The latest event of the change: each offer is an event of its own.
    pub event_id: Uuid,
    /// The record that it is about; null if that could not be read, so that the change can only be
    /// dropped.
    #[serde(flatten)]
    pub record: RecordName,
    /// The state of the change.
    pub state: ParkedState,
    /// The reason of the last failure.
    pub reason: String,
    /// The number of times that it was parked.
    pub attempts: u32,
    /// The time at which it was first parked.
    pub first_at: DateTime<Utc>,
    /// The time at which it was last parked.
    pub last_at: DateTime<Utc>,
    /// The time at which it is offered again; null if it waits for a person, or no longer waits.
    pub offer_at: Option<DateTime<Utc>>,
    /// Set if this side has published a newer change of the record, which includes this one.
    pub overtaken: bool,
    /// The principal that replayed or dropped it last; null if nobody has, or tokens are not
    /// configured.
    #[serde(default)]
    pub acted_by: Option<String>,
    /// The time at which somebody replayed or dropped it last.
    #[serde(default)]
    pub acted_at: Option<DateTime<Utc>>,
    /// The message: JSON if it is JSON, else text.
    pub body: Value,
}

/// A selection of parked changes: exactly one of the two fields is set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Selection {
    /// Selects all parked changes: true, or no such field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all: Option<bool>,
    /// Selects these, at most 500.
    #[schemars(length(max = MAX_PARKED))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ids: Option<Vec<Uuid>>,
}

/// An action on parked changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParkedAction {
    /// Offers their records again.
    Replay,
    /// Drops them; the rows stay on record.
    Drop,
}

impl ParkedAction {
    /// Returns the action's name in paths.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Replay => "replay",
            Self::Drop => "drop",
        }
    }
}

/// The result of a request to replay or to drop parked changes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ActionResult {
    /// The number that will be offered again, or were dropped.
    pub changed: u64,
    /// The selected ones that were not changed.
    pub left: Vec<LeftAlone>,
}

/// A parked change that was not changed, and the reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LeftAlone {
    /// The parked change's id.
    pub id: Uuid,
    /// The reason.
    pub reason: String,
}

impl LeftAlone {
    /// The reason for an id that a side does not keep. The worker asks both sides and recognizes
    /// it: a change that one of them keeps is not unknown.
    pub const UNKNOWN: &str = "there is no parked change of this id";
}
