//! A record: what it is, how it is shown, and its events. Pure.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};
use service_kit::change_log::Change;
use shared_models::SCHEMA;
use shared_models::side::Side;
use shared_models::trace::TraceContext;
use uuid::Uuid;

use super::kind::Kind;

/// The side that keeps these records.
const SIDE: Side = Side::Warehouse;
/// The rule by which every conflict is decided.
const UPSTREAM_OWNS_IT: &str = "upstream owns it";

/// The fields of a record that an upstream owns, in the order of [`Kind::fields`].
pub(crate) type Fields = Vec<Option<String>>;

/// A record as it is stored. A removed one has no fields and no note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) id: i64,
    pub(crate) fields: Fields,
    /// A note of this side, which no upstream touches.
    pub(crate) note: Option<String>,
    /// `false` if the upstream that owns it lists it no more.
    pub(crate) active: bool,
    /// The name of the upstream that owns it.
    pub(crate) source: Option<String>,
    /// Which of the fields were edited here since the upstream changed them, by index.
    pub(crate) edited: BTreeSet<usize>,
    pub(crate) deleted: bool,
    pub(crate) version: i64,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
}

/// A record as sent to a caller.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) kind: &'static Kind,
    pub(crate) record: Record,
}

impl Serialize for Shown {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Record { version, created_at, updated_at, .. } = &self.record;
        let about = [
            ("version", Value::from(*version)),
            ("created_at", json_time(*created_at)),
            ("updated_at", json_time(*updated_at)),
        ];
        serializer.collect_map(contents(self.kind, &self.record).chain(about))
    }
}

fn json_time(time: DateTime<Utc>) -> Value {
    serde_json::to_value(time).unwrap_or_default()
}

/// Returns what a record that is not removed says, in the order in which it is shown.
fn contents(kind: &'static Kind, record: &Record) -> impl Iterator<Item = (&'static str, Value)> {
    let Record { id, fields, note, active, source, .. } = record;
    let texts = kind.fields.iter().map(|field| field.name).zip(fields.clone());
    let texts = texts.chain([("note", note.clone())]).map(|(name, text)| (name, text.into()));
    let state = [("active", Value::from(*active)), ("source", source.clone().into())];
    std::iter::once(("id", Value::from(*id))).chain(texts).chain(state)
}

/// Who makes a change, and when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Author<'a> {
    pub(crate) at: DateTime<Utc>,
    pub(crate) principal: Option<&'a str>,
    pub(crate) trace: Option<TraceContext>,
}

/// A value from here that gave way to that of the upstream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Conflict {
    field: &'static str,
    /// The value that stands.
    kept: Value,
    /// The value that gave way.
    lost: Value,
    rule: &'static str,
}

impl Conflict {
    /// Creates the record of a value that gave way.
    pub(super) fn new(field: &'static str, lost: impl Into<Value>, kept: impl Into<Value>) -> Self {
        Self { field, kept: kept.into(), lost: lost.into(), rule: UPSTREAM_OWNS_IT }
    }
}

/// What has happened to a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Happened {
    /// The record was created, or came back.
    Created,
    /// The record was changed.
    Changed,
    /// The record was removed.
    Removed,
    /// The record was published again, as it is.
    Offered,
}

/// A record that is to be written, and what has happened to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) record: Record,
    pub(crate) happened: Happened,
    pub(crate) conflicts: Vec<Conflict>,
    /// What its event says besides the record.
    pub(crate) more: Map<String, Value>,
}

/// An event, as it is stored and published.
#[derive(Debug, Serialize)]
struct Event<'a> {
    schema: u32,
    id: Uuid,
    kind: &'static str,
    origin: Side,
    version: i64,
    at: DateTime<Utc>,
    deleted: bool,
    /// The record after the change; of a removed one, its id.
    record: Map<String, Value>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    conflicts: &'a [Conflict],
}

impl Written {
    /// Returns the change as the log keeps it.
    pub(super) fn to_change(
        &self,
        kind: &'static Kind,
        author: Author<'_>,
    ) -> Result<Change, serde_json::Error> {
        let Self { record, happened, conflicts, more } = self;
        let name = match happened {
            Happened::Created => kind.events.created,
            Happened::Changed => kind.events.changed,
            Happened::Removed => kind.events.removed,
            Happened::Offered => kind.events.offered,
        };
        let about = contents(kind, record).take(if record.deleted { 1 } else { usize::MAX });
        let about = about.map(|(field, value)| (field.to_owned(), value));
        let more = more.clone().into_iter().filter(|_| !record.deleted);
        let event = Event {
            schema: SCHEMA,
            id: Uuid::now_v7(),
            kind: name,
            origin: SIDE,
            version: record.version,
            at: author.at,
            deleted: record.deleted,
            record: about.chain(more).collect(),
            conflicts,
        };
        let conflicts = (!conflicts.is_empty()).then(|| serde_json::to_value(conflicts));
        Ok(Change {
            event_id: event.id,
            resource: kind.resource,
            key: record.id.to_string(),
            kind: name,
            origin: SIDE,
            version: record.version,
            at: author.at,
            body: serde_json::to_string(&event)?,
            conflicts: conflicts.transpose()?,
            to_publish: true,
            principal: author.principal.map(str::to_owned),
            trace: author.trace,
        })
    }
}
