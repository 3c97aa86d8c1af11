//! Trimming the log. Each statement reads by an index and is bounded by the number of entries of a
//! step, however long the log is.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::resource::Resources;

/// The result of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trimmed {
    /// The number of entries that were passed.
    pub passed: u64,
    /// The number of older entries that were deleted.
    pub deleted: u64,
}

/// Finds the first entry that was not passed.
const FIRST: &str = "
select first.at from log_state cross join lateral (
    select at from changes where (xid, seq) > (trimmed_xid, trimmed_seq)
    order by xid, seq limit 1) as first";

#[derive(QueryableByName)]
struct First {
    #[diesel(sql_type = Timestamptz)]
    at: DateTime<Utc>,
}

/// Returns the time of the oldest change that was not passed: from there on every change is kept.
pub async fn oldest(connection: &AsyncPgConnection) -> QueryResult<Option<DateTime<Utc>>> {
    let first = diesel::sql_query(FIRST);
    let first = RunQueryDsl::get_result::<First>(first, &mut &*connection).await.optional()?;
    Ok(first.map(|first| first.at))
}

/// Takes the log for trimming. Two trimmers exclude each other; nobody else locks this row, and
/// readers do not wait for it.
const TAKE: &str = "
select trimmed_xid as xid, trimmed_seq as seq, 0::bigint as entries
from log_state for update skip locked";

/// A position in the log, and the number of entries up to it.
#[derive(Clone, Copy, Debug, QueryableByName)]
struct Place {
    #[diesel(sql_type = BigInt)]
    xid: i64,
    #[diesel(sql_type = BigInt)]
    seq: i64,
    #[diesel(sql_type = BigInt)]
    entries: i64,
}

/// Finds the last of the next entries that may be passed: all before it may be, too. The outbox is
/// asked for each by its primary key (a subquery), as a join could read all of it.
const WINDOW: &str = "
select xid, seq, entries from (
    select xid, seq, row_number() over (order by xid, seq) as entries,
        bool_and(may_pass) over (order by xid, seq) as all_may_pass
    from (
        select xid, seq, at < $3 and seq <= $4 and (
            select outbox.seq from outbox where outbox.seq = changes.seq) is null as may_pass
        from changes
        where (xid, seq) > ($1, $2)
            and xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
        order by xid, seq limit $5) as next_entries) as judged
where all_may_pass order by xid desc, seq desc limit 1";

/// Deletes the older changes of the records in a window: those within it, and the one of each record
/// that was kept before; and the offers within it, which say nothing new. The last entry of the log
/// stays: by it, whoever compares sees that the log was not set back. The changes of a record are
/// in the order of their numbers, too, because a writer locks the record first. They are looked up by
/// index (`lateral`) and deleted by primary key, whatever PostgreSQL knows of the log's size.
const DELETE_OLDER: &str = "
with entries as materialized (
    select resource, key, seq, offer_in_bulk from changes
    where (xid, seq) > ($1, $2) and (xid, seq) <= ($3, $4)
    order by xid, seq limit $5),
passed as materialized (
    select resource, key, max(seq) as newest from entries
    where offer_in_bulk is null group by resource, key),
older as materialized (
    select seq from entries
    where offer_in_bulk is not null and seq < (select max(seq) from changes)
    union all
    select entry.seq from passed cross join lateral (
        select seq from changes
        where resource = passed.resource and key = passed.key and seq < passed.newest
            and (xid, seq) <= ($3, $4)
        order by seq limit $5) as entry)
delete from changes where seq = any (array(select seq from older))";

const ADVANCE: &str = "update log_state set trimmed_xid = $1, trimmed_seq = $2";

