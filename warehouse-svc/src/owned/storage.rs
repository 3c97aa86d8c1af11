//! The SQL that finds, locks and writes records. The caller owns the transaction. Records are locked in the
//! order of their ids, and sites before operators.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::result::Error::SerializationError;
use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use service_kit::change_log::{Change, publish_after_commit};

use super::kind::Kind;
use super::record::{Author, Record, Written};
use super::rules::touched;
use super::statement::{Action, Write};

/// The SQL types of the columns that are read, in the order of [`Row`].
pub(super) type RowTypes = (
    BigInt,
    Array<Nullable<Text>>,
    Nullable<Text>,
    Bool,
    Nullable<Text>,
    Text,
    Bool,
    BigInt,
    Timestamptz,
    Timestamptz,
);

/// A row as it is read.
pub(super) type Row = (
    i64,
    Vec<Option<String>>,
    Option<String>,
    bool,
    Option<String>,
    String,
    bool,
    i64,
    DateTime<Utc>,
    DateTime<Utc>,
);

/// Writes the columns that are read, in the order of [`Row`].
pub(super) fn push_columns(out: &mut AstPass<'_, '_, Pg>, kind: &Kind) {
    let names = kind.fields.iter().map(|field| field.name).collect::<Vec<_>>().join(", ");
    for part in ["id, array[", &names, "]", OTHERS] {
        out.push_sql(part);
    }
}

const OTHERS: &str = ", note, active, source, edited, deleted, version, created_at, updated_at";

pub(super) fn record(kind: &Kind, row: Row) -> Record {
    let (id, fields, note, active, source, edited, deleted, version, created_at, updated_at) = row;
    let index = |name: &str| kind.fields.iter().position(|field| field.name == name);
    let edited = edited.split(',').filter_map(index).collect();
    Record { id, fields, note, active, source, edited, deleted, version, created_at, updated_at }
}

/// Returns the names of the fields that were edited here, as they are stored.
pub(super) fn edited_text(kind: &Kind, edited: &BTreeSet<usize>) -> String {
    edited.iter().map(|index| kind.fields[*index].name).collect::<Vec<_>>().join(",")
}

/// The query for the records of some ids, in the order of these.
struct Find<'a> {
    kind: &'static Kind,
    ids: &'a [i64],
    locks: bool,
}

impl QueryId for Find<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for Find<'_> {
    type SqlType = RowTypes;
}

impl QueryFragment<Pg> for Find<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("select ");
        push_columns(&mut out, self.kind);
        for part in [" from ", self.kind.table, " where id = any ("] {
            out.push_sql(part);
        }
        out.push_bind_param::<Array<BigInt>, [i64]>(self.ids)?;
        out.push_sql(") order by id");
        if self.locks {
            out.push_sql(" for update");
        }
        Ok(())
    }
}

/// Returns a record, also a removed one.
pub(crate) async fn find(
    connection: &AsyncPgConnection,
    kind: &'static Kind,
    id: i64,
) -> QueryResult<Option<Record>> {
    let find = Find { kind, ids: &[id], locks: false };
    let row = RunQueryDsl::get_result::<Row>(find, &mut &*connection).await.optional()?;
    Ok(row.map(|row| record(kind, row)))
}

/// Returns those of the records that exist, removed ones too.
pub(crate) async fn find_all(
    connection: &mut AsyncPgConnection,
    kind: &'static Kind,
    ids: &[i64],
) -> QueryResult<Vec<Record>> {
    let rows = Find { kind, ids, locks: false }.load::<Row>(connection).await?;
    Ok(rows.into_iter().map(|row| record(kind, row)).collect())
}

/// Locks those of the records that exist, removed ones too, and returns them by id.
pub(crate) async fn lock(
    connection: &mut AsyncPgConnection,
    kind: &'static Kind,
    ids: &[i64],
) -> QueryResult<BTreeMap<i64, Record>> {
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let rows = Find { kind, ids, locks: true }.load::<Row>(connection).await?;
    Ok(rows.into_iter().map(|row| (row.0, record(kind, row))).collect())
}

/// Creates the records whose ids are new, appends their changes, and returns these ids.
pub(crate) async fn insert(
    connection: &mut AsyncPgConnection,
    kind: &'static Kind,
    written: &[Written],
    author: Author<'_>,
) -> QueryResult<HashSet<i64>> {
    if written.is_empty() {
        return Ok(HashSet::new());
    }
    let mut changes = to_changes(kind, written, author)?;
    let insert = Write::of(kind, Action::Insert, written, &changes);
    let created = insert.load::<String>(connection).await?.into_iter().collect::<HashSet<_>>();
    changes.retain(|change| created.contains(&change.key));
    // Does nothing, except in the builds in which the nemesis has the guard `outbox` switched off.
    publish_after_commit(connection, &changes).await?;
    Ok(created.iter().filter_map(|key| key.parse().ok()).collect())
}

/// Overwrites records that are locked, and appends their changes.
pub(crate) async fn overwrite(
    connection: &mut AsyncPgConnection,
    kind: &'static Kind,
    written: &[Written],
    author: Author<'_>,
) -> QueryResult<()> {
    if written.is_empty() {
        return Ok(());
    }
    let changes = to_changes(kind, written, author)?;
    Write::of(kind, Action::Overwrite, written, &changes).execute(connection).await?;
    publish_after_commit(connection, &changes).await
}

/// Returns the changes that are appended for records.
pub(super) fn to_changes(
    kind: &'static Kind,
    written: &[Written],
    author: Author<'_>,
) -> QueryResult<Vec<Change>> {
    let changes = written.iter().map(|written| written.to_change(kind, author));
    changes.collect::<Result<_, _>>().map_err(|error| SerializationError(error.into()))
}

/// Reads what the events of these records say besides the record, and adds it.
pub(super) async fn add_more(
    connection: &mut AsyncPgConnection,
    kind: &'static Kind,
    written: &mut [Written],
) -> QueryResult<()> {
    let ids = written.iter().map(|it| it.record.id).collect::<Vec<_>>();
    let mut more = match kind.more {
        Some(more) => more(connection, &ids).await?,
        None => HashMap::new(),
    };
    for one in written {
        one.more = more.remove(&one.record.id).unwrap_or_default();
    }
    Ok(())
}

/// Overwrites records that are locked, of which only what their events say besides has changed.
pub(crate) async fn overwrite_with_more(
    connection: &mut AsyncPgConnection,
    kind: &'static Kind,
    changed: impl IntoIterator<Item = Record>,
    author: Author<'_>,
) -> QueryResult<()> {
    let mut written = changed.into_iter().map(|it| touched(&it, author.at)).collect::<Vec<_>>();
    add_more(connection, kind, &mut written).await?;
    overwrite(connection, kind, &written, author).await
}
