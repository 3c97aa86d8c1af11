//! All SQL for comparing.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{
    Array, BigInt, Binary, Bool, Nullable, Text, Timestamptz, Uuid as SqlUuid,
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use service_kit::database::Json;
use shared_models::comparison::{Compared, LogState, MAX_COMPARED};
use shared_models::order::{Delivery, Facet, Progress, Shared};
use shared_models::side::Side;
use uuid::Uuid;

use super::set_aside::SetAside;
use crate::order::RESOURCE;
use crate::schema::orders;

/// Reads the state of the log. Transaction ids are given as numbers that never wrap around
/// (`xid8`). The outbox is read only from `compared` on: before it are the rows that were published
/// and deleted, which PostgreSQL skips one by one until it has vacuumed. Changes of other resources
/// are passed over, up to a fixed number of them: the last one of so many counts, whatever it is, so
/// that comparing waits where a resource has more than that unpublished. (The resource is a
/// subquery, so that it is read by the primary key: as a join, PostgreSQL could plan to read the log
/// from its beginning.)
const LOG_STATE: &str = "
select compared.upto as compared,
    coalesce(last.seq, 0) as newest,
    last.event_id as newest_event,
    (select event_id from changes where seq = $1) as asked_event,
    pg_snapshot_xmin(now.snapshot)::text::bigint as xmin,
    pg_snapshot_xmax(now.snapshot)::text::bigint as xmax,
    (select seq from (
            select seq, (select resource from changes where changes.seq = outbox.seq) as resource,
                row_number() over (order by seq) = $3 as is_last
            from outbox where seq > compared.upto and seq <= $1 order by seq limit $3) as looked_at
        where resource = $2 or is_last order by seq limit 1) as unpublished,
    exists (select from pause) as paused
from (select pg_current_snapshot() as snapshot) as now, compared
left join (select seq, event_id from changes order by seq desc limit 1) as last on true";

#[derive(QueryableByName)]
struct State {
    #[diesel(sql_type = BigInt)]
    compared: i64,
    #[diesel(sql_type = BigInt)]
    newest: i64,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    newest_event: Option<Uuid>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    asked_event: Option<Uuid>,
    #[diesel(sql_type = BigInt)]
    xmin: i64,
    #[diesel(sql_type = BigInt)]
    xmax: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    unpublished: Option<i64>,
    #[diesel(sql_type = Bool)]
    paused: bool,
}

/// Returns the state of the change log, and of this place: the oldest unpublished change of an order
/// up to it, and the event at it.
pub(crate) async fn log_state(
    connection: &mut AsyncPgConnection,
    upto: i64,
) -> QueryResult<LogState> {
    let state = diesel::sql_query(LOG_STATE)
        .bind::<BigInt, _>(upto)
        .bind::<Text, _>(RESOURCE)
        .bind::<BigInt, _>(WINDOW)
        .get_result::<State>(connection)
        .await?;
    Ok(LogState {
        compared: state.compared,
        newest: state.newest,
        newest_event: state.newest_event,
        asked_event: state.asked_event,
        xmin: state.xmin,
        xmax: state.xmax,
        unpublished: state.unpublished,
        paused: state.paused,
    })
}

/// Reads a page: as many changes of interest as fit, among a fixed number of rows, whatever is in
/// them. Without that number a range without anything of interest could take as long as the log is;
/// without the other one the rows that are passed over would fill the pages. The rows stream from
/// the primary key and end with the page.
///
/// Passed over are changes from the peer, what an offer of many published, and changes that touch
/// nothing shared: only what was published otherwise concerns the peer.
const CHANGED: &str = "
with found as materialized (
    select seq, key from (
        select seq, resource, key, to_publish, offer_in_bulk
        from changes where seq > $2 and seq <= $3 order by seq limit $4) as looked_at
    where resource = $1 and to_publish and offer_in_bulk is not true
    order by seq limit $5)
select case when count(*) = $5 then max(seq) else (
        select seq from changes where seq > $2 and seq <= $3 order by seq offset $4 - 1 limit 1)
    end as last,
    coalesce(array_agg(distinct key::uuid), '{}') as orders
from found";

/// A page of the change log.
#[derive(Debug, QueryableByName)]
pub(super) struct Page {
    /// The last row that was read, unless the range ends first.
    #[diesel(sql_type = Nullable<BigInt>)]
    last: Option<i64>,
    /// The orders with changes on it that concern the peer, each once.
    #[diesel(sql_type = Array<SqlUuid>)]
    pub(super) orders: Vec<Uuid>,
}

impl Page {
    /// Returns where the next page begins, in a range that ends at `upto`.
    pub(super) fn next(&self, upto: i64) -> i64 {
        self.last.unwrap_or(upto)
    }
}

/// The orders, or the changes of interest, on one page.
const PAGE: i64 = MAX_COMPARED as i64;
/// The most rows of the log that are read for one page, or of the outbox for the oldest change.
const WINDOW: i64 = 5_000;

