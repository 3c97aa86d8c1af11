//! Offers: records are published again as they are now, through the same outbox.
//!
//! Harmless because of the receiver's fence; the one mechanism behind the first load, recovery of a
//! queue that was lost with its messages, and repair. An offer of many records is a row that the
//! relay works off in small steps, so it survives a restart and never floods the outbox. Several
//! offers take turns. An offer of all records walks them by key; an offer since a time reads the
//! change log, so that its cost depends only on what has changed since.

mod search;
mod storage;
mod task;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel::prelude::*;
use diesel_async::AsyncPgConnection;
use shared_models::trace::TraceContext;
use uuid::Uuid;

use crate::change_log::{self, Change};
use crate::database::now;
use crate::database::schema::offers;
use crate::resource::{Resource, Resources};
use search::{LookBack, Search};
pub(crate) use task::OfferTask;

/// The most ids in one request, and the most parked changes that are offered in one step.
pub const STEP: usize = 500;

/// The records that one step of an offer publishes. A change made meanwhile waits for these.
pub const ADVANCE: u16 = 100;

/// An offer that is being worked off.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = offers)]
pub struct Offer {
    /// The offer's number.
    pub id: i64,
    /// The name of the resource whose records it offers.
    pub resource: String,
    /// The time since which its records have changed; `None` for an offer of all.
    pub since: Option<DateTime<Utc>>,
    /// The key of the last record that was offered, if it offers all.
    pub after_key: Option<String>,
    /// The time of the request.
    pub created_at: DateTime<Utc>,
    /// The last entry of the change log that was read, if it has a time. While `until_seq` is not
    /// known, the place before which its first entry is still looked for.
    pub after_seq: Option<i64>,
    /// The last entry of the change log to be read: the newest one when the reading began.
    pub until_seq: Option<i64>,
    /// The number of records offered so far; one that changed often may be counted several times.
    pub offered: i64,
    /// The principal that requested it, if known.
    pub principal: Option<String>,
    /// The time at which its next step is due.
    pub next_at: DateTime<Utc>,
    /// The number of consecutive failed steps.
    pub failures: i32,
    /// The reason of the last failure.
    pub failure: Option<String>,
}

/// The progress of an offer.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    /// An offer of all records: the last one offered.
    Record(String),
    /// An offer since a time, whose first log entry may still be before this place.
    Before(i64),
    /// An offer since a time: the last log entry that was read, and the last to be read.
    Change { after: i64, until: i64 },
}

/// Begins an offer of all records of a resource, or of those changed since a time; returns its id.
/// `principal` is the one that requested it, if known. The caller owns the transaction.
pub async fn begin(
    connection: &mut AsyncPgConnection,
    resource: &dyn Resource,
    since: Option<DateTime<Utc>>,
    principal: Option<&str>,
) -> QueryResult<i64> {
    storage::begin(connection, resource.name(), since, principal, now()).await
}

/// Returns the offers under way with a greater id, in the order of their requests.
pub async fn list(
    connection: &AsyncPgConnection,
    after: i64,
    limit: i64,
) -> QueryResult<Vec<Offer>> {
    storage::list(connection, after, limit).await
}

/// Returns an offer under way.
pub async fn find(connection: &AsyncPgConnection, id: i64) -> QueryResult<Option<Offer>> {
    storage::find(connection, id).await
}

/// Ends an offer early; returns `false` if there is none. Published events stay published.
pub async fn end(connection: &mut AsyncPgConnection, id: i64) -> QueryResult<bool> {
    storage::remove(connection, id).await
}

/// Offers, at once, those of these records that exist; returns the event of each. `principal` is
/// the one that requested it, if known; `trace_of` gives the trace that the offer of a key belongs to.
/// The caller owns the transaction.
pub async fn offer(
    connection: &mut AsyncPgConnection,
    resource: &dyn Resource,
    keys: &[String],
    principal: Option<&str>,
    trace_of: impl Fn(&str) -> Option<TraceContext>,
) -> QueryResult<BTreeMap<String, Uuid>> {
    let mut offers = resource.offers_of(connection, keys, principal).await?;
    for offer in &mut offers {
        offer.trace = trace_of(&offer.key);
    }
    append(connection, &offers, false).await?;
    Ok(offers.into_iter().map(|offer| (offer.key, offer.event_id)).collect())
}

/// Returns whether an offer has a step that is due.
pub async fn is_any_due(connection: &mut AsyncPgConnection) -> QueryResult<bool> {
    storage::is_any_due(connection).await
}

/// Locks the offer whose step is due next; returns `None` if none is due that nobody else has
/// locked. The caller owns the transaction.
pub async fn take_next(connection: &mut AsyncPgConnection) -> QueryResult<Option<Offer>> {
    storage::limit_statements(connection).await?;
    storage::take_next(connection).await
}

/// Notes that a step of an offer failed, so that other offers come first; returns the number of
/// consecutive failures, if the offer still exists. The caller owns the transaction.
pub async fn failed(
    connection: &mut AsyncPgConnection,
    id: i64,
    failure: &str,
) -> QueryResult<Option<i32>> {
    storage::limit_statements(connection).await?;
    storage::failed(connection, id, failure).await
}

