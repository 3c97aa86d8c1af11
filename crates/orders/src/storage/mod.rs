//! All SQL for orders. The caller owns the transaction.

mod listing;
mod offering;
mod writing;

use chrono::{DateTime, Utc};
use diesel::dsl::SqlTypeOf;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::Uuid as SqlUuid;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
pub use listing::{Listed, page};
pub(super) use offering::{shared_after, shared_of};
use service_kit::database::Json;
use shared_models::order::{Delivery, Facet, Progress, Shared};
use uuid::Uuid;
pub use writing::{create, create_all, create_or_find_created, to_changes, update_all, update_one};

use super::order::{Order, Private};
use crate::schema::orders;

/// Defines the columns that are read: as a type, as a value, and as text for literal statements.
macro_rules! columns {
    ($first:ident, $($other:ident),+) => {
        type OrderColumns = (orders::$first, $(orders::$other),+);
        const COLUMNS: OrderColumns = (orders::$first, $(orders::$other),+);
        const SELECT: &str = concat!("select ", stringify!($first), $(", ", stringify!($other)),+);
    };
}

// In the order of `Row`.
columns!(id, delivery, progress, private, version, created_at, updated_at);

type Row<P> = (
    Uuid,
    Json<Facet<Delivery>>,
    Json<Facet<Progress>>,
    Json<P>,
    i64,
    DateTime<Utc>,
    DateTime<Utc>,
);

fn order<P: Private>(row: Row<P>) -> Order<P> {
    let (id, Json(delivery), Json(progress), Json(private), version, created_at, updated_at) = row;
    Order { id, shared: Shared { delivery, progress }, private, version, created_at, updated_at }
}

/// Returns an order.
pub async fn find<P: Private>(
    connection: &AsyncPgConnection,
    id: Uuid,
) -> QueryResult<Option<Order<P>>> {
    let row = RunQueryDsl::get_result::<Row<P>>(Find(id), &mut &*connection).await;
    Ok(row.optional()?.map(order))
}

/// The most frequent query, as literal text: diesel composes the text of a statement each time,
/// even if PostgreSQL has it prepared.
#[derive(QueryId)]
struct Find(Uuid);

impl QueryFragment<Pg> for Find {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(SELECT);
        out.push_sql(" from orders where id = ");
        out.push_bind_param::<SqlUuid, _>(&self.0)
    }
}

impl Query for Find {
    type SqlType = SqlTypeOf<OrderColumns>;
}

/// Returns those of the orders that exist.
pub async fn find_all<P: Private>(
    connection: &mut AsyncPgConnection,
    ids: &[Uuid],
) -> QueryResult<Vec<Order<P>>> {
    let these = orders::table.filter(orders::id.eq_any(ids)).select(COLUMNS);
    let rows = these.load::<Row<P>>(connection).await?;
    Ok(rows.into_iter().map(order).collect())
}

/// Returns those of the orders that exist, locked in the order of their ids: every transaction that
/// locks several uses this order, so that there is no deadlock.
pub async fn lock<P: Private>(
    connection: &mut AsyncPgConnection,
    ids: &[Uuid],
) -> QueryResult<Vec<Order<P>>> {
    let rows = orders::table
        .filter(orders::id.eq_any(ids))
        .order(orders::id)
        .select(COLUMNS)
        .for_update()
        .load::<Row<P>>(connection)
        .await?;
    Ok(rows.into_iter().map(order).collect())
}
