//! The writes of a report.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::sql_types::{
    Array, BigInt, Binary, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid,
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use shared_models::parked::ParkedState;
use uuid::Uuid;

use crate::database::schema::parked;
use crate::parked::{Parked, State};

/// Records events, in the order of their ids, so that two reports of the same events cannot deadlock.
const RECORD_EVENTS: &str = "
insert into parked_events (event_id)
select * from unnest($1) as new (event_id) order by new.event_id
on conflict do nothing
returning event_id";

#[derive(QueryableByName)]
struct Recorded {
    #[diesel(sql_type = SqlUuid)]
    event_id: Uuid,
}

/// Records that these events were reported; returns the new ones.
pub(in crate::parked) async fn record_events(
    connection: &mut AsyncPgConnection,
    events: &[Uuid],
) -> QueryResult<Vec<Uuid>> {
    let record_events = diesel::sql_query(RECORD_EVENTS).bind::<Array<SqlUuid>, _>(events);
    let recorded = record_events.load::<Recorded>(connection).await?;
    Ok(recorded.into_iter().map(|row| row.event_id).collect())
}

/// Finds the newest event of each record that was published, be it a change up to a version or an offer. One that was
/// reported before, and is not parked any more, would not be parked again.
const REPORTABLE_EVENTS: &str = "
select these.resource, these.key, newest.event_id
from unnest($1, $2, $3) as these (resource, key, version) cross join lateral (
    select event_id from changes
    where changes.resource = these.resource and changes.key = these.key and to_publish
        and (these.version is null or changes.version <= these.version or kind = these.resource || '.offered')
    order by seq desc limit 1) as newest
where not exists (select from parked_events where parked_events.event_id = newest.event_id)
    or exists (select from parked where parked.event_id = newest.event_id and state = 'parked')";

#[derive(QueryableByName)]
struct Reportable {
    #[diesel(sql_type = Text)]
    resource: String,
    #[diesel(sql_type = Text)]
    key: String,
    #[diesel(sql_type = SqlUuid)]
    event_id: Uuid,
}

/// Returns the event by which a report that names none is of these records, where there is one.
pub(in crate::parked) async fn reportable_events<'a>(
    connection: &mut AsyncPgConnection,
    records: &[(&'a (&'static str, String), Option<i64>)],
) -> QueryResult<HashMap<&'a (&'static str, String), Uuid>> {
    if records.is_empty() {
        return Ok(HashMap::new());
    }
    let finding = diesel::sql_query(REPORTABLE_EVENTS)
        .bind::<Array<Text>, _>(each(records, |((name, _), _)| *name))
        .bind::<Array<Text>, _>(each(records, |((_, key), _)| key.as_str()))
        .bind::<Array<Nullable<BigInt>>, _>(each(records, |(_, version)| *version));
    let found = finding.load::<Reportable>(connection).await?;
    let of_record = |row: Reportable| {
        let is_it =
            |(name, key): &&(&'static str, String)| *name == row.resource && *key == row.key;
        let record = records.iter().map(|(record, _)| *record).find(is_it)?;
        Some((record, row.event_id))
    };
    Ok(found.into_iter().filter_map(of_record).collect())
}

/// Locks and returns the changes in a state whose latest event is one of these.
pub(in crate::parked) async fn lock_in_state(
    connection: &mut AsyncPgConnection,
    state: ParkedState,
    events: &[Uuid],
) -> QueryResult<Vec<Parked>> {
    parked::table
        .filter(parked::event_id.eq_any(events))
        .filter(parked::state.eq(State(state)))
        .order(parked::id)
        .select(Parked::as_select())
        .for_update()
        .load(connection)
        .await
}

/// Inserts changes that were parked for the first time.
pub(in crate::parked) async fn insert(
    connection: &mut AsyncPgConnection,
    first: &[Parked],
) -> QueryResult<()> {
    diesel::insert_into(parked::table).values(first).execute(connection).await?;
    Ok(())
}

const UPDATE: &str = "
update parked set
    body = new.body, reason = new.reason, attempts = new.attempts,
    last_at = new.last_at, offer_at = new.offer_at, state = new.state
from unnest($1, $2, $3, $4, $5, $6, $7)
    as new (id, body, reason, attempts, last_at, offer_at, state)
where parked.id = new.id";

/// Updates changes that were parked again; the caller has locked them.
pub(in crate::parked) async fn update(
    connection: &mut AsyncPgConnection,
    again: &[Parked],
) -> QueryResult<()> {
    if again.is_empty() {
        return Ok(());
    }
    diesel::sql_query(UPDATE)
        .bind::<Array<SqlUuid>, _>(each(again, |row| row.id))
        .bind::<Array<Binary>, _>(each(again, |row| row.body.as_slice()))
        .bind::<Array<Text>, _>(each(again, |row| row.reason.as_str()))
        .bind::<Array<Integer>, _>(each(again, |row| row.attempts))
        .bind::<Array<Timestamptz>, _>(each(again, |row| row.last_at))
        .bind::<Array<Nullable<Timestamptz>>, _>(each(again, |row| row.offer_at))
        .bind::<Array<Text>, _>(each(again, |row| row.state))
        .execute(connection)
        .await?;
    Ok(())
}

fn each<'a, R, T>(rows: &'a [R], of: impl FnMut(&'a R) -> T) -> Vec<T> {
    rows.iter().map(of).collect()
}
