//! An entry of the log, as feeds read it, and the values by which it can be filtered. Pure.

use std::sync::OnceLock;

use chrono::{DateTime, Utc};
use serde_json::Value;
#[cfg(test)]
use shared_models::side::Side;

use super::cursor::Position;
use crate::resource::{Resource, Resources};

/// An entry of the log.
#[derive(Debug)]
pub struct Entry {
    /// The position in the order of readers.
    pub position: Position,
    /// The name of the record's resource.
    pub resource: String,
    /// The key of the record.
    pub key: String,
    /// The kind of change.
    pub kind: String,
    /// The side that made the change.
    pub origin: String,
    /// The record's version after the change.
    pub version: i64,
    /// The time of the change at this side.
    pub at: DateTime<Utc>,
    /// The principal that requested the change here, if known.
    pub principal: Option<String>,
    /// The event.
    pub body: String,
    /// The values by which it can be filtered, once they were asked for.
    pub(super) values: OnceLock<Box<[Option<String>]>>,
}

impl Entry {
    /// Returns the values within the event by which its resource can be filtered, in their order.
    pub fn values(&self, resources: &Resources) -> &[Option<String>] {
        self.values.get_or_init(|| {
            let filters = resources.named(&self.resource).map(Resource::event_filters);
            let event = serde_json::from_str::<Value>(&self.body).unwrap_or_default();
            let value = |pointer| event.pointer(pointer)?.as_str().map(str::to_owned);
            filters.unwrap_or_default().iter().map(|filter| value(filter.pointer)).collect()
        })
    }

    /// Returns an entry for tests of what is pure.
    #[cfg(test)]
    pub(super) fn sample(resource: &str, key: &str, body: &str) -> Self {
        let kind = format!("{resource}.written");
        Self {
            position: Position::START,
            resource: resource.to_owned(),
            key: key.to_owned(),
            kind,
            origin: Side::Store.as_str().to_owned(),
            version: 1,
            at: DateTime::UNIX_EPOCH,
            principal: None,
            body: body.to_owned(),
            values: OnceLock::new(),
        }
    }
}

/// The event of an entry.
#[derive(Debug)]
pub struct Event {
    /// The position in the order of readers.
    pub position: Position,
    /// The event.
    pub body: String,
}
