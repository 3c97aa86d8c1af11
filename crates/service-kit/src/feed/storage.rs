//! All SQL of a feed.

use std::marker::PhantomData;
use std::sync::OnceLock;
use std::time::Duration;

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use shared_models::side::Side;
use uuid::Uuid;

use super::cursor::Position;
use super::entry::{Entry, Event};
use super::filter::Filter;

/// Reads the state of the log: `bound` is the first transaction that is not over, `newest` the last
/// change before it. No position is made of `bound` itself: after a crash, a transaction id that was
/// used by nothing that is kept is used again.
const STATE: &str = "
with state as materialized (
    select incarnation, trimmed_xid, trimmed_seq,
        pg_snapshot_xmin(pg_current_snapshot())::text::bigint as bound
    from log_state)
select incarnation, trimmed_xid, trimmed_seq, coalesce(newest.xid, 0), coalesce(newest.seq, 0)";
const FROM_STATE: &str = "
from state left join lateral (
    select xid, seq from changes where xid < bound
    order by xid desc, seq desc limit 1) as newest on true";
/// Reads the entries of a part besides, of the same snapshot: a reader notices what was trimmed
/// meanwhile. Of those that do not match, the event is left out.
const ENTRIES: &str = "
union all (select null, null, null, null, null, xid, seq, ";
const FOLLOWING: &str = " then body end
    from changes
    where xid < (select bound from state) and (xid, seq) > (";

/// The state of the log, to be read.
struct OnlyState;

impl QueryId for OnlyState {
    type QueryId = Self;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl QueryFragment<Pg> for OnlyState {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(STATE);
        out.push_sql(FROM_STATE);
        Ok(())
    }
}

impl Query for OnlyState {
    type SqlType = StateTypes;
}

/// Reads the state of the log.
pub(super) async fn read_state(connection: &AsyncPgConnection) -> QueryResult<LogState> {
    RunQueryDsl::get_result::<StateRow>(OnlyState, &mut &*connection).await.map(LogState::of)
}

/// The columns that are read of an entry.
pub(super) trait Columns: Sized + 'static {
    /// The names of the columns, each with a comma, besides the position and the event.
    const NAMES: &str;
    /// As many nulls as there are columns: what stands there in the row of the state.
    const NULLS: &str;

    /// Reads a part: a row with the state, and one for each entry, in any order.
    async fn load(
        part: Part<'_, Self>,
        connection: &AsyncPgConnection,
    ) -> QueryResult<Vec<(Option<StateRow>, Option<Looked<Self>>)>>;
}

/// An entry that was looked at.
pub(super) struct Looked<C> {
    position: Position,
    /// `None` if it does not match.
    entry: Option<C>,
}

/// A part of the log, to be read.
pub(super) struct Part<'a, C> {
    after: Position,
    limit: i64,
    filter: &'a Filter,
    origin: Option<&'static str>,
    columns: PhantomData<fn() -> C>,
}

impl<C: 'static> QueryId for Part<'_, C> {
    type QueryId = Part<'static, C>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<C: Columns> QueryFragment<Pg> for Part<'_, C> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let Filter { resource, key, kind, .. } = self.filter;
        for part in [STATE, ", ", C::NULLS, FROM_STATE, ENTRIES, C::NAMES] {
            out.push_sql(part);
        }
        out.push_sql("case when offer_in_bulk is null and coalesce(resource = ");
        out.push_bind_param::<Nullable<Text>, _>(resource)?;
        out.push_sql(", true) and coalesce(key = ");
        out.push_bind_param::<Nullable<Text>, _>(key)?;
        out.push_sql(", true) and coalesce(kind = ");
        out.push_bind_param::<Nullable<Text>, _>(kind)?;
        out.push_sql(", true) and coalesce(origin = ");
        out.push_bind_param::<Nullable<Text>, _>(&self.origin)?;
        out.push_sql(", true)");
        out.push_sql(FOLLOWING);
        out.push_bind_param::<BigInt, _>(&self.after.xid)?;
        out.push_sql(", ");
        out.push_bind_param::<BigInt, _>(&self.after.seq)?;
        out.push_sql(") order by xid, seq limit ");
        out.push_bind_param::<BigInt, _>(&self.limit)?;
        out.push_sql(")");
        Ok(())
    }
}

type StateTypes = (SqlUuid, BigInt, BigInt, BigInt, BigInt);

