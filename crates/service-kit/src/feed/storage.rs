//! All SQL of a feed.

use std::sync::OnceLock;
use std::time::Duration;

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::Value;
use shared_models::side::Side;
use uuid::Uuid;

use super::cursor::Position;
use super::filter::Filter;
use crate::resource::{Resource, Resources};

/// Reads the state of the log, and where a part of it ends: `bound` is the first transaction that is not
/// over, `newest` the last change before it. No position is made of `bound` itself: after a crash, a
/// transaction id that was used by nothing that is kept is used again.
const STATE: &str = "
with state as materialized (
    select incarnation, trimmed_xid, trimmed_seq,
        pg_snapshot_xmin(pg_current_snapshot())::text::bigint as bound
    from log_state),
newest as materialized (
    select xid, seq from changes where xid < (select bound from state)
    order by xid desc, seq desc limit 1),
last as materialized (
    select xid, seq from changes where xid < (select bound from state) and (xid, seq) > (";

/// Reads the entries of the part. The ends are compared as scalars, so that both are conditions of the
/// index. The state stands in each row, and in one of its own where there is no entry: it is of the
/// same snapshot, so a reader notices what was trimmed meanwhile.
const ENTRIES: &str = " limit 1),
part_end as materialized (
    select coalesce((select xid from last), (select xid from newest), 0) as xid,
        coalesce((select seq from last), (select seq from newest), 0) as seq)
select incarnation, trimmed_xid, trimmed_seq,
    coalesce((select xid from newest), 0), coalesce((select seq from newest), 0),
    (select xid from last), (select seq from last),
    entry.xid, entry.seq, resource, key, kind, origin, version, at, principal, body
from state left join lateral (
    select xid, seq, resource, key, kind, origin, version, at, principal, body from changes
    where (xid, seq) <= ((select xid from part_end), (select seq from part_end))
        and offer_in_bulk is null and (xid, seq) > (";

/// A part of the log, to be read.
struct Part<'a> {
    after: Position,
    /// The number of entries before the last one.
    offset: i64,
    limit: i64,
    filter: &'a Filter,
    origin: Option<&'static str>,
}

impl QueryId for Part<'_> {
    type QueryId = Part<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl QueryFragment<Pg> for Part<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let Filter { resource, key, kind, .. } = self.filter;
        out.push_sql(STATE);
        out.push_bind_param::<BigInt, _>(&self.after.xid)?;
        out.push_sql(", ");
        out.push_bind_param::<BigInt, _>(&self.after.seq)?;
        out.push_sql(") order by xid, seq offset ");
        out.push_bind_param::<BigInt, _>(&self.offset)?;
        out.push_sql(ENTRIES);
        out.push_bind_param::<BigInt, _>(&self.after.xid)?;
        out.push_sql(", ");
        out.push_bind_param::<BigInt, _>(&self.after.seq)?;
        out.push_sql(") and coalesce(resource = ");
        out.push_bind_param::<Nullable<Text>, _>(resource)?;
        out.push_sql(", true) and coalesce(key = ");
        out.push_bind_param::<Nullable<Text>, _>(key)?;
        out.push_sql(", true) and coalesce(kind = ");
        out.push_bind_param::<Nullable<Text>, _>(kind)?;
        out.push_sql(", true) and coalesce(origin = ");
        out.push_bind_param::<Nullable<Text>, _>(&self.origin)?;
        out.push_sql(", true) order by xid, seq limit ");
        out.push_bind_param::<BigInt, _>(&self.limit)?;
        out.push_sql(") as entry on true order by entry.xid, entry.seq");
        Ok(())
    }
}

impl Query for Part<'_> {
    type SqlType = (
        (SqlUuid, BigInt, BigInt, BigInt, BigInt, Nullable<BigInt>, Nullable<BigInt>),
        Nullable<(
            BigInt,
            BigInt,
            Text,
            Text,
            Text,
            Text,
            BigInt,
            Timestamptz,
            Nullable<Text>,
            Text,
        )>,
    );
}

/// The state of the log: its incarnation, where it is trimmed, its newest change, the end of the part.
type StateRow = (Uuid, i64, i64, i64, i64, Option<i64>, Option<i64>);

