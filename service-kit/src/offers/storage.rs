//! All SQL on offers, and on what is offered: what the sites share of orders, nothing private.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use shared_models::order::{Delivery, Facet, Progress, Shared};
use uuid::Uuid;

use crate::database::Json;
use crate::database::schema::{offers, orders};
use crate::orders::Order;

/// An offer that is being worked off.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = offers)]
pub(super) struct Offer {
    pub(super) id: i64,
    pub(super) since: Option<DateTime<Utc>>,
    pub(super) after_id: Option<Uuid>,
}

/// Begins an offer. One of all orders that waits for its turn speaks for another one.
pub(super) async fn begin(
    connection: &mut AsyncPgConnection,
    since: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    if since.is_none() {
        let of_all = offers::since.is_null().and(offers::after_id.is_null());
        // Waits for the relay if it is just beginning with it; then it no longer speaks for us.
        let waiting = offers::table.filter(of_all).select(offers::id).for_update();
        if waiting.first::<i64>(connection).await.optional()?.is_some() {
            return Ok(());
        }
    }
    let offer = (offers::since.eq(since), offers::created_at.eq(now));
    diesel::insert_into(offers::table).values(offer).execute(connection).await?;
    Ok(())
}

/// The offer that began first, locked before anything of it is read.
pub(super) async fn oldest(connection: &mut AsyncPgConnection) -> QueryResult<Option<Offer>> {
    let oldest = offers::table.order(offers::id).select(Offer::as_select()).for_update();
    oldest.first(connection).await.optional()
}

/// Notes how far an offer has come.
pub(super) async fn go_on_after(
    connection: &mut AsyncPgConnection,
    offer: i64,
    order: Uuid,
) -> QueryResult<()> {
    let this = offers::table.find(offer);
    diesel::update(this).set(offers::after_id.eq(order)).execute(connection).await?;
    Ok(())
}

/// Ends an offer.
pub(super) async fn end(connection: &mut AsyncPgConnection, offer: i64) -> QueryResult<()> {
    diesel::delete(offers::table.find(offer)).execute(connection).await?;
    Ok(())
}

/// What is read of an order: all but what is private.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = orders)]
struct Row {
    id: Uuid,
    delivery: Json<Facet<Delivery>>,
    progress: Json<Facet<Progress>>,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<Row> for Order<()> {
    fn from(row: Row) -> Self {
        let Row { id, delivery, progress, version, created_at, updated_at } = row;
        let shared = Shared { delivery: delivery.0, progress: progress.0 };
        Self { id, shared, private: (), version, created_at, updated_at }
    }
}

/// Those of the orders that are there.
pub(super) async fn these(
    connection: &mut AsyncPgConnection,
    ids: &[Uuid],
) -> QueryResult<Vec<Order<()>>> {
    let these = orders::table.filter(orders::id.eq_any(ids)).select(Row::as_select());
    let rows = these.load(connection).await?;
    Ok(rows.into_iter().map(Order::from).collect())
}

/// The orders after an id that were changed since a time, in the order of their ids.
pub(super) async fn changed_since(
    connection: &mut AsyncPgConnection,
    since: Option<DateTime<Utc>>,
    after: Option<Uuid>,
    limit: i64,
) -> QueryResult<Vec<Order<()>>> {
    let mut query =
        orders::table.order(orders::id).limit(limit).select(Row::as_select()).into_boxed();
    if let Some(since) = since {
        query = query.filter(orders::updated_at.ge(since));
    }
    if let Some(after) = after {
        query = query.filter(orders::id.gt(after));
    }
    let rows = query.load(connection).await?;
    Ok(rows.into_iter().map(Order::from).collect())
}
