//! The reads of an offer in the change log.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::database::schema::changes;
use crate::offers::search::{STRETCH, STRIDE};

/// The most entries of the log that a step reads.
const WINDOW: i64 = 5_000;

/// Returns the newest entry of the change log; 0 if there is none.
pub(in crate::offers) async fn newest(connection: &mut AsyncPgConnection) -> QueryResult<i64> {
    let newest = changes::table.order(changes::seq.desc()).select(changes::seq);
    Ok(newest.first(connection).await.optional()?.unwrap_or(0))
}

/// Returns the first entry of the change log at a place or after it, with its time.
pub(in crate::offers) async fn entry_at(
    connection: &mut AsyncPgConnection,
    place: i64,
) -> QueryResult<Option<(i64, DateTime<Utc>)>> {
    let entry = changes::table.filter(changes::seq.ge(place)).order(changes::seq);
    entry.select((changes::seq, changes::at)).first(connection).await.optional()
}

/// Looks at single entries of a stretch of the log.
const LOOK_BACK: &str = "
select coalesce(bool_or(entry.at >= $4), false) as has_any
from generate_series($1 - $2 + 1, $1, $3) as looked_at (place)
cross join lateral (
    select at from changes where seq >= place and seq <= $1 order by seq limit 1) as entry";

#[derive(QueryableByName)]
struct LookedAt {
    #[diesel(sql_type = Bool)]
    has_any: bool,
}

/// Returns whether an entry of the requested time is seen in the stretch that ends with this number.
pub(in crate::offers) async fn sees_any(
    connection: &mut AsyncPgConnection,
    newest: i64,
    since: DateTime<Utc>,
) -> QueryResult<bool> {
    let query = diesel::sql_query(LOOK_BACK)
        .bind::<BigInt, _>(newest)
        .bind::<BigInt, _>(STRETCH)
        .bind::<BigInt, _>(STRIDE)
        .bind::<Timestamptz, _>(since);
    Ok(query.get_result::<LookedAt>(connection).await?.has_any)
}

/// Reads the changes of a resource in a window of the log, except offers and changes before a time.
const CHANGED: &str = "
select seq, key from (
    select seq, resource, key, offer_in_bulk, at from changes
    where seq > $1 and seq <= $2 order by seq limit $3) as looked_at
where resource = $6 and offer_in_bulk is null and at >= $4
order by seq limit $5";

/// A change that is to be offered.
#[derive(Clone, Debug, QueryableByName)]
pub(in crate::offers) struct Entry {
    #[diesel(sql_type = BigInt)]
    pub(in crate::offers) seq: i64,
    #[diesel(sql_type = Text)]
    pub(in crate::offers) key: String,
}

/// Returns the next changes of a resource since a time, between two places of the log.
pub(in crate::offers) async fn changed_after(
    connection: &mut AsyncPgConnection,
    resource: &str,
    (after, until): (i64, i64),
    since: DateTime<Utc>,
    limit: i64,
) -> QueryResult<Vec<Entry>> {
    diesel::sql_query(CHANGED)
        .bind::<BigInt, _>(after)
        .bind::<BigInt, _>(until)
        .bind::<BigInt, _>(WINDOW)
        .bind::<Timestamptz, _>(since)
        .bind::<BigInt, _>(limit)
        .bind::<Text, _>(resource)
        .load(connection)
        .await
}

/// Returns the last entry that [`changed_after`] reads; `None` if the window is not full.
pub(in crate::offers) async fn last_of_window(
    connection: &mut AsyncPgConnection,
    (after, until): (i64, i64),
) -> QueryResult<Option<i64>> {
    let rest = changes::table.filter(changes::seq.gt(after).and(changes::seq.le(until)));
    let last = rest.order(changes::seq).offset(WINDOW - 1).limit(1).select(changes::seq);
    last.first(connection).await.optional()
}
