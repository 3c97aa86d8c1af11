//! All SQL that lists readings. Every query has a limit.

use chrono::{DateTime, Utc};
use diesel::dsl::not;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use program_kit::http::page::Position;

use super::record::{Reading, State};
use super::storage::{COLUMNS, Row, find, reading, readings};

/// The most readings that are read for one page with a filter.
const MAX_SCANNED: i64 = 5_000;

/// Returns the readings that are dated after a time and are not removed, up to a number of them, newest
/// first.
pub(super) async fn dated_after(
    connection: &mut AsyncPgConnection,
    since: DateTime<Utc>,
    limit: i64,
) -> QueryResult<Vec<State>> {
    let changed = readings::table
        .filter(not(readings::deleted).and(readings::updated_at.gt(since)))
        .order((readings::updated_at.desc(), readings::gtin.desc()))
        .limit(limit)
        .select(COLUMNS);
    let rows = changed.load::<Row>(connection).await?;
    Ok(rows.into_iter().map(|row| reading(row).state).collect())
}

/// Returns the readings after a key, removed ones too, in the order of their keys.
pub(super) async fn after_key(
    connection: &mut AsyncPgConnection,
    after: Option<&str>,
    limit: i64,
) -> QueryResult<Vec<Reading>> {
    let first = readings::table.order(readings::gtin).limit(limit).select(COLUMNS);
    let mut query = first.into_boxed();
    if let Some(after) = after {
        query = query.filter(readings::gtin.gt(after));
    }
    Ok(query.load::<Row>(connection).await?.into_iter().map(reading).collect())
}

/// A page, or the part of it that was found within the limit.
#[derive(Debug)]
pub(super) struct Listed {
    pub(super) readings: Vec<Reading>,
    /// The last reading that was read, if there may be more after it.
    pub(super) scanned_to: Option<Position<String>>,
}

/// Returns a reading as a list of one or none.
pub(super) async fn page_of(
    connection: &mut AsyncPgConnection,
    gtin: &str,
    expires_before: Option<DateTime<Utc>>,
) -> QueryResult<Listed> {
    let mut readings = Vec::from_iter(find(connection, gtin).await?);
    readings.retain(|it| !it.state.deleted && expires_before.is_none_or(|at| expires(it, at)));
    Ok(Listed { readings, scanned_to: None })
}

fn expires(reading: &Reading, before: DateTime<Utc>) -> bool {
    reading.state.expiration.as_ref().is_some_and(|it| it.at < before)
}

/// Returns the page after a position, newest first.
pub(super) async fn page(
    connection: &mut AsyncPgConnection,
    expires_before: Option<DateTime<Utc>>,
    after: Option<&Position<String>>,
    limit: i64,
) -> QueryResult<Listed> {
    let Some(before) = expires_before else {
        let readings = newest(connection, after, limit).await?;
        return Ok(Listed { readings, scanned_to: None });
    };
    // All statements use one snapshot, so that no reading is listed twice or skipped.
    let mut transaction = connection.build_transaction().repeatable_read().read_only();
    let reading = transaction.run(async |connection: &mut AsyncPgConnection| {
        match few_expiring(connection, before).await? {
            Some(mut few) => {
                few.sort_by(|one, other| place(other).cmp(&place(one)));
                let after = after.map(|it| (it.at, it.id.as_str()));
                let mut readings = few;
                readings.retain(|it| after.is_none_or(|after| place(it) < after));
                readings.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
                Ok(Listed { readings, scanned_to: None })
            }
            None => scan(connection, before, after, limit).await,
        }
    });
    reading.await
}

fn place(reading: &Reading) -> (DateTime<Utc>, &str) {
    (reading.state.updated_at, &reading.state.gtin)
}

/// Returns all readings that expire before a time, by the index of that, unless they are many.
async fn few_expiring(
    connection: &mut AsyncPgConnection,
    before: DateTime<Utc>,
) -> QueryResult<Option<Vec<Reading>>> {
    let expiring = readings::table
        .filter(not(readings::deleted).and(readings::expires_at.lt(before)))
        .order(readings::expires_at)
        .limit(MAX_SCANNED + 1)
        .select(COLUMNS);
    let rows = expiring.load::<Row>(connection).await?;
    let are_few = i64::try_from(rows.len()).is_ok_and(|count| count <= MAX_SCANNED);
    Ok(are_few.then(|| rows.into_iter().map(reading).collect()))
}

/// Looks through the newest readings, up to a number of them, for those that expire before a time.
async fn scan(
    connection: &mut AsyncPgConnection,
    before: DateTime<Utc>,
    after: Option<&Position<String>>,
    limit: i64,
) -> QueryResult<Listed> {
    let mut readings = newest(connection, after, MAX_SCANNED).await?;
    let all = i64::try_from(readings.len()).is_ok_and(|count| count < MAX_SCANNED);
    let last = readings.last().map(|last| position(&last.state));
    readings.retain(|it| expires(it, before));
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let is_full = readings.len() >= limit;
    readings.truncate(limit);
    Ok(Listed { readings, scanned_to: last.filter(|_| !all && !is_full) })
}

/// Returns the position of a reading in a list.
pub(super) fn position(State { updated_at, gtin, .. }: &State) -> Position<String> {
    Position { at: *updated_at, id: gtin.clone() }
}

async fn newest(
    connection: &mut AsyncPgConnection,
    after: Option<&Position<String>>,
    limit: i64,
) -> QueryResult<Vec<Reading>> {
    let first = readings::table
        .filter(not(readings::deleted))
        .order((readings::updated_at.desc(), readings::gtin.desc()))
        .limit(limit)
        .select(COLUMNS);
    let mut query = first.into_boxed();
    if let Some(Position { at, id }) = after {
        let is_before = readings::updated_at.lt(at).or(readings::gtin.lt(id));
        query = query.filter(readings::updated_at.le(at).and(is_before));
    }
    Ok(query.load::<Row>(connection).await?.into_iter().map(reading).collect())
}