/// Reads a page of the log between two places.
pub(super) async fn changed(
    connection: &mut AsyncPgConnection,
    after: i64,
    upto: i64,
) -> QueryResult<Page> {
    diesel::sql_query(CHANGED)
        .bind::<Text, _>(RESOURCE)
        .bind::<BigInt, _>(after)
        .bind::<BigInt, _>(upto)
        .bind::<BigInt, _>(WINDOW)
        .bind::<BigInt, _>(PAGE)
        .get_result(connection)
        .await
}

/// The columns of an order that are compared.
#[derive(Queryable, Selectable)]
#[diesel(table_name = orders)]
struct Row {
    id: Uuid,
    delivery: Json<Facet<Delivery>>,
    progress: Json<Facet<Progress>>,
}

impl Row {
    fn into_shared(self) -> (Uuid, Shared) {
        (self.id, Shared { delivery: self.delivery.0, progress: self.progress.0 })
    }
}

/// Returns the shared facets of those of the orders that exist here.
pub(super) async fn shared(
    connection: &mut AsyncPgConnection,
    ids: &[Uuid],
) -> QueryResult<Vec<(Uuid, Shared)>> {
    let these = orders::table.filter(orders::id.eq_any(ids)).select(Row::as_select());
    let rows = these.load::<Row>(connection).await?;
    Ok(rows.into_iter().map(Row::into_shared).collect())
}

/// Returns the shared facets of a page of all orders after an id, sorted by id: by the primary key,
/// and no more than a page is read.
pub(super) async fn shared_after(
    connection: &mut AsyncPgConnection,
    after: Option<Uuid>,
) -> QueryResult<Vec<(Uuid, Shared)>> {
    let page = orders::table.order(orders::id).limit(PAGE).select(Row::as_select());
    let mut query = page.into_boxed();
    if let Some(after) = after {
        query = query.filter(orders::id.gt(after));
    }
    let rows = query.load::<Row>(connection).await?;
    Ok(rows.into_iter().map(Row::into_shared).collect())
}

/// Finds parked changes, and the messages of those that were dropped and are still the newest that was
/// published of their order, as far as the log tells (it may be trimmed). Names the states literally, so that
/// PostgreSQL can use the partial indexes.
const SET_ASIDE: &str = "
select distinct key::uuid as id, null::bytea as dropped from parked
where resource = $1 and key = any ($2) and state = 'parked'
union all
select key::uuid, body from parked
where resource = $1 and key = any ($2) and state = 'dropped'
    and event_id = coalesce((
        select newest.event_id from changes newest
        where newest.resource = $1 and newest.key = parked.key and newest.to_publish
        order by newest.seq desc limit 1), event_id)";

#[derive(QueryableByName)]
struct Aside {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Nullable<Binary>)]
    dropped: Option<Vec<u8>>,
}

/// Returns those of the orders that are set aside at this side.
pub(super) async fn set_aside(
    connection: &mut AsyncPgConnection,
    side: Side,
    ids: &[Uuid],
) -> QueryResult<SetAside> {
    let keys = ids.iter().map(Uuid::to_string).collect::<Vec<_>>();
    let rows = diesel::sql_query(SET_ASIDE).bind::<Text, _>(RESOURCE).bind::<Array<Text>, _>(keys);
    let mut set_aside = SetAside::of(side);
    for Aside { id, dropped } in rows.load::<Aside>(connection).await? {
        match dropped {
            None => set_aside.add_parked(id),
            Some(message) => set_aside.add_dropped(id, &message),
        }
    }
    Ok(set_aside)
}

#[derive(QueryableByName)]
struct Newest {
    #[diesel(sql_type = BigInt)]
    newest: i64,
}

/// Returns the newest visible place in the log.
pub(super) async fn newest(connection: &mut AsyncPgConnection) -> QueryResult<i64> {
    let newest =
        "select coalesce((select seq from changes order by seq desc limit 1), 0) as newest";
    Ok(diesel::sql_query(newest).get_result::<Newest>(connection).await?.newest)
}

/// Returns the place up to which the log has been compared, unless that was last advanced before
/// `since`: then nobody compares.
pub(crate) async fn compared_since(
    connection: &mut AsyncPgConnection,
    since: DateTime<Utc>,
) -> QueryResult<Option<i64>> {
    let place = "select upto as newest from compared where at >= $1";
    let place = diesel::sql_query(place).bind::<Timestamptz, _>(since);
    Ok(place.get_result::<Newest>(connection).await.optional()?.map(|place| place.newest))
}

/// Advances the recorded place, never past the end of the log, and never back.
const ADVANCE: &str = "
update compared set upto = $2, at = $3
where upto = $1 and $2 >= $1 and exists (select from changes where seq >= $2)";

/// Records how far the log has been compared, if the last record was at `from`; returns whether it did.
pub(super) async fn advance(
    connection: &mut AsyncPgConnection,
    Compared { from, to }: Compared,
    now: DateTime<Utc>,
) -> QueryResult<bool> {
    let advance = diesel::sql_query(ADVANCE)
        .bind::<BigInt, _>(from)
        .bind::<BigInt, _>(to)
        .bind::<Timestamptz, _>(now);
    Ok(advance.execute(connection).await? == 1)
}
