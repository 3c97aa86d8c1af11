//! The common parts of all statements that append to the change log.
//!
//! A statement has few texts, which diesel finds prepared again by the text itself, so PostgreSQL plans
//! each once for each connection; diesel's `sql_query` is planned anew each time. One row is bound as
//! values, several as one array for each column; the rest is the same, except for hints that many rows
//! need. Reasons and measurements:
//! docs/decisions/0010.

use std::fmt::Debug;
use std::time::Duration;

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::AstPass;
use diesel::serialize::ToSql;
use diesel::sql_types::{
    Array, BigInt, Bool, HasSqlType, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid,
};
use diesel_async::{
    AnsiTransactionManager, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection as _,
    TransactionManager as _,
};
use serde_json::Value;
use shared_models::fault_switch::Guard;
use uuid::Uuid;

use super::Change;
use crate::database::Json;
use crate::database::schema::{changes, outbox};

/// The names of the columns that [`Columns`] binds, in that order.
const NAMES: &str = "event_id, resource, key, kind, origin, version, at, body, conflicts, to_publish, principal, trace";

/// Appends the rows of `new`; more columns, the private part and the selection of rows follow.
///
/// Readers have the changes in the order of `xid`, which is determined once the records are written, so
/// that whoever wrote them before is over (docs/decisions/0025).
const APPEND: &str = "
recorded as (
    insert into changes
        (event_id, resource, key, kind, origin, version, at, body, conflicts, to_publish, principal, trace, private, xid";
const SELECT: &str = ")
    select event_id, resource, key, kind, origin, version, at, body, conflicts, to_publish, principal, trace, ";

/// Returns the place of a change in the order of readers.
const POSITION: &str = "select log_position()";

/// Adds the changes that are to be published to the outbox, in the same order.
const ANNOUNCE: &str = "
    returning seq, to_publish
),
announced as (
    insert into outbox (seq)
    select seq from recorded where to_publish";

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
    to_publish: Vec<bool>,
    principal: Vec<Option<&'a str>>,
    trace: Vec<Option<String>>,
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
            to_publish: each(changes, |change| change.to_publish),
            principal: each(changes, |change| change.principal.as_deref()),
            trace: each(changes, |change| change.trace.map(|trace| trace.to_string())),
        }
    }

    /// Writes `with new as (…),`: all bound columns, including those that `more` binds under
    /// `names`.
    pub fn push_new<'b>(
        &'b self,
        out: &mut AstPass<'_, 'b, Pg>,
        rows: Rows,
        names: &str,
        more: impl FnOnce(&mut AstPass<'_, 'b, Pg>) -> QueryResult<()>,
    ) -> QueryResult<()> {
        out.push_sql("with new (");
        out.push_sql(NAMES);
        out.push_sql(names);
        out.push_sql(rows.open());
        bind::<SqlUuid, _>(out, rows, &self.event_id)?;
        bind_next::<Text, _>(out, rows, &self.resource)?;
        bind_next::<Text, _>(out, rows, &self.key)?;
        bind_next::<Text, _>(out, rows, &self.kind)?;
        bind_next::<Text, _>(out, rows, &self.origin)?;
        bind_next::<BigInt, _>(out, rows, &self.version)?;
        bind_next::<Timestamptz, _>(out, rows, &self.at)?;
        bind_next::<Text, _>(out, rows, &self.body)?;
        bind_next::<Nullable<Jsonb>, _>(out, rows, &self.conflicts)?;
        bind_next::<Bool, _>(out, rows, &self.to_publish)?;
        bind_next::<Nullable<Text>, _>(out, rows, &self.principal)?;
        bind_next::<Nullable<Text>, _>(out, rows, &self.trace)?;
        more(out)?;
        out.push_sql(")),");
        Ok(())
    }
}

/// Appends the rows of `new`, or only those whose keys are in a list, with the `private` part after
/// the change.
pub fn push_append(out: &mut AstPass<'_, '_, Pg>, rows: Rows, private: &str, keys: Option<&str>) {
    for part in [APPEND, SELECT, private, ", ("] {
        out.push_sql(part);
    }
    match keys {
        None => out.push_sql(POSITION),
        // After the last of them is written.
        Some(keys) => {
            for part in ["select case when count(*) >= 0 then (", POSITION, ") end from (", keys] {
                out.push_sql(part);
            }
            out.push_sql(") as written offset 0");
        }
    }
    out.push_sql(") from new");
    if let Some(keys) = keys {
        for part in [" where (key in (", keys, "))", rows.hashed()] {
            out.push_sql(part);
        }
    }
    push_announce(out);
}

