//! An offer from its beginning to its end, step by step.

use chrono::{DateTime, Utc};
use diesel::dsl::{exists, sql};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::database::schema::offers;
use crate::offers::{Offer, Place};

/// The timeout of each statement of a step, in milliseconds. All are bounded by limits, so one that
/// takes longer met a lock or an overloaded machine; waiting changes are published meanwhile.
const SET_TIMEOUT: &str = "set local statement_timeout = 1000";

/// The time that puts an offer behind the others, also where the clock was set back since they took
/// their steps.
const AFTER_THE_OTHERS: &str = "greatest(clock_timestamp(),
    (select max(next_at) from offers where failures = 0) + interval '1 microsecond')";

/// The longest back-off after failures, in seconds.
const MAX_BACKOFF: i64 = 60;

/// Begins an offer and returns its id. If an offer of all records of the resource still waits for its
/// first step, a further one is the same offer.
pub(in crate::offers) async fn begin(
    connection: &mut AsyncPgConnection,
    resource: &str,
    since: Option<DateTime<Utc>>,
    principal: Option<&str>,
    now: DateTime<Utc>,
) -> QueryResult<i64> {
    if since.is_none() {
        let of_all = offers::since.is_null().and(offers::after_key.is_null());
        let of_all = of_all.and(offers::resource.eq(resource));
        // Waits for the relay if it is taking the first step; then that offer no longer counts.
        let waiting = offers::table.filter(of_all).select(offers::id).for_update();
        if let Some(id) = waiting.first(connection).await.optional()? {
            return Ok(id);
        }
    }
    let offer = (
        offers::resource.eq(resource),
        offers::since.eq(since),
        offers::created_at.eq(now),
        offers::principal.eq(principal.map(str::to_owned)),
    );
    let begun = diesel::insert_into(offers::table).values(offer).returning(offers::id);
    begun.get_result(connection).await
}

/// Returns whether any offer is due, without locking it.
pub(in crate::offers) async fn is_any_due(connection: &mut AsyncPgConnection) -> QueryResult<bool> {
    diesel::select(exists(offers::table.filter(is_due()))).get_result(connection).await
}

/// Returns the offer that was advanced longest ago and is due, and locks it. One that somebody has
/// locked is passed over.
///
/// Reads the index in its order up to the first that is due; before it are only those that failed
/// during the longest back-off.
pub(in crate::offers) async fn take_next(
    connection: &mut AsyncPgConnection,
) -> QueryResult<Option<Offer>> {
    let due = offers::table.filter(is_due()).order((offers::next_at, offers::id));
    let next = due.select(Offer::as_select()).for_update().skip_locked();
    next.first(connection).await.optional()
}

/// The condition for an offer to be due, by PostgreSQL's clock, which all replicas share. That clock
/// may be set back: so an offer that has not failed is always due, and one that has failed is due if
/// it would have to wait for longer than any back-off.
fn is_due() -> Box<dyn BoxableExpression<offers::table, Pg, SqlType = Bool>> {
    let latest =
        sql::<Timestamptz>("now() + ").bind::<BigInt, _>(MAX_BACKOFF).sql(" * interval '1 second'");
    let is_over = offers::next_at.le(diesel::dsl::now).or(offers::next_at.gt(latest));
    Box::new(offers::failures.eq(0).or(is_over))
}

/// Sets the timeout of each statement of this transaction.
pub(in crate::offers) async fn limit_statements(
    connection: &mut AsyncPgConnection,
) -> QueryResult<()> {
    diesel::sql_query(SET_TIMEOUT).execute(connection).await.map(|_| ())
}

/// Saves the progress of an offer. Updates a row or none: an offer that was ended stays ended.
pub(in crate::offers) async fn save(
    connection: &mut AsyncPgConnection,
    id: i64,
    place: Place,
    offered: i64,
) -> QueryResult<()> {
    let place = match place {
        Place::Record(key) => (Some(key), None, None),
        Place::Before(seq) => (None, Some(seq), None),
        Place::Change { after, until } => (None, Some(after), Some(until)),
    };
    let columns = (offers::after_key, offers::after_seq, offers::until_seq);
    let set = (
        (columns.0.eq(place.0), columns.1.eq(place.1), columns.2.eq(place.2)),
        offers::offered.eq(offers::offered + offered),
        offers::next_at.eq(sql::<Timestamptz>(AFTER_THE_OTHERS)),
        (offers::failures.eq(0), offers::failure.eq(None::<String>)),
    );
    diesel::update(offers::table.find(id)).set(set).execute(connection).await?;
    Ok(())
}

/// Notes that a step failed, and returns the number of consecutive failures; `None` if the offer is
/// gone. Each failure delays the next step longer.
pub(in crate::offers) async fn failed(
    connection: &mut AsyncPgConnection,
    id: i64,
    failure: &str,
) -> QueryResult<Option<i32>> {
    let later = sql::<Timestamptz>("clock_timestamp() + least(power(2, least(failures, 20)), ")
        .bind::<BigInt, _>(MAX_BACKOFF)
        .sql(") * interval '1 second'");
    let set = (
        offers::failures.eq(offers::failures + 1),
        offers::failure.eq(failure),
        offers::next_at.eq(later),
    );
    let noted = diesel::update(offers::table.find(id)).set(set).returning(offers::failures);
    noted.get_result(connection).await.optional()
}

/// Removes an offer that is complete.
pub(in crate::offers) async fn finish(
    connection: &mut AsyncPgConnection,
    id: i64,
) -> QueryResult<()> {
    diesel::delete(offers::table.find(id)).execute(connection).await.map(|_| ())
}
