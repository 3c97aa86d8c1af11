//! An entry of the change log. Pure.

use chrono::{DateTime, Utc};
use serde_json::Value;
use shared_models::side::Side;
use shared_models::trace::TraceContext;
use uuid::Uuid;

/// A change of a record of any kind, to be appended to the log. What its body and its conflicts
/// contain is decided by those who own the record.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The event's id.
    pub event_id: Uuid,
    /// The name of the record's resource.
    pub resource: &'static str,
    /// The key of the record within its resource.
    pub key: String,
    /// The kind of the change, which is also the routing key: the resource's name, a dot, and what
    /// happened.
    pub kind: &'static str,
    /// The side that made the change.
    pub origin: Side,
    /// The record's version after the change.
    pub version: i64,
    /// The time of the change at this side.
    pub at: DateTime<Utc>,
    /// The event, as it is published.
    pub body: String,
    /// The conflicts that were resolved, if any.
    pub conflicts: Option<Value>,
    /// Set if the change is to be published.
    pub to_publish: bool,
    /// The principal that requested the change, if known.
    pub principal: Option<String>,
    /// The trace of the request that made the change, if it was traced.
    pub trace: Option<TraceContext>,
}
