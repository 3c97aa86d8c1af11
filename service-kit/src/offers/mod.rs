//! Offers: the current facets of orders are published again, through the same outbox.
//!
//! Harmless because of the receiver's fence; the one mechanism behind first load, a queue that was
//! lost with its messages, and repair. An offer of many orders is a row of its own that the relay
//! works off in small steps, so it survives a restart and never floods the outbox. Several are worked
//! off in turn. An offer of all walks the orders by id; one since a time reads the change log, so
//! that it costs as much as has changed since, and nothing for what has not.

mod search;
mod storage;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel::prelude::*;
use diesel_async::AsyncPgConnection;
use shared_models::site::Site;
use uuid::Uuid;

use crate::change_log::{self, Record};
use crate::database::schema::offers;
use crate::orders::{Order, now};
use search::Search;

/// Ids that may be named in one request, and parked changes that are offered in one step.
pub const STEP: usize = 500;

/// Orders that one step of an offer publishes. A change that is made meanwhile waits for as many.
pub const ADVANCE: u16 = 100;

/// An offer that is being worked off.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = offers)]
pub struct Offer {
    /// Its number.
    pub id: i64,
    /// The time since which the orders changed that it offers; all orders where there is none.
    pub since: Option<DateTime<Utc>>,
    /// The last order that was offered, where it offers all.
    pub after_id: Option<Uuid>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// The last entry of the change log that was read, where it offers what has changed.
    pub after_seq: Option<i64>,
    /// The entry of the change log up to which it reads: the newest one when it began.
    pub until_seq: Option<i64>,
    /// How many orders it has offered; one that changed often may be counted several times.
    pub offered: i64,
    /// Who asked for it, where that is known.
    pub principal: Option<String>,
    /// When its next step is due.
    pub next_at: DateTime<Utc>,
    /// How many steps failed in a row.
    pub failures: i32,
    /// Why the last one failed.
    pub failure: Option<String>,
}

/// The place up to which an offer has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Of all orders: the last one that was offered.
    Order(Uuid),
    /// Of the change log: the last entry that was read, and the last that is to be.
    Change { after: i64, until: i64 },
}

/// Begins an offer of all orders, or of those that changed since a time; gives its id. `principal` is
/// who asked for it, where that is known. The caller owns the transaction.
pub async fn begin(
    connection: &mut AsyncPgConnection,
    since: Option<DateTime<Utc>>,
    principal: Option<&str>,
) -> QueryResult<i64> {
    storage::begin(connection, since, principal, now()).await
}

/// The offers under way after one of them, in the order in which they were asked for.
pub async fn list(
    connection: &AsyncPgConnection,
    after: i64,
    limit: i64,
) -> QueryResult<Vec<Offer>> {
    storage::list(connection, after, limit).await
}

/// An offer under way.
pub async fn find(connection: &AsyncPgConnection, id: i64) -> QueryResult<Option<Offer>> {
    storage::find(connection, id).await
}

/// Ends an offer before its end; `false` where there is none. What it has published stays published.
pub async fn end(connection: &mut AsyncPgConnection, id: i64) -> QueryResult<bool> {
    storage::remove(connection, id).await
}

/// Offers those of these orders that are there at once, and gives the event of each; `principal` is
/// who asked for it, where that is known. The caller owns the transaction.
pub async fn offer(
    connection: &mut AsyncPgConnection,
    site: Site,
    ids: &[Uuid],
    principal: Option<&str>,
) -> QueryResult<BTreeMap<Uuid, Uuid>> {
    let orders = storage::these(connection, ids).await?;
    let records = publish(connection, site, &orders, principal).await?;
    Ok(records.iter().map(|record| (record.event.order_id, record.event.id)).collect())
}

/// The offer whose turn is next, where one is due.
pub async fn next(connection: &mut AsyncPgConnection) -> QueryResult<Option<i64>> {
    storage::next(connection).await
}

