//! A kind of records, as data.

use std::collections::HashMap;

use diesel::QueryResult;
use diesel_async::AsyncPgConnection;
use futures_util::future::BoxFuture;
use program_kit::http::problem::{Expectation, FieldError};
use serde_json::{Map, Value};

/// A kind of records that an upstream may own.
#[derive(Debug)]
pub(crate) struct Kind {
    /// The name of the resource.
    pub(crate) resource: &'static str,
    /// The table, whose columns are those of [`super::storage`] and one for each field.
    pub(crate) table: &'static str,
    /// The path of the list.
    pub(crate) path: &'static str,
    /// The path of the feed.
    pub(crate) feed: &'static str,
    /// The kinds of its events.
    pub(crate) events: Events,
    /// The fields that an upstream owns.
    pub(crate) fields: &'static [Field],
    /// Says what its fields may be.
    pub(crate) expectation: Expectation,
    /// Reads what its events say besides the record.
    pub(crate) more: Option<More>,
}

/// Returns what the events of these records say besides the record, by id.
pub(crate) type More =
    for<'a> fn(&'a mut AsyncPgConnection, &'a [i64]) -> BoxFuture<'a, QueryResult<AllMore>>;
/// What events say besides their records, by the ids of these.
pub(crate) type AllMore = HashMap<i64, Map<String, Value>>;

/// The kinds of events of a kind of records, which are also routing keys.
#[derive(Debug)]
pub(crate) struct Events {
    /// A record was created, or came back.
    pub(crate) created: &'static str,
    /// A record was changed.
    pub(crate) changed: &'static str,
    /// A record was removed.
    pub(crate) removed: &'static str,
    /// A record was published again, as it is.
    pub(crate) offered: &'static str,
}

/// A field that an upstream owns: a text.
#[derive(Debug)]
pub(crate) struct Field {
    /// The name in JSON, and of the column.
    pub(crate) name: &'static str,
    /// Whether each record has one.
    pub(crate) is_required: bool,
    /// Whether lists can be filtered by it; there is an index for each such field.
    pub(crate) is_filter: bool,
    /// An example, of one that each record has.
    pub(crate) example: &'static str,
}

impl Field {
    /// A field that each record has, with an example.
    pub(crate) const fn required(name: &'static str, example: &'static str) -> Self {
        Self { name, is_required: true, is_filter: false, example }
    }

    /// A field that may be missing.
    pub(crate) const fn optional(name: &'static str) -> Self {
        Self { name, is_required: false, is_filter: false, example: "" }
    }

    /// The same field, by which lists can be filtered.
    pub(crate) const fn filter(self) -> Self {
        Self { is_filter: true, ..self }
    }
}

impl Kind {
    /// Creates the error of a field.
    pub(crate) fn wrong(&self, field: &str, problem: impl Into<String>) -> FieldError {
        FieldError::new(field, problem, self.expectation)
    }

    /// Returns the path of a record.
    pub(crate) fn location(&self, id: i64) -> String {
        format!("{}/{id}", self.path)
    }
}

/// Says what the fields may be that all kinds have, and those of the body; `None` for any other.
pub(crate) fn common_expectation(field: &str) -> Option<&'static str> {
    match field {
        "id" => Some("a whole number from 1 to 9223372036854775807"),
        "note" => Some(
            "null, or text of up to 1,000 characters; of control characters only line breaks and tabs",
        ),
        "active" | "source" | "version" | "created_at" | "updated_at" => {
            Some("no such field: it is not for callers to set")
        }
        _ => None,
    }
}
