//! Finding due parked changes, and setting their state. A statement that locks several rows does it
//! in the order of their ids, or skips locked ones.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use crate::parked::State;
use crate::resource::Resources;

/// Locks all due changes of the records whose changes have been due longest: those of a record go
/// together. Each record is looked up by itself (`lateral`), so that no more is read than that,
/// however many changes are due. The trace is looked for in the newest changes of the record: a record
/// that changes often has a history of any length.
const LOCK_DUE: &str = "
with first as materialized (
    select resource, key from parked
    where state = 'parked' and offer_at <= $1 and {record_exists}
    order by offer_at limit $2),
due as materialized (
    select these.id from (select distinct resource, key from first) as one
    cross join lateral (
        select id from parked
        where parked.resource = one.resource and parked.key = one.key
            and state = 'parked' and offer_at <= $1
        limit $2) as these)
select id, resource, key, last_at, (
    select trace from (
        select event_id, trace from changes
        where changes.resource = parked.resource and changes.key = parked.key
        order by seq desc limit 100) as newest
    where newest.event_id = parked.id limit 1) as trace
from parked
where id = any (array(select id from due)) and state = 'parked' and offer_at <= $1
order by id
for update skip locked";

/// A parked change that is due.
#[derive(Clone, Debug, QueryableByName)]
pub(in crate::parked) struct Due {
    #[diesel(sql_type = SqlUuid)]
    pub(in crate::parked) id: Uuid,
    #[diesel(sql_type = Text)]
    pub(in crate::parked) resource: String,
    #[diesel(sql_type = Text)]
    pub(in crate::parked) key: String,
    #[diesel(sql_type = Timestamptz)]
    pub(in crate::parked) last_at: DateTime<Utc>,
    /// The trace of the change that was parked first, as W3C `traceparent`.
    #[diesel(sql_type = Nullable<Text>)]
    pub(in crate::parked) trace: Option<String>,
}

/// Locks and returns due changes: at least `limit`, if there are as many.
pub(in crate::parked) async fn lock_due(
    connection: &mut AsyncPgConnection,
    resources: &Resources,
    now: DateTime<Utc>,
    limit: usize,
) -> QueryResult<Vec<Due>> {
    diesel::sql_query(over(resources, LOCK_DUE))
        .bind::<Timestamptz, _>(now)
        .bind::<BigInt, _>(i64::try_from(limit).unwrap_or(i64::MAX))
        .load(connection)
        .await
}

const SET_OFFERED: &str = "
update parked set
    state = 'offered', offer_at = null, event_id = coalesce(new.event_id, parked.event_id)
from unnest($1, $2) as new (id, event_id)
where parked.id = new.id";

/// Marks these as offered; those with an event in `events` get that as their event.
pub(in crate::parked) async fn set_offered(
    connection: &mut AsyncPgConnection,
    due: &[Due],
    events: &HashMap<Uuid, Uuid>,
) -> QueryResult<()> {
    let events_of_rows = due.iter().map(|row| events.get(&row.id).copied());
    diesel::sql_query(SET_OFFERED)
        .bind::<Array<SqlUuid>, _>(due.iter().map(|row| row.id).collect::<Vec<_>>())
        .bind::<Array<Nullable<SqlUuid>>, _>(events_of_rows.collect::<Vec<_>>())
        .execute(connection)
        .await?;
    Ok(())
}

/// Makes changes due. A row that is changed concurrently is checked again when it is locked. The
/// due time is when it was last parked: a time that does not depend on any clock here, so that two
/// concurrent replays of the same row count it once.
const SET_DUE: &str = "
with these as (
    select id from parked
    where state = 'parked' and (offer_at is null or offer_at > greatest($1, last_at))
        and ($2 is null or id = any ($2))
        and {record_exists}
    order by id
    for update)
update parked set offer_at = last_at, acted_by = $3, acted_at = $1
from these where parked.id = these.id
returning parked.id";

const SET_DROPPED: &str = "
with these as (
    select id from parked
    where state = 'parked' and ($1 is null or id = any ($1))
    order by id
    for update)
update parked set state = 'dropped', offer_at = null, acted_by = $2, acted_at = $3
from these where parked.id = these.id
returning parked.id";

#[derive(QueryableByName)]
struct Set {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

/// Makes those of these, or of all, that are parked and can be offered due; returns their ids.
pub(in crate::parked) async fn set_due(
    connection: &mut AsyncPgConnection,
    resources: &Resources,
    ids: Option<&[Uuid]>,
    (principal, now): (Option<&str>, DateTime<Utc>),
) -> QueryResult<Vec<Uuid>> {
    let query = diesel::sql_query(over(resources, SET_DUE))
        .bind::<Timestamptz, _>(now)
        .bind::<Nullable<Array<SqlUuid>>, _>(ids)
        .bind::<Nullable<Text>, _>(principal);
    Ok(query.load::<Set>(connection).await?.into_iter().map(|row| row.id).collect())
}

/// Drops those of these, or of all, that are parked; returns their ids.
pub(in crate::parked) async fn set_dropped(
    connection: &mut AsyncPgConnection,
    ids: Option<&[Uuid]>,
    (principal, now): (Option<&str>, DateTime<Utc>),
) -> QueryResult<Vec<Uuid>> {
    let query = diesel::sql_query(SET_DROPPED)
        .bind::<Nullable<Array<SqlUuid>>, _>(ids)
        .bind::<Nullable<Text>, _>(principal)
        .bind::<Timestamptz, _>(now);
    Ok(query.load::<Set>(connection).await?.into_iter().map(|row| row.id).collect())
}

const CURRENT_STATES: &str = "
select id, state, offer_at,
    {record_exists} as record_exists
from parked where id = any ($1)";

/// The state of a parked change.
#[derive(Clone, Copy, Debug, QueryableByName)]
pub(in crate::parked) struct CurrentState {
    #[diesel(sql_type = SqlUuid)]
    pub(in crate::parked) id: Uuid,
    #[diesel(sql_type = Text)]
    pub(in crate::parked) state: State,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub(in crate::parked) offer_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Bool)]
    pub(in crate::parked) record_exists: bool,
}

/// Returns the states of those of these that exist.
pub(in crate::parked) async fn current_states(
    connection: &mut AsyncPgConnection,
    resources: &Resources,
    ids: &[Uuid],
) -> QueryResult<Vec<CurrentState>> {
    diesel::sql_query(over(resources, CURRENT_STATES))
        .bind::<Array<SqlUuid>, _>(ids)
        .load(connection)
        .await
}

const UNSET_DUE: &str = "
update parked set offer_at = null
where id = any ($1) and offer_at is not null and not {record_exists}";

/// Leaves those of these to a person whose records do not exist: they cannot be offered.
pub(in crate::parked) async fn unset_due(
    connection: &mut AsyncPgConnection,
    resources: &Resources,
    ids: &[Uuid],
) -> QueryResult<()> {
    let query = diesel::sql_query(over(resources, UNSET_DUE)).bind::<Array<SqlUuid>, _>(ids);
    query.execute(connection).await.map(|_| ())
}

/// Returns a statement about parked changes whose records exist.
fn over(resources: &Resources, statement: &str) -> String {
    statement.replace("{record_exists}", &resources.record_exists())
}
