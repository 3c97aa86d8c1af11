//! Reading parked changes.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use program_kit::http::page::Position;
use shared_models::parked::ParkedState;
use uuid::Uuid;

use crate::database::schema::parked;
use crate::parked::{Parked, State};

/// Returns a parked change.
pub async fn find(connection: &mut AsyncPgConnection, id: Uuid) -> QueryResult<Option<Parked>> {
    let row = parked::table.find(id).select(Parked::as_select());
    row.first(connection).await.optional()
}

/// Returns a page, newest first, of those in a state, or in any.
pub async fn page(
    connection: &mut AsyncPgConnection,
    state: Option<ParkedState>,
    after: Option<Position>,
    limit: i64,
) -> QueryResult<Vec<Parked>> {
    let newest_first = (parked::first_at.desc(), parked::id.desc());
    let rows = parked::table.order(newest_first).limit(limit).select(Parked::as_select());
    let mut query = rows.into_boxed();
    if let Some(state) = state {
        query = query.filter(parked::state.eq(State(state)));
    }
    if let Some(Position { at, id }) = after {
        let earlier = parked::first_at.lt(at);
        let same = parked::first_at.eq(at).and(parked::id.lt(id));
        query = query.filter(parked::first_at.le(at)).filter(earlier.or(same));
    }
    query.load(connection).await
}

/// The most that [`waiting`] counts.
pub const MOST_WAITING: i64 = 10_000;

const WAITING: &str = "
select count(*) as count from (select from parked where state = 'parked' limit $1) as waiting";

#[derive(QueryableByName)]
struct Waiting {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// Counts the parked changes; [`MOST_WAITING`] means that many or more.
pub async fn waiting(connection: &AsyncPgConnection) -> QueryResult<i64> {
    let asking = diesel::sql_query(WAITING).bind::<BigInt, _>(MOST_WAITING);
    Ok(RunQueryDsl::get_result::<Waiting>(asking, &mut &*connection).await?.count)
}

const NEWEST_DROP: &str = "
select coalesce(acted_at, last_at) as at from parked
where state = 'dropped' and resource = $1 order by coalesce(acted_at, last_at) desc limit 1";

#[derive(QueryableByName)]
struct NewestDrop {
    #[diesel(sql_type = Timestamptz)]
    at: DateTime<Utc>,
}

/// Returns the time at which a person last dropped a change of this resource that is still on record as
/// dropped.
pub async fn newest_drop(
    connection: &AsyncPgConnection,
    resource: &str,
) -> QueryResult<Option<DateTime<Utc>>> {
    let asking = diesel::sql_query(NEWEST_DROP).bind::<Text, _>(resource);
    let newest =
        RunQueryDsl::get_result::<NewestDrop>(asking, &mut &*connection).await.optional()?;
    Ok(newest.map(|newest| newest.at))
}

/// Finds newer changes of the same record that were published: one that touched nothing shared, or
/// came from the peer, never was.
const OVERTAKEN: &str = "
select parked.id from parked
where parked.id = any ($1) and exists (
    select from changes newer
    where newer.resource = parked.resource and newer.key = parked.key and newer.to_publish
        and newer.seq > (
            select max(own.seq) from changes own
            where own.resource = parked.resource and own.key = parked.key
                and own.event_id = parked.event_id))";

#[derive(QueryableByName)]
struct Overtaken {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

/// Returns those after which this side has published a newer change of the same record.
pub async fn overtaken(
    connection: &mut AsyncPgConnection,
    ids: &[Uuid],
) -> QueryResult<HashSet<Uuid>> {
    let query = diesel::sql_query(OVERTAKEN).bind::<Array<SqlUuid>, _>(ids);
    let rows = query.load::<Overtaken>(connection).await?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}