/// Passes up to `limit` entries that are older than `before`, and deletes the older entries of their
/// records; returns `None` if none may be passed, or another process is at it. The caller owns the
/// transaction, in which readers see both or neither.
pub async fn trim(
    connection: &mut AsyncPgConnection,
    resources: &Resources,
    before: DateTime<Utc>,
    limit: u16,
) -> QueryResult<Option<Trimmed>> {
    let taken = diesel::sql_query(TAKE).get_result::<Place>(connection).await.optional()?;
    let Some(trimmed) = taken else { return Ok(None) };
    let upto = upto(connection, resources, before).await?;
    let window = diesel::sql_query(WINDOW)
        .bind::<BigInt, _>(trimmed.xid)
        .bind::<BigInt, _>(trimmed.seq)
        .bind::<Timestamptz, _>(before)
        .bind::<BigInt, _>(upto)
        .bind::<BigInt, _>(i64::from(limit));
    let Some(end) = window.get_result::<Place>(connection).await.optional()? else {
        return Ok(None);
    };
    let deleted = diesel::sql_query(DELETE_OLDER)
        .bind::<BigInt, _>(trimmed.xid)
        .bind::<BigInt, _>(trimmed.seq)
        .bind::<BigInt, _>(end.xid)
        .bind::<BigInt, _>(end.seq)
        .bind::<BigInt, _>(i64::from(limit))
        .execute(connection)
        .await?;
    diesel::sql_query(ADVANCE)
        .bind::<BigInt, _>(end.xid)
        .bind::<BigInt, _>(end.seq)
        .execute(connection)
        .await?;
    let passed = u64::try_from(end.entries).unwrap_or_default();
    Ok(Some(Trimmed { passed, deleted: deleted as u64 }))
}

/// Finds the place that offers since a time have come to; one that still looks for its beginning
/// needs all.
const OFFERS: &str = "
select min(case when until_seq is null then 0 else after_seq end) as place
from offers where since is not null";

#[derive(QueryableByName)]
struct Read {
    #[diesel(sql_type = Nullable<BigInt>)]
    place: Option<i64>,
}

/// Returns the number up to which those have read the log that read it by number.
async fn upto(
    connection: &mut AsyncPgConnection,
    resources: &Resources,
    before: DateTime<Utc>,
) -> QueryResult<i64> {
    let offers = diesel::sql_query(OFFERS).get_result::<Read>(connection).await?.place;
    let mut upto = offers.unwrap_or(i64::MAX);
    for resource in resources.each() {
        upto = upto.min(resource.has_read(connection, before).await?.unwrap_or(i64::MAX));
    }
    Ok(upto)
}

/// Finds those of these records of which the newest change was passed, and is not the last entry of the
/// log, which always stays.
const PASSED: &str = "
select these.key from unnest($2) as these (key) cross join lateral (
    select xid, seq from changes
    where resource = $1 and key = these.key and offer_in_bulk is null
    order by seq desc limit 1) as newest
where (xid, seq) <= (select trimmed_xid, trimmed_seq from log_state)
    and seq < (select max(seq) from changes)";

#[derive(QueryableByName)]
struct Key {
    #[diesel(sql_type = Text)]
    key: String,
}

/// Returns those of these records of which every change was passed.
pub(super) async fn passed(
    connection: &mut AsyncPgConnection,
    resource: &str,
    keys: &[String],
) -> QueryResult<Vec<String>> {
    let passed = diesel::sql_query(PASSED).bind::<Text, _>(resource).bind::<Array<Text>, _>(keys);
    Ok(passed.load::<Key>(connection).await?.into_iter().map(|passed| passed.key).collect())
}

/// Deletes the entries of these records that were passed. There is one of each; more only where a
/// writer did not lock its record. An offer that was not passed goes when it is.
const DELETE_PASSED: &str = "
with entries as materialized (
    select entry.seq from unnest($2) as these (key) cross join lateral (
        select seq from changes where resource = $1 and key = these.key
            and (xid, seq) <= (select trimmed_xid, trimmed_seq from log_state)
        order by seq limit 10) as entry)
delete from changes where seq = any (array(select seq from entries))";

/// Deletes the entries of records that are gone.
pub(super) async fn delete_passed(
    connection: &mut AsyncPgConnection,
    resource: &str,
    keys: &[String],
) -> QueryResult<usize> {
    let delete =
        diesel::sql_query(DELETE_PASSED).bind::<Text, _>(resource).bind::<Array<Text>, _>(keys);
    delete.execute(connection).await
}

/// Returns whether an entry that was not passed is older than `before`.
pub(super) async fn is_due(
    connection: &mut AsyncPgConnection,
    before: DateTime<Utc>,
) -> QueryResult<bool> {
    #[derive(QueryableByName)]
    struct Due {
        #[diesel(sql_type = Bool)]
        due: bool,
    }
    let due = format!("select exists (select from ({FIRST}) as first where at < $1) as due");
    let due = diesel::sql_query(due).bind::<Timestamptz, _>(before);
    Ok(due.get_result::<Due>(connection).await?.due)
}