/// Appends the rows of `new`, marked as offers: of many records, or of a few.
pub(super) fn push_append_offers(out: &mut AstPass<'_, '_, Pg>, in_bulk: bool) {
    let marked = if in_bulk { "), true from new" } else { "), false from new" };
    for part in [APPEND, ", offer_in_bulk", SELECT, "null, (", POSITION, marked] {
        out.push_sql(part);
    }
    push_announce(out);
}

fn push_announce(out: &mut AstPass<'_, '_, Pg>) {
    out.push_sql(ANNOUNCE);
    if Guard::Outbox.is_off() {
        out.push_sql(" and false");
    }
    out.push_sql(")");
}

/// The number of rows that a statement takes: one, or any number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rows {
    /// One row, bound as values. PostgreSQL inlines `values` and has nothing to sort, join or
    /// materialize, which saves a fifth of its time.
    One,
    /// Any number of rows, bound as one array for each column.
    Many,
}

impl Rows {
    /// Returns the form for this number of rows, of which there are some.
    #[must_use]
    pub const fn of(count: usize) -> Self {
        match count {
            1 => Self::One,
            _ => Self::Many,
        }
    }

    /// Returns the text that opens the rows.
    const fn open(self) -> &'static str {
        match self {
            Self::One => ") as not materialized (values (",
            Self::Many => ") as (select unnest(",
        }
    }

    /// Returns the text between two columns. Each array is unnested by itself, which PostgreSQL does
    /// side by side: as one `unnest` of all it would first write each array to a store of its own
    /// (1 to 2 ms more for 500 rows: docs/decisions/0010).
    const fn separator(self) -> &'static str {
        match self {
            Self::One => ", ",
            Self::Many => "), unnest(",
        }
    }

    /// Returns the text after a condition that PostgreSQL is to hash. It assumes that an array has ten
    /// elements and would join the list, scanning it for each row (25 ms for 500 rows); this way it
    /// uses a hash (1 ms).
    const fn hashed(self) -> &'static str {
        match self {
            Self::One => "",
            Self::Many => " is true",
        }
    }
}

fn bind<'b, T, V>(out: &mut AstPass<'_, 'b, Pg>, rows: Rows, column: &'b [V]) -> QueryResult<()>
where
    V: ToSql<T, Pg> + Debug,
    T: 'static,
    Pg: HasSqlType<T>,
{
    match rows {
        Rows::Many => out.push_bind_param::<Array<T>, [V]>(column),
        Rows::One => column.iter().try_for_each(|value| out.push_bind_param::<T, V>(value)),
    }
}

/// Binds a column after other ones.
pub fn bind_next<'b, T, V>(
    out: &mut AstPass<'_, 'b, Pg>,
    rows: Rows,
    column: &'b [V],
) -> QueryResult<()>
where
    V: ToSql<T, Pg> + Debug,
    T: 'static,
    Pg: HasSqlType<T>,
{
    out.push_sql(rows.separator());
    bind::<T, V>(out, rows, column)
}

fn each<'a, T>(changes: &'a [Change], of: impl FnMut(&'a Change) -> T) -> Vec<T> {
    changes.iter().map(of).collect()
}

/// The delay before publishing where the guard `outbox` is off: without it, a crash would rarely hit
/// the gap.
const LATER: Duration = Duration::from_millis(50);

/// Commits, and only then adds the changes to be published to the outbox: the behaviour of a
/// service without the guard `outbox` ([`shared_models::fault_switch`]).
pub async fn publish_after_commit(
    connection: &mut AsyncPgConnection,
    changed: &[Change],
) -> QueryResult<()> {
    if !Guard::Outbox.is_off() {
        return Ok(());
    }
    let to_publish = changed.iter().filter(|change| change.to_publish);
    let events = to_publish.map(|change| change.event_id).collect::<Vec<_>>();
    if events.is_empty() {
        return Ok(());
    }
    let status = AnsiTransactionManager::transaction_manager_status_mut(connection);
    if status.transaction_depth()?.is_some() {
        connection.batch_execute("commit; begin").await?;
    }
    tokio::time::sleep(LATER).await;
    let these = changes::table.filter(changes::event_id.eq_any(events)).select(changes::seq);
    let inserting = diesel::insert_into(outbox::table).values(these).into_columns(outbox::seq);
    inserting.execute(connection).await?;
    Ok(())
}
