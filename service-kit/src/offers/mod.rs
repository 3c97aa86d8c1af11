//! Offers: the current facets of orders are published again, through the same outbox.
//!
//! Harmless because of the receiver's fence; the one mechanism behind first load, a queue that was
//! lost with its messages, and repair. An offer of many orders is a row of its own that the relay
//! works off in small steps, when the outbox is empty or at least once a second, so it survives a
//! restart and never floods the outbox.

mod storage;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel_async::AsyncPgConnection;
use shared_models::site::Site;
use uuid::Uuid;

use crate::change_log::{self, Record};
use crate::orders::{Order, now};

/// Orders that are offered in one step, and ids that may be named in one request.
pub const STEP: usize = 500;

/// Begins an offer of all orders, or of those that changed since a time.
pub async fn begin(
    connection: &mut AsyncPgConnection,
    since: Option<DateTime<Utc>>,
) -> QueryResult<()> {
    storage::begin(connection, since, now()).await
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

/// Takes the oldest offer one step further; `false` where there is none. The caller owns the
/// transaction, and is the only one: the relay that is active.
pub async fn advance(connection: &mut AsyncPgConnection, site: Site) -> QueryResult<bool> {
    let Some(offer) = storage::oldest(connection).await? else { return Ok(false) };
    let limit = i64::try_from(STEP).unwrap_or(i64::MAX);
    let orders = storage::changed_since(connection, offer.since, offer.after_id, limit).await?;
    publish(connection, site, &orders, None).await?;
    match orders.last() {
        Some(last) if orders.len() == STEP => {
            storage::go_on_after(connection, offer.id, last.id).await?;
        }
        Some(_) | None => storage::end(connection, offer.id).await?,
    }
    Ok(true)
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
