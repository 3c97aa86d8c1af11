//! Comparing this side with the peer: which orders changed here, and how orders stand, in short.
//!
//! The worker reads a stretch of the change log at one side, asks the other how the same orders stand
//! there, and has what is missing offered again. How far it has come is kept here, because the worker
//! keeps nothing. Every statement reads by primary key (of parked changes by an index), and no more
//! than a page, however long the log is.

mod digest;
mod storage;

use diesel::QueryResult;
use diesel_async::AsyncPgConnection;
use shared_models::comparison::{ChangedPage, Compared, OrderState, Revisions};
use shared_models::site::Site;
use uuid::Uuid;

pub use storage::log_state;

/// The orders that `site` changed itself between two places in its log, as they stand now; what came
/// from the peer and what concerns only this side is passed over.
pub async fn changed(
    connection: &mut AsyncPgConnection,
    site: Site,
    after: i64,
    upto: i64,
) -> QueryResult<ChangedPage> {
    let page = storage::changed(connection, site, after, upto).await?;
    let Revisions { orders, newest } = revisions(connection, &page.orders).await?;
    Ok(ChangedPage { orders, upto: page.next(upto), newest })
}

/// Those of the orders that are here, as they stand now. The log is looked at last, so nothing in the
/// answer is newer than the place that it names.
pub async fn revisions(connection: &mut AsyncPgConnection, ids: &[Uuid]) -> QueryResult<Revisions> {
    let parked = storage::parked(connection, ids).await?;
    let orders = storage::shared(connection, ids).await?;
    let state = |(id, shared)| digest::state(id, &shared, parked.contains(&id));
    let orders = orders.into_iter().map(state).collect::<Vec<OrderState>>();
    Ok(Revisions { orders, newest: storage::newest(connection).await? })
}

/// Notes how far the log has been compared; `false` where it is not as far as the caller believes.
pub async fn advance(connection: &mut AsyncPgConnection, compared: Compared) -> QueryResult<bool> {
    storage::advance(connection, compared, crate::orders::now()).await
}