/// The state of the log: its incarnation, where it is trimmed, its newest change.
pub(super) type StateRow = (Uuid, i64, i64, i64, i64);

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
    fn of((incarnation, trimmed_xid, trimmed_seq, xid, seq): StateRow) -> Self {
        let trimmed = Position { xid: trimmed_xid, seq: trimmed_seq };
        Self { incarnation, trimmed, newest: Position { xid, seq } }
    }

    /// Returns the place of a reader who has read everything. What is trimmed may be later than the
    /// newest change, if that was an offer or a removal that is deleted.
    pub(super) fn end(&self) -> Position {
        self.newest.max(self.trimmed)
    }
}

type EntryTypes =
    (BigInt, BigInt, Text, Text, Text, Text, BigInt, Timestamptz, Nullable<Text>, Nullable<Text>);
type EntryRow =
    (i64, i64, String, String, String, String, i64, DateTime<Utc>, Option<String>, Option<String>);

impl Query for Part<'_, Entry> {
    type SqlType = (Nullable<StateTypes>, Nullable<EntryTypes>);
}

impl Columns for Entry {
    const NAMES: &str = "resource, key, kind, origin, version, at, principal, ";
    const NULLS: &str = "null, null, null, null, null, null, null, null, null, null";

    async fn load(
        part: Part<'_, Self>,
        connection: &AsyncPgConnection,
    ) -> QueryResult<Vec<(Option<StateRow>, Option<Looked<Self>>)>> {
        let rows = RunQueryDsl::load::<(_, Option<EntryRow>)>(part, &mut &*connection).await?;
        Ok(rows.into_iter().map(|(state, row)| (state, row.map(Self::looked))).collect())
    }
}

impl Entry {
    fn looked(row: EntryRow) -> Looked<Self> {
        let (xid, seq, resource, key, kind, origin, version, at, principal, body) = row;
        let (position, values) = (Position { xid, seq }, OnceLock::new());
        let entry = body.map(|body| Self {
            position,
            resource,
            key,
            kind,
            origin,
            version,
            at,
            principal,
            body,
            values,
        });
        Looked { position, entry }
    }
}

impl Query for Part<'_, Event> {
    type SqlType = (Nullable<StateTypes>, Nullable<(BigInt, BigInt, Nullable<Text>)>);
}

impl Columns for Event {
    const NAMES: &str = "";
    const NULLS: &str = "null, null, null";

    async fn load(
        part: Part<'_, Self>,
        connection: &AsyncPgConnection,
    ) -> QueryResult<Vec<(Option<StateRow>, Option<Looked<Self>>)>> {
        type Row = (i64, i64, Option<String>);
        let rows = RunQueryDsl::load::<(_, Option<Row>)>(part, &mut &*connection).await?;
        let looked = |(xid, seq, body): Row| {
            let position = Position { xid, seq };
            Looked { position, entry: body.map(|body| Self { position, body }) }
        };
        Ok(rows.into_iter().map(|(state, row)| (state, row.map(looked))).collect())
    }
}

/// A part of the log that was read.
#[derive(Debug)]
pub(super) struct LogPart<C = Entry> {
    /// The state of the log in the same snapshot.
    pub(super) state: LogState,
    /// The entries that match, oldest first.
    pub(super) entries: Vec<C>,
    /// The number of entries that were looked at.
    pub(super) looked_at: usize,
    /// The position of the last of them, if there may be more after it.
    pub(super) last: Option<Position>,
}

/// Looks at the next `count` entries after a position, and returns those that match the columns of the
/// filter. Offers are no changes, and are left out.
pub(super) async fn read_part<C: Columns>(
    connection: &AsyncPgConnection,
    after: Position,
    count: usize,
    filter: &Filter,
) -> QueryResult<LogPart<C>> {
    let limit = i64::try_from(count).unwrap_or(i64::MAX);
    let origin = filter.origin.map(Side::as_str);
    let part = Part { after, limit, filter, origin, columns: PhantomData };
    let rows = C::load(part, connection).await?;
    let (mut state, mut looked) = (None, Vec::with_capacity(rows.len()));
    for (of_log, entry) in rows {
        state = state.or(of_log);
        looked.extend(entry);
    }
    let state = state.map(LogState::of).ok_or(diesel::result::Error::NotFound)?;
    // They are sorted already; PostgreSQL does not promise it of a union.
    looked.sort_by_key(|looked| looked.position);
    let looked_at = looked.len();
    let last = looked.last().filter(|_| looked_at == count).map(|last| last.position);
    let entries = looked.into_iter().filter_map(|looked| looked.entry).collect();
    Ok(LogPart { state, entries, looked_at, last })
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
