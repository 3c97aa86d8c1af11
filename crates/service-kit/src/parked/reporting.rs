//! Applying a report of changes that could not be carried to the rows.

use std::collections::{BTreeMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use diesel::QueryResult;
use diesel_async::AsyncPgConnection;
use shared_models::parked::ParkedState;
use uuid::Uuid;

use super::{Parked, State, storage};
use crate::database::now;
use crate::parked::Delays;
use crate::resource::Resources;

/// A change that could not be carried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reported {
    /// The event; `None` is the newest one of the record that was published, up to the version.
    pub event: Option<Uuid>,
    /// The version of the record, where the event is not known.
    pub version: Option<i64>,
    /// The resource and the key of the record that it is about, if they are of records kept here.
    pub record: Option<(&'static str, String)>,
    /// The message's body.
    pub body: Vec<u8>,
    /// The reason.
    pub reason: String,
    /// Set if it may be carried later without a person's help.
    pub may_pass: bool,
}

/// Stores a report; returns how many changes it parked. The caller owns the transaction.
pub async fn report(
    connection: &mut AsyncPgConnection,
    resources: &Resources,
    delays: &Delays,
    reported: &[Reported],
) -> QueryResult<usize> {
    let now = now();
    let reported = by_event(connection, reported).await?;
    let events = reported.keys().copied().collect::<Vec<_>>();
    let fresh = storage::record_events(connection, &events).await?;
    let offered = storage::lock_in_state(connection, ParkedState::Offered, &fresh).await?;
    let expected = offered.iter().map(|row| row.event_id).collect::<HashSet<_>>();
    let again = offered
        .iter()
        .filter_map(|row| Some(parked_again(row, reported.get(&row.event_id)?, delays, now)));
    let again = again.collect::<Vec<_>>();
    let new = fresh.iter().filter(|event| !expected.contains(event));
    let new = new.filter_map(|event| Some((*event, reported.get(event)?))).collect::<Vec<_>>();
    let first = new.into_iter().map(|(event, reported)| parked_first(event, reported, delays, now));
    let first = first.collect::<Vec<_>>();
    storage::insert(connection, &first).await?;
    storage::unset_due(connection, resources, &fresh).await?;
    let nameless =
        reported.iter().filter(|(event, it)| it.event.is_none() && !fresh.contains(event));
    let nameless = nameless.map(|(event, it)| (*event, *it)).collect::<BTreeMap<_, _>>();
    let still = still_parked(connection, &nameless, delays, now).await?;
    storage::update(connection, &[&*again, &*still].concat()).await?;
    Ok(first.len() + again.len())
}

/// Returns the rows of changes that failed once more while they are parked, with the new reason: it may be one that
/// passes, and the old one was not.
async fn still_parked(
    connection: &mut AsyncPgConnection,
    nameless: &BTreeMap<Uuid, &Reported>,
    delays: &Delays,
    now: DateTime<Utc>,
) -> QueryResult<Vec<Parked>> {
    let events = nameless.keys().copied().collect::<Vec<_>>();
    let rows = storage::lock_in_state(connection, ParkedState::Parked, &events).await?;
    let anew = |row: Parked| {
        let reported = nameless.get(&row.event_id)?;
        let anew = parked_again(&row, reported, delays, now);
        // A person may have asked for it meanwhile.
        let is_due = row.offer_at.is_some_and(|at| at <= now);
        let offer_at = row.offer_at.filter(|_| is_due || anew.offer_at.is_none()).or(anew.offer_at);
        Some(Parked { attempts: row.attempts, offer_at, ..anew })
    };
    Ok(rows.into_iter().filter_map(anew).collect())
}

/// Returns the changes by event; of those with the same the first counts.
async fn by_event<'a>(
    connection: &mut AsyncPgConnection,
    reported: &'a [Reported],
) -> QueryResult<BTreeMap<Uuid, &'a Reported>> {
    let nameless = reported.iter().filter(|it| it.event.is_none());
    let records = nameless.filter_map(|it| Some((it.record.as_ref()?, it.version)));
    let records = records.collect::<Vec<_>>();
    let newest = storage::reportable_events(connection, &records).await?;
    let mut by_event = BTreeMap::new();
    for change in reported {
        let of_record = || newest.get(change.record.as_ref()?).copied();
        let event = change.event.or_else(of_record).unwrap_or_else(Uuid::now_v7);
        by_event.entry(event).or_insert(change);
    }
    Ok(by_event)
}

fn parked_first(event: Uuid, reported: &Reported, delays: &Delays, now: DateTime<Utc>) -> Parked {
    let (resource, key) = reported.record.clone().unzip();
    let may_wait = reported.may_pass && key.is_some();
    Parked {
        id: event,
        event_id: event,
        resource: resource.map(str::to_owned),
        key,
        body: reported.body.clone(),
        reason: reported.reason.clone(),
        attempts: 1,
        first_at: now,
        last_at: now,
        offer_at: may_wait.then(|| offer_at(delays, 1, now)),
        state: State(ParkedState::Parked),
        acted_by: None,
        acted_at: None,
    }
}

/// Returns the row of a change whose record was offered in vain.
fn parked_again(
    before: &Parked,
    reported: &Reported,
    delays: &Delays,
    now: DateTime<Utc>,
) -> Parked {
    let attempts = before.attempts.saturating_add(1);
    Parked {
        id: before.id,
        event_id: before.event_id,
        resource: before.resource.clone(),
        key: before.key.clone(),
        body: reported.body.clone(),
        reason: reported.reason.clone(),
        attempts,
        first_at: before.first_at,
        last_at: now,
        offer_at: reported.may_pass.then(|| offer_at(delays, attempts, now)),
        state: State(ParkedState::Parked),
        acted_by: before.acted_by.clone(),
        acted_at: before.acted_at,
    }
}

fn offer_at(delays: &Delays, attempts: i32, now: DateTime<Utc>) -> DateTime<Utc> {
    let wait = delays.after(attempts.unsigned_abs());
    now + TimeDelta::from_std(wait).unwrap_or_default()
}
