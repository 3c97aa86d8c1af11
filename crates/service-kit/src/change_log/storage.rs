//! All SQL on the change log. The caller owns the transaction.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Text, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::Value;
use uuid::Uuid;

use super::statement::push_append_offers;
use super::{Change, Columns, Rows, publish_after_commit, push_append};
use crate::database::Json;
use crate::database::schema::changes;

/// Appends changes that come with no write of their records, in the given sequence.
pub async fn append(connection: &mut AsyncPgConnection, changes: &[Change]) -> QueryResult<()> {
    if changes.is_empty() {
        return Ok(());
    }
    let append = Append { changes: Columns::of(changes), rows: Rows::of(changes.len()) };
    append.execute(connection).await?;
    publish_after_commit(connection, changes).await
}

/// Appends offers, in the given sequence. They are marked: feeds have no offers, as those say nothing
/// new, and comparing passes over those `in_bulk` (docs/decisions/0022).
pub async fn append_offers(
    connection: &mut AsyncPgConnection,
    offers: &[Change],
    in_bulk: bool,
) -> QueryResult<()> {
    if offers.is_empty() {
        return Ok(());
    }
    AppendOffers { offers: Columns::of(offers), in_bulk }.execute(connection).await?;
    publish_after_commit(connection, offers).await
}

struct AppendOffers<'a> {
    offers: Columns<'a>,
    in_bulk: bool,
}

impl QueryId for AppendOffers<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl QueryFragment<Pg> for AppendOffers<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.offers.push_new(&mut out, Rows::Many, "", |_| Ok(()))?;
        push_append_offers(&mut out, self.in_bulk);
        out.push_sql(" select 1");
        Ok(())
    }
}

struct Append<'a> {
    changes: Columns<'a>,
    rows: Rows,
}

impl QueryId for Append<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl QueryFragment<Pg> for Append<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.changes.push_new(&mut out, self.rows, "", |_| Ok(()))?;
        push_append(&mut out, self.rows, "null", None);
        out.push_sql(" select 1");
        Ok(())
    }
}

/// Reads the newest entries of one record.
const NEWEST: &str = "
select event_id from (
    select event_id from changes where resource = $1 and key = $2 order by seq desc limit $3) as newest
where event_id = any ($4)";

/// Reads the first entry of each record.
const FIRST: &str = "
select first.event_id from unnest($2) as these (key) cross join lateral (
    select event_id from changes where resource = $1 and key = these.key order by seq limit 1) as first
where first.event_id = any ($3)";

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = SqlUuid)]
    event_id: Uuid,
}

/// Returns those of the events that are among the newest entries of a record. The caller knows how
/// many there may be since: a record that changes often has a history of any length.
pub async fn recorded(
    connection: &mut AsyncPgConnection,
    (resource, key): (&str, &str),
    newest: i64,
    events: &[Uuid],
) -> QueryResult<HashSet<Uuid>> {
    let found = diesel::sql_query(NEWEST)
        .bind::<Text, _>(resource)
        .bind::<Text, _>(key)
        .bind::<BigInt, _>(newest)
        .bind::<Array<SqlUuid>, _>(events);
    Ok(found.load::<Found>(connection).await?.into_iter().map(|row| row.event_id).collect())
}

/// Returns those of the events that created one of these records: the first entries of their
/// histories.
pub async fn recorded_first(
    connection: &mut AsyncPgConnection,
    resource: &str,
    keys: &[&str],
    events: &[Uuid],
) -> QueryResult<HashSet<Uuid>> {
    let found = diesel::sql_query(FIRST)
        .bind::<Text, _>(resource)
        .bind::<Array<Text>, _>(keys)
        .bind::<Array<SqlUuid>, _>(events);
    Ok(found.load::<Found>(connection).await?.into_iter().map(|row| row.event_id).collect())
}

/// An entry of a record's history.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = changes)]
pub struct Entry {
    /// The sequence number in the log.
    pub seq: i64,
    /// The kind of change.
    pub kind: String,
    /// The side that made the change.
    pub origin: String,
    /// The record's version after the change.
    pub version: i64,
    /// The time of the change at this side.
    pub at: DateTime<Utc>,
    /// The event.
    pub body: String,
    /// The private part after the change, if it changed.
    pub private: Option<Json<Value>>,
    /// The conflicts that were resolved.
    pub conflicts: Option<Json<Value>>,
    /// The principal that requested the change here, if known.
    pub principal: Option<String>,
    /// The trace of the request that made the change, as W3C `traceparent`.
    pub trace: Option<String>,
}

/// Returns a record's history after a sequence number, oldest first.
pub async fn entries_of(
    connection: &mut AsyncPgConnection,
    (resource, key): (&str, &str),
    after: i64,
    limit: i64,
) -> QueryResult<Vec<Entry>> {
    changes::table
        .filter(changes::resource.eq(resource).and(changes::key.eq(key)))
        .filter(changes::seq.gt(after))
        .order(changes::seq)
        .limit(limit)
        .select(Entry::as_select())
        .load(connection)
        .await
}
