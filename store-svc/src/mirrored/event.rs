//! The events of posts and comments, as they are stored and published. Pure.

use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel::result::Error::SerializationError;
use serde::Serialize;
use serde_json::Value;
use service_kit::change_log::Change;
use shared_models::SCHEMA;
use shared_models::mirror::{MirrorEvent, Mirrored};
use shared_models::side::Side;
use shared_models::trace::TraceContext;
use uuid::Uuid;

use super::content::Shown;
use super::record::Record;

/// Who makes a change, and when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Author<'a> {
    /// The time of the change.
    pub(crate) at: DateTime<Utc>,
    /// Who had it made, if that is known.
    pub(crate) principal: Option<&'a str>,
    /// The trace that the change belongs to, if it was traced.
    pub(crate) trace: Option<TraceContext>,
    /// Where the change was made.
    pub(crate) source: Source,
}

/// Where a change was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Source {
    /// Here, by a caller: the mirror sends it to the remote.
    Local,
    /// At the remote, or by the mirror: never sent back.
    Remote,
}

/// The event of a record, as it is stored and published.
#[derive(Debug, Serialize)]
struct Event<'a> {
    schema: u32,
    id: Uuid,
    kind: &'static str,
    origin: Side,
    source: Source,
    #[serde(skip_serializing_if = "Option::is_none")]
    post_id: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment_id: Option<i64>,
    version: i64,
    at: DateTime<Utc>,
    #[serde(flatten)]
    content: Shown<'a>,
    remote_id: Option<i64>,
    changed_version: i64,
    sent_version: i64,
    deleted: bool,
}

/// A record as it is now, with what made it so.
#[derive(Clone, Debug)]
pub(crate) struct Changed {
    /// The record.
    pub(crate) record: Record,
    /// What happened to it.
    pub(crate) event: MirrorEvent,
    /// What was decided between two values, if anything.
    pub(crate) conflicts: Option<Value>,
}

impl Changed {
    /// Creates a change without conflicts.
    pub(crate) const fn new(record: Record, event: MirrorEvent) -> Self {
        Self { record, event, conflicts: None }
    }

    /// Returns the entry of the log.
    ///
    /// As with orders, what was decided elsewhere is not published: readers of the feed have it.
    pub(crate) fn to_change(&self, author: Author<'_>) -> QueryResult<Change> {
        let Record { kind, id, content, version, mirror, .. } = &self.record;
        let (name, event_id) = (self.event.of(*kind), Uuid::now_v7());
        let is_kind = |wanted| (*kind == wanted).then_some(*id);
        let event = Event {
            schema: SCHEMA,
            id: event_id,
            kind: name,
            origin: Side::Store,
            source: author.source,
            post_id: is_kind(Mirrored::Post),
            comment_id: is_kind(Mirrored::Comment),
            version: *version,
            at: author.at,
            content: content.show(*kind),
            remote_id: mirror.remote_id,
            changed_version: mirror.changed_version,
            sent_version: mirror.sent_version,
            deleted: self.record.deleted,
        };
        let body = serde_json::to_string(&event);
        Ok(Change {
            event_id,
            resource: kind.resource(),
            key: id.to_string(),
            kind: name,
            origin: Side::Store,
            version: *version,
            at: author.at,
            body: body.map_err(|error| SerializationError(error.into()))?,
            conflicts: self.conflicts.clone(),
            to_publish: author.source == Source::Local,
            principal: author.principal.map(str::to_owned),
            trace: author.trace,
        })
    }
}
