//! The reads of an offer: the shared facets of orders, nothing private.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use service_kit::database::Json;
use shared_models::order::{Delivery, Facet, Progress, Shared};
use uuid::Uuid;

use crate::Order;
use crate::schema::orders;

/// The columns of an order, except the private part.
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

/// Returns those of the orders that exist, without the private part.
pub(crate) async fn shared_of(
    connection: &mut AsyncPgConnection,
    ids: &[Uuid],
) -> QueryResult<Vec<Order<()>>> {
    let these = orders::table.filter(orders::id.eq_any(ids)).select(Row::as_select());
    let rows = these.load(connection).await?;
    Ok(rows.into_iter().map(Order::from).collect())
}

/// Returns the orders after an id, sorted by id, without the private part.
pub(crate) async fn shared_after(
    connection: &mut AsyncPgConnection,
    after: Option<Uuid>,
    limit: i64,
) -> QueryResult<Vec<Order<()>>> {
    let first = orders::table.order(orders::id).limit(limit).select(Row::as_select());
    let mut query = first.into_boxed();
    if let Some(after) = after {
        query = query.filter(orders::id.gt(after));
    }
    let rows = query.load(connection).await?;
    Ok(rows.into_iter().map(Order::from).collect())
}
