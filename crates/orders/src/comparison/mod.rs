//! Comparing this side with the peer: the orders that changed here, and the states of orders.
//!
//! The worker reads a range of the change log at one side, asks the other for the states of the
//! same orders, and has missing ones offered again. Its progress is stored here, because the worker
//! stores nothing. Every statement reads by primary key (parked changes by an index), and no more
//! than a page, however long the log is.

mod digest;
mod set_aside;
mod storage;

use diesel::QueryResult;
use diesel_async::AsyncPgConnection;
use set_aside::SetAside;
use shared_models::comparison::{
    ChangedPage, Compared, MAX_COMPARED, OrderState, Revisions, StatesPage,
};
use shared_models::order::Shared;
use shared_models::side::Side;
use uuid::Uuid;

pub(crate) use storage::{compared_since, log_state};

/// Returns the orders that this side itself changed between two places in its log, with their current
/// states; changes from the peer, changes that concern only this side, and what an offer of many
/// published are skipped.
pub(crate) async fn changed(
    connection: &mut AsyncPgConnection,
    side: Side,
    (after, upto): (i64, i64),
) -> QueryResult<ChangedPage> {
    let page = storage::changed(connection, after, upto).await?;
    let Revisions { orders, newest } = revisions(connection, side, &page.orders).await?;
    Ok(ChangedPage { orders, upto: page.next(upto), newest })
}

/// Returns the current states of those of these orders that exist here. The log is read last, so
/// nothing in the answer is newer than the place that it names.
pub(crate) async fn revisions(
    connection: &mut AsyncPgConnection,
    side: Side,
    ids: &[Uuid],
) -> QueryResult<Revisions> {
    let set_aside = storage::set_aside(connection, side, ids).await?;
    let orders = states_of(storage::shared(connection, ids).await?, &set_aside);
    Ok(Revisions { orders, newest: storage::newest(connection).await? })
}

/// Returns a page of the current states of all orders after an id, sorted by id. The log is read
/// last, as by [`revisions`].
pub(crate) async fn states(
    connection: &mut AsyncPgConnection,
    side: Side,
    after: Option<Uuid>,
) -> QueryResult<StatesPage> {
    let orders = storage::shared_after(connection, after).await?;
    let ids = orders.iter().map(|(id, _)| *id).collect::<Vec<_>>();
    let set_aside = storage::set_aside(connection, side, &ids).await?;
    let upto = ids.last().copied().filter(|_| ids.len() >= MAX_COMPARED);
    let orders = states_of(orders, &set_aside);
    Ok(StatesPage { orders, upto, newest: storage::newest(connection).await? })
}

fn states_of(orders: Vec<(Uuid, Shared)>, set_aside: &SetAside) -> Vec<OrderState> {
    let state = |(id, shared)| digest::state(id, &shared, set_aside);
    orders.into_iter().map(state).collect()
}

/// Records how far the log has been compared, if the last record was at `compared.from`; returns
/// whether it did.
pub(crate) async fn advance(
    connection: &mut AsyncPgConnection,
    compared: Compared,
) -> QueryResult<bool> {
    storage::advance(connection, compared, service_kit::database::now()).await
}
