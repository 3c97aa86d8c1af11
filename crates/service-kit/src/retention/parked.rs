//! Deleting parked changes that wait for nobody, and what is known of their events.
//!
//! An event's id is a UUIDv7, which begins with the time at which the event was made. That is how an
//! offer is known to be old, and an event that was reported.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

/// Deletes changes that were dropped before a time, or parked for the last time and offered again before it.
/// (A later offer may still be in vain, and is then reported as this change.) Each of the three kinds is read
/// in the order of an index of its own, so that none has to look through those that are to stay. Rows that
/// others have locked are left for the next time.
const DELETE_SETTLED: &str = "
with dropped as materialized (
    select id from parked where state = 'dropped' and coalesce(acted_at, last_at) < $1
    order by coalesce(acted_at, last_at) limit $3),
offered as materialized (
    select id from parked where state = 'offered' and event_id < $2 and last_at < $1
    order by event_id limit $3),
offered_undated as materialized (
    select id from parked
    where state = 'offered' and substr(event_id::text, 15, 1) <> '7' and last_at < $1
    order by last_at limit $3),
settled as materialized (
    select id from parked where id = any (array(
        select id from dropped
        union select id from offered
        union select id from offered_undated
        limit $3)) and state <> 'parked'
    for update skip locked),
gone as (
    delete from parked where id = any (array(select id from settled)) returning id, event_id),
events as (
    delete from parked_events
    where event_id in (select id from gone union all select event_id from gone))
select count(*) as count from gone";

#[derive(QueryableByName)]
struct Gone {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// Deletes up to `limit` parked changes that have been settled since before a time; returns their
/// number. The caller owns the transaction.
pub async fn delete_settled(
    connection: &mut AsyncPgConnection,
    before: DateTime<Utc>,
    limit: u16,
) -> QueryResult<usize> {
    let gone = diesel::sql_query(DELETE_SETTLED)
        .bind::<Timestamptz, _>(before)
        .bind::<SqlUuid, _>(first_id(before))
        .bind::<BigInt, _>(i64::from(limit))
        .get_result::<Gone>(connection)
        .await?;
    Ok(usize::try_from(gone.count).unwrap_or_default())
}

/// Looks at the next events in the order of their ids; deletes those of no parked change.
const SWEEP: &str = "
with looked_at as materialized (
    select event_id from parked_events where event_id > $1 and event_id < $2
    order by event_id limit $3),
gone as (
    delete from parked_events where event_id = any (array(
        select event_id from looked_at
        where substr(event_id::text, 15, 1) = '7'
            and not exists (select from parked where parked.id = looked_at.event_id)
            and not exists (select from parked where parked.event_id = looked_at.event_id))))
select count(*) as count, (select event_id from looked_at order by event_id desc limit 1) as last
from looked_at";

#[derive(QueryableByName)]
struct LookedAt {
    #[diesel(sql_type = BigInt)]
    count: i64,
    #[diesel(sql_type = diesel::sql_types::Nullable<SqlUuid>)]
    last: Option<Uuid>,
}

/// The end of a step through the reported events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Swept {
    /// The last event that was looked at; there may be more.
    Upto(Uuid),
    /// All were looked at.
    All,
}

/// Looks at up to `limit` reported events after one, made before a time; deletes those that belong to
/// no parked change. The caller owns the transaction.
pub async fn sweep_events(
    connection: &mut AsyncPgConnection,
    after: Uuid,
    before: DateTime<Utc>,
    limit: u16,
) -> QueryResult<Swept> {
    let looked_at = diesel::sql_query(SWEEP)
        .bind::<SqlUuid, _>(after)
        .bind::<SqlUuid, _>(first_id(before))
        .bind::<BigInt, _>(i64::from(limit))
        .get_result::<LookedAt>(connection)
        .await?;
    Ok(match looked_at.last {
        Some(last) if looked_at.count >= i64::from(limit) => Swept::Upto(last),
        Some(_) | None => Swept::All,
    })
}

/// Returns the least id of an event that was made at a time.
fn first_id(at: DateTime<Utc>) -> Uuid {
    let milliseconds = u64::try_from(at.timestamp_millis()).unwrap_or_default();
    Uuid::from_u64_pair(milliseconds << 16, 0)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn the_id_of_an_event_shows_whether_it_was_made_before_a_time() {
        let event = Uuid::now_v7();
        let now = Utc::now();
        assert!(event < first_id(now + TimeDelta::seconds(1)));
        assert!(event > first_id(now - TimeDelta::seconds(1)));
        assert_eq!(first_id(DateTime::<Utc>::MIN_UTC), Uuid::nil());
    }
}