/// Advances the offer that [`take_next`] has locked in the same transaction by one step, and returns
/// how many records were offered. The caller must be the active relay: no other may run this.
pub async fn advance(
    connection: &mut AsyncPgConnection,
    resources: &Resources,
    offer: &Offer,
) -> QueryResult<usize> {
    let resource = resources.named(&offer.resource).ok_or_else(|| unknown(resources, offer))?;
    let (offers, place) = match offer.since {
        None => next_of_all(connection, resource, offer).await?,
        Some(since) => next_changed(connection, resource, offer, since).await?,
    };
    append(connection, &offers, true).await?;
    match place {
        Some(place) => {
            let offered = i64::try_from(offers.len()).unwrap_or(i64::MAX);
            storage::save(connection, offer.id, place, offered).await?;
        }
        None => storage::finish(connection, offer.id).await?,
    }
    Ok(offers.len())
}

/// Appends offers to the change log. What was dropped of their records is in them, too.
async fn append(
    connection: &mut AsyncPgConnection,
    offers: &[Change],
    in_bulk: bool,
) -> QueryResult<()> {
    change_log::append_offers(connection, offers, in_bulk).await?;
    storage::offer_dropped(connection, offers).await
}

/// Returns the error of an offer that another version of the service has begun.
fn unknown(resources: &Resources, Offer { resource, .. }: &Offer) -> diesel::result::Error {
    let names = resources.names();
    let reason =
        format!("expected an offer of a resource of this service ({names}); found {resource:?}");
    diesel::result::Error::QueryBuilderError(reason.into())
}

/// Returns offers of the next of all records, and the place after them; no place at the end.
async fn next_of_all(
    connection: &mut AsyncPgConnection,
    resource: &dyn Resource,
    offer: &Offer,
) -> QueryResult<(Vec<Change>, Option<Place>)> {
    let (after, principal) = (offer.after_key.as_deref(), offer.principal.as_deref());
    let offers = resource.offers_after(connection, after, ADVANCE.into(), principal).await?;
    let more = offers.len() == usize::from(ADVANCE);
    let last = offers.last().filter(|_| more).map(|offer| Place::Record(offer.key.clone()));
    Ok((offers, last))
}

/// Returns offers of the records of the next changes, and the place after them; no place at the
/// end.
///
/// The last entry to be read is the newest one when the reading began, so that it does not read the
/// entries that it appends itself. A transaction under way at that time may later commit an entry
/// before that place; such an entry is in the outbox, or came from the peer.
async fn next_changed(
    connection: &mut AsyncPgConnection,
    resource: &dyn Resource,
    offer: &Offer,
    since: DateTime<Utc>,
) -> QueryResult<(Vec<Change>, Option<Place>)> {
    let (after, until) = match (offer.after_seq, offer.until_seq) {
        (Some(after), Some(until)) => (after, until),
        (found, _) => {
            let back = look_back(connection, found, since).await?;
            if !back.is_over() {
                return Ok((vec![], Some(Place::Before(back.place()))));
            }
            (back.place(), storage::newest(connection).await?)
        }
    };
    let limit = i64::from(ADVANCE);
    let range = (after, until);
    let entries = storage::changed_after(connection, resource.name(), range, since, limit).await?;
    let after = match entries.last() {
        Some(last) if entries.len() == usize::from(ADVANCE) => Some(last.seq),
        Some(_) | None => storage::last_of_window(connection, range).await?,
    };
    let mut keys = entries.into_iter().map(|entry| entry.key).collect::<Vec<_>>();
    keys.sort_unstable();
    keys.dedup();
    let offers = resource.offers_of(connection, &keys, offer.principal.as_deref()).await?;
    let place = after.filter(|after| *after < until).map(|after| Place::Change { after, until });
    Ok((offers, place))
}

/// Looks back from the place that was found in an earlier step, or that a search finds now. Where the
/// log is trimmed, it has the newest change of each record: one that has changed since the time has a
/// change that is no older. Nothing after an offer's place is trimmed while it is under way.
async fn look_back(
    connection: &mut AsyncPgConnection,
    found: Option<i64>,
    since: DateTime<Utc>,
) -> QueryResult<LookBack> {
    let found = match found {
        Some(found) => found,
        None => search(connection, since).await?,
    };
    let mut back = LookBack::from(found);
    while let Some(newest) = back.next() {
        back.saw(storage::sees_any(connection, newest, since).await?);
    }
    Ok(back)
}

/// Finds the place in the change log from which the times are those since a time.
async fn search(connection: &mut AsyncPgConnection, since: DateTime<Utc>) -> QueryResult<i64> {
    let mut search = Search::new(since, storage::newest(connection).await?);
    while let Some(place) = search.next() {
        search.found(place, storage::entry_at(connection, place).await?);
    }
    Ok(search.last_too_early())
}
