//! The common parts of all statements that append to the change log.
//!
//! The text of a statement never changes, so PostgreSQL plans it once for each connection; diesel's
//! `sql_query` is planned anew each time. One row is bound as values, several as one array for each
//! column; the rest is the same, except for hints that many rows need. Reasons and measurements:
//! docs/decisions/0010.

use std::fmt::Debug;

use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel::pg::Pg;
use diesel::query_builder::AstPass;
use diesel::serialize::ToSql;
use diesel::sql_types::{
    Array, BigInt, Bool, HasSqlType, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid,
};
use serde_json::Value;
use shared_models::unguarded::Guard;
use uuid::Uuid;

use super::Change;
use crate::database::Json;

/// The names of the columns that [`Columns`] binds, in that order.
const NAMES: &str =
    "event_id, resource, key, kind, origin, version, at, body, conflicts, published, principal";

/// Appends the rows of `new`; more columns, the private part and the selection of rows follow.
const APPEND: &str = "
recorded as (
    insert into changes
        (event_id, resource, key, kind, origin, version, at, body, conflicts, published, principal, private";
const SELECT: &str = ")
    select event_id, resource, key, kind, origin, version, at, body, conflicts, published, principal, ";

/// Adds the changes that are to be published to the outbox, in the same order.
const ANNOUNCE: &str = "
    returning seq, event_id
),
announced as (
    insert into outbox (seq)
    select seq from recorded where ";

/// Changes, one array for each column.
#[derive(Debug)]
pub struct Columns<'a> {
    event_id: Vec<Uuid>,
    resource: Vec<&'static str>,
    key: Vec<&'a str>,
    kind: Vec<&'static str>,
    origin: Vec<&'static str>,
    version: Vec<i64>,
    at: Vec<DateTime<Utc>>,
    body: Vec<&'a str>,
    conflicts: Vec<Option<Json<&'a Value>>>,
    published: Vec<bool>,
    principal: Vec<Option<&'a str>>,
}

impl<'a> Columns<'a> {
    /// Returns the columns of these changes.
    pub fn of(changes: &'a [Change]) -> Self {
        Self {
            event_id: each(changes, |change| change.event_id),
            resource: each(changes, |change| change.resource),
            key: each(changes, |change| change.key.as_str()),
            kind: each(changes, |change| change.kind),
            origin: each(changes, |change| change.origin.as_str()),
            version: each(changes, |change| change.version),
            at: each(changes, |change| change.at),
            body: each(changes, |change| change.body.as_str()),
            conflicts: each(changes, |change| change.conflicts.as_ref().map(Json)),
            published: each(changes, |change| change.publish),
            principal: each(changes, |change| change.principal.as_deref()),
        }
    }

    /// Writes `with new as (…),`: all bound columns, including those that `more` binds under
    /// `names`.
    pub fn push_new<'b, A: Arity>(
        &'b self,
        out: &mut AstPass<'_, 'b, Pg>,
        names: &str,
        more: impl FnOnce(&mut AstPass<'_, 'b, Pg>) -> QueryResult<()>,
    ) -> QueryResult<()> {
        out.push_sql("with new (");
        out.push_sql(NAMES);
        out.push_sql(names);
        out.push_sql(A::OPEN);
        bind::<A, SqlUuid, _>(out, &self.event_id)?;
        bind_next::<A, Text, _>(out, &self.resource)?;
        bind_next::<A, Text, _>(out, &self.key)?;
        bind_next::<A, Text, _>(out, &self.kind)?;
        bind_next::<A, Text, _>(out, &self.origin)?;
        bind_next::<A, BigInt, _>(out, &self.version)?;
        bind_next::<A, Timestamptz, _>(out, &self.at)?;
        bind_next::<A, Text, _>(out, &self.body)?;
        bind_next::<A, Nullable<Jsonb>, _>(out, &self.conflicts)?;
        bind_next::<A, Bool, _>(out, &self.published)?;
        bind_next::<A, Nullable<Text>, _>(out, &self.principal)?;
        more(out)?;
        out.push_sql(")),");
        Ok(())
    }
}

/// Appends the rows of `new`, or only those whose keys are in a list, with the `private` part after
/// the change.
pub fn push_append<A: Arity>(out: &mut AstPass<'_, '_, Pg>, private: &str, keys: Option<&str>) {
    for part in [APPEND, SELECT, private, " from new"] {
        out.push_sql(part);
    }
    if let Some(keys) = keys {
        out.push_sql(" where ");
        push_is_in::<A>(out, "key", keys);
    }
    push_announce::<A>(out);
}

/// Appends the rows of `new`, marked as a part of an offer of many records.
pub(super) fn push_append_in_bulk<A: Arity>(out: &mut AstPass<'_, '_, Pg>) {
    for part in [APPEND, ", in_bulk", SELECT, "null, true from new"] {
        out.push_sql(part);
    }
    push_announce::<A>(out);
}

fn push_announce<A: Arity>(out: &mut AstPass<'_, '_, Pg>) {
    out.push_sql(ANNOUNCE);
    let published = match Guard::Outbox.is_off() {
        true => "select event_id from new where false",
        false => "select event_id from new where published",
    };
    push_is_in::<A>(out, "event_id", published);
    out.push_sql(")");
}

fn push_is_in<A: Arity>(out: &mut AstPass<'_, '_, Pg>, column: &str, list: &str) {
    for part in ["(", column, " in (", list, "))", A::HASHED] {
        out.push_sql(part);
    }
}

/// The arity of a statement: one row, or any number.
pub trait Arity: 'static {
    /// Set if it takes any number of rows.
    const MANY: bool;
    /// The text that opens the rows.
    const OPEN: &'static str;
    /// The text after a condition that PostgreSQL is to hash.
    const HASHED: &'static str;
}

/// One row. PostgreSQL inlines `values` and has nothing to sort, join or materialize, which saves a
/// fifth of its time.
#[derive(Debug)]
pub enum One {}

impl Arity for One {
    const MANY: bool = false;
    const OPEN: &'static str = ") as not materialized (values (";
    const HASHED: &'static str = "";
}

/// Any number of rows, as one array for each column.
#[derive(Debug)]
pub enum Many {}

impl Arity for Many {
    const MANY: bool = true;
    const OPEN: &'static str = ") as (select * from unnest(";
    /// Keeps PostgreSQL from joining the list. It assumes that an array has ten elements and would
    /// scan the list for each row (25 ms for 500 rows); this way it uses a hash (1 ms).
    const HASHED: &'static str = " is true";
}

fn bind<'b, A, T, V>(out: &mut AstPass<'_, 'b, Pg>, column: &'b [V]) -> QueryResult<()>
where
    A: Arity,
    V: ToSql<T, Pg> + Debug,
    T: 'static,
    Pg: HasSqlType<T>,
{
    match A::MANY {
        true => out.push_bind_param::<Array<T>, [V]>(column),
        false => column.iter().try_for_each(|value| out.push_bind_param::<T, V>(value)),
    }
}

/// Binds a column after other ones.
pub fn bind_next<'b, A, T, V>(out: &mut AstPass<'_, 'b, Pg>, column: &'b [V]) -> QueryResult<()>
where
    A: Arity,
    V: ToSql<T, Pg> + Debug,
    T: 'static,
    Pg: HasSqlType<T>,
{
    out.push_sql(", ");
    bind::<A, T, V>(out, column)
}

fn each<'a, T>(changes: &'a [Change], of: impl FnMut(&'a Change) -> T) -> Vec<T> {
    changes.iter().map(of).collect()
}