type EntryRow =
    (i64, i64, String, String, String, String, i64, DateTime<Utc>, Option<String>, String);

/// The state of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LogState {
    /// The log's identity.
    pub(super) incarnation: Uuid,
    /// The position up to which only the newest change of each record is kept.
    pub(super) trimmed: Position,
    /// The position of the newest change that readers see.
    pub(super) newest: Position,
}

impl LogState {
    /// Returns the place of a reader who has read everything. What is trimmed may be later than the
    /// newest change, if that was an offer or a removal that is deleted.
    pub(super) fn end(&self) -> Position {
        self.newest.max(self.trimmed)
    }
}

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
    values: OnceLock<Box<[Option<String>]>>,
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

    fn of(row: EntryRow) -> Self {
        let (xid, seq, resource, key, kind, origin, version, at, principal, body) = row;
        let (position, values) = (Position { xid, seq }, OnceLock::new());
        Self { position, resource, key, kind, origin, version, at, principal, body, values }
    }

    /// Returns an entry for tests of what is pure.
    #[cfg(test)]
    pub(super) fn sample(resource: &str, key: &str, body: &str) -> Self {
        let kind = format!("{resource}.written");
        let (origin, at) = (Side::Store.as_str().to_owned(), DateTime::UNIX_EPOCH);
        Self::of((0, 0, resource.into(), key.into(), kind, origin, 1, at, None, body.into()))
    }
}

/// A part of the log that was read.
#[derive(Debug)]
pub(super) struct LogPart {
    /// The state of the log in the same snapshot.
    pub(super) state: LogState,
    /// The entries that match, oldest first.
    pub(super) entries: Vec<Entry>,
    /// The position of the last entry that was looked at, if there may be more after it.
    pub(super) last: Option<Position>,
}

/// The number of entries to look at, and to return at the most.
#[derive(Clone, Copy, Debug)]
pub(super) struct PartSize {
    /// The entries to look at.
    pub(super) look_at: usize,
    /// The entries to return.
    pub(super) limit: usize,
}

/// Looks at the next entries after a position, and returns those that match the columns of the filter.
/// Offers are no changes, and are left out.
pub(super) async fn read_part(
    connection: &AsyncPgConnection,
    after: Position,
    size: PartSize,
    filter: &Filter,
) -> QueryResult<LogPart> {
    let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let (offset, limit) = (number(size.look_at).saturating_sub(1).max(0), number(size.limit));
    let origin = filter.origin.map(Side::as_str);
    let part = Part { after, offset, limit, filter, origin };
    let rows = RunQueryDsl::load::<(StateRow, Option<EntryRow>)>(part, &mut &*connection).await?;
    let Some((state, _)) = rows.as_slice().first() else {
        return Err(diesel::result::Error::NotFound);
    };
    let (incarnation, trimmed_xid, trimmed_seq, xid, seq, last_xid, last_seq) = *state;
    let trimmed = Position { xid: trimmed_xid, seq: trimmed_seq };
    let state = LogState { incarnation, trimmed, newest: Position { xid, seq } };
    let last = last_xid.zip(last_seq).map(|(xid, seq)| Position { xid, seq });
    let entries = rows.into_iter().filter_map(|(_, entry)| entry.map(Entry::of)).collect();
    Ok(LogPart { state, entries, last })
}

/// Reads the time of the oldest change that readers do not see yet.
const OLDEST_UNSEEN: &str = "
select at from changes
where xid >= (select pg_snapshot_xmin(pg_current_snapshot())::text::bigint)
order by xid, seq limit 1";

#[derive(QueryableByName)]
struct Unseen {
    #[diesel(sql_type = Timestamptz)]
    at: DateTime<Utc>,
}

/// Returns the age of the oldest change that is committed, and that readers do not see yet because a
/// transaction that began earlier is not over; zero if there is none.
pub async fn lag(connection: &AsyncPgConnection) -> QueryResult<Duration> {
    let asking = diesel::sql_query(OLDEST_UNSEEN);
    let unseen = RunQueryDsl::get_result::<Unseen>(asking, &mut &*connection).await.optional()?;
    let age = unseen.map(|unseen| (Utc::now() - unseen.at).to_std().unwrap_or_default());
    Ok(age.unwrap_or_default())
}