/// Notes that a step of an offer failed, so that others have their turn; gives how many have failed
/// in a row, where the offer is still there.
pub async fn failed(
    connection: &mut AsyncPgConnection,
    id: i64,
    failure: &str,
) -> QueryResult<Option<i32>> {
    storage::failed(connection, id, failure).await
}

/// Takes an offer one step further, and gives how many orders were offered. The caller owns the
/// transaction, and is the only one: the relay that is active.
pub async fn advance(
    connection: &mut AsyncPgConnection,
    site: Site,
    id: i64,
) -> QueryResult<usize> {
    storage::limit_statements(connection).await?;
    let Some(offer) = storage::lock(connection, id).await? else { return Ok(0) };
    let (orders, place) = match offer.since {
        None => next_of_all(connection, offer.after_id).await?,
        Some(since) => next_changed(connection, &offer, since).await?,
    };
    publish(connection, site, &orders, offer.principal.as_deref()).await?;
    match place {
        Some(place) => {
            let offered = i64::try_from(orders.len()).unwrap_or(i64::MAX);
            storage::save(connection, id, place, offered).await?;
        }
        None => storage::finish(connection, id).await?,
    }
    Ok(orders.len())
}

/// The next of all orders, and the place after them; none where there are no more.
async fn next_of_all(
    connection: &mut AsyncPgConnection,
    after: Option<Uuid>,
) -> QueryResult<(Vec<Order<()>>, Option<Place>)> {
    let orders = storage::after(connection, after, ADVANCE.into()).await?;
    let more = orders.len() == usize::from(ADVANCE);
    let last = orders.last().filter(|_| more).map(|order| Place::Order(order.id));
    Ok((orders, last))
}

/// The orders of the next changes, and the place after them; none where there are no more.
///
/// It ends with the newest entry there was when it began, so that it does not follow what it appends
/// itself. A transaction that was under way then may commit an entry before that place later; it
/// stands in the outbox by itself.
async fn next_changed(
    connection: &mut AsyncPgConnection,
    offer: &Offer,
    since: DateTime<Utc>,
) -> QueryResult<(Vec<Order<()>>, Option<Place>)> {
    let (after, until) = match (offer.after_seq, offer.until_seq) {
        (Some(after), Some(until)) => (after, until),
        _ => search(connection, since).await?,
    };
    let limit = i64::from(ADVANCE);
    let entries = storage::changed_after(connection, (after, until), since, limit).await?;
    let after = match entries.last() {
        Some(last) if entries.len() == usize::from(ADVANCE) => Some(last.seq),
        Some(_) | None => storage::last_of_window(connection, (after, until)).await?,
    };
    let mut ids = entries.iter().map(|entry| entry.order_id).collect::<Vec<_>>();
    ids.sort_unstable();
    ids.dedup();
    let orders = storage::these(connection, &ids).await?;
    let place = after.filter(|after| *after < until).map(|after| Place::Change { after, until });
    Ok((orders, place))
}

/// The part of the change log that holds all changes since a time. The log has every change there
/// ever was; should its beginning be deleted one day, an offer since an earlier time has to become
/// one of all.
async fn search(
    connection: &mut AsyncPgConnection,
    since: DateTime<Utc>,
) -> QueryResult<(i64, i64)> {
    let newest = storage::newest(connection).await?;
    let mut search = Search::new(since, newest);
    while let Some(place) = search.next() {
        search.found(place, storage::entry_at(connection, place).await?);
    }
    Ok((search.last_too_early(), newest))
}

async fn publish(
    connection: &mut AsyncPgConnection,
    site: Site,
    orders: &[Order<()>],
    principal: Option<&str>,
) -> QueryResult<Vec<Record>> {
    let now = now();
    let records = orders.iter().map(|order| Record::offered(site, order, now).by(principal));
    let records = records.collect::<Vec<_>>();
    change_log::append(connection, &records).await?;
    Ok(records)
}
