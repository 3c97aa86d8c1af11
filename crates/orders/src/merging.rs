//! Merges the changes of the peer into the orders here, all in one transaction.

use std::collections::{BTreeMap, HashMap};

use diesel_async::AsyncPgConnection;
use service_kit::database::{Database, now};
use service_kit::error::Error;
use shared_models::sync::{OrderChange, Outcome};
use shared_models::trace::TraceContext;
use uuid::Uuid;

use super::local_change::Changed;
use super::order::{Domain, Order};
use super::peer_change::{MergedOrder, merge_changes};
use super::storage;

/// Merges changes of the peer, grouped by order, and starts again as long as a concurrent write comes
/// first.
pub(crate) async fn merge_in_transaction<D: Domain>(
    database: &Database,
    changes: &BTreeMap<Uuid, Vec<OrderChange>>,
    cause: MergeCause<'_>,
) -> Result<MergeResult, Error> {
    if changes.is_empty() {
        return Ok(MergeResult::default());
    }
    retry_if_overtaken(async || {
        let merging = async |connection: &mut _| merge_all::<D>(connection, changes, cause).await;
        database.transaction(merging).await
    })
    .await
}

/// What the changes of a merge are recorded with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MergeCause<'a> {
    /// The principal that sent them, if known.
    pub(crate) principal: Option<&'a str>,
    /// The traces of those events that are traced.
    pub(crate) traces: &'a HashMap<Uuid, TraceContext>,
}

/// The result of merging all changes.
#[derive(Debug, Default)]
pub(crate) struct MergeResult {
    /// The outcome for each order.
    pub(crate) outcomes: BTreeMap<Uuid, Outcome>,
    /// Set if this side has resolved a conflict in a way that the peer cannot know, so that the result
    /// is published to it.
    pub(crate) publishes: bool,
}

/// The most attempts after concurrent writes. Each time another writer has finished, so this is far
/// more than there are concurrent callers.
const ATTEMPTS: usize = 100;

/// Repeats `work` as long as a concurrent write comes first.
async fn retry_if_overtaken<T>(work: impl AsyncFn() -> Result<T, Error>) -> Result<T, Error> {
    for _ in 1..ATTEMPTS {
        match work().await {
            Err(Error::Overtaken) => {}
            done => return done,
        }
    }
    work().await
}

/// Merges the changes. Existing orders are locked first, in the order of their ids; then missing
/// ones are inserted, in that order too, so that there is no deadlock. If another writer has
/// inserted one meanwhile, it fails as overtaken, and everything starts again: overwriting an order
/// without merging it would let an older revision replace a newer one.
async fn merge_all<D: Domain>(
    connection: &mut AsyncPgConnection,
    changes: &BTreeMap<Uuid, Vec<OrderChange>>,
    cause: MergeCause<'_>,
) -> Result<MergeResult, Error> {
    let (now, mut merged) = (now(), MergeResult::default());
    let ids = changes.keys().copied().collect::<Vec<_>>();
    let known = storage::lock::<D::Private>(connection, &ids).await?;
    let mut known = known.into_iter().map(|order| (order.id, order)).collect::<HashMap<_, _>>();
    let (mut new, mut changed) = (vec![], Rounds::default());
    for (id, changes) in changes {
        let order = known.remove(id);
        let inserted = usize::from(order.is_none());
        let before = order.unwrap_or_else(|| Order::blank(*id, now));
        let trace = changes.last().and_then(|change| cause.traces.get(&change.event_id).copied());
        let MergedOrder { outcome, changes } = merge_changes(D::SIDE, before, changes, now);
        merged.outcomes.insert(*id, outcome);
        let caused = |changed: Changed<_>| changed.by(cause.principal).traced(trace);
        let mut results = changes.into_iter().map(caused);
        new.extend(results.by_ref().take(inserted));
        changed.add(results);
    }
    merged.publishes = new.iter().chain(changed.0.iter().flatten()).any(|it| it.record.to_publish);
    storage::create_all(connection, &new).await?;
    for round in &changed.0 {
        storage::update_all(connection, round).await?;
    }
    Ok(merged)
}

/// The updates of existing orders, grouped by statement: nearly always one. Only an order with two
/// changes that have to be merged one after the other needs a second one.
struct Rounds<P>(Vec<Vec<Changed<P>>>);

impl<P> Default for Rounds<P> {
    fn default() -> Self {
        Self(vec![])
    }
}

impl<P> Rounds<P> {
    fn add(&mut self, changes: impl Iterator<Item = Changed<P>>) {
        for (round, changed) in changes.enumerate() {
            if self.0.len() == round {
                self.0.push(vec![]);
            }
            self.0[round].push(changed);
        }
    }
}
