//! `POST /v1/sync/orders`: takes changes from the peer, all in one transaction.

use std::collections::{BTreeMap, HashMap};

use actix_web::HttpResponse;
use actix_web::web::Data;
use diesel_async::AsyncPgConnection;
use program_kit::access::Caller;
use program_kit::http::body::Body;
use program_kit::http::problem::FieldError;
use serde_json::Value;
use service_kit::database::now;
use service_kit::error::Error;
use service_kit::service::Service;
use shared_models::SCHEMA;
use shared_models::sync::{
    MAX_CHANGES, OrderChange, Outcome, SyncRequest, SyncResponse, SyncResult,
};
use uuid::Uuid;

use super::fold::{Arrived, apply_in_turn, by_order};
use crate::{Changed, Domain, Order, storage};

pub(super) async fn take<D: Domain>(
    caller: Caller,
    service: Data<Service>,
    request: Body<SyncRequest<Value>>,
) -> Result<HttpResponse, Error> {
    let request = request.0;
    check::<D>(&request)?;
    let arrived = request.changes.into_iter().map(Arrived::read).collect::<Vec<_>>();
    let changes = by_order(&arrived);
    let Written { outcomes, publishes } = match changes.is_empty() {
        true => Written::default(),
        false => {
            again_if_overtaken(async || {
                let applying = async |connection: &mut _| {
                    apply_all::<D>(connection, &changes, caller.name()).await
                };
                service.database.transaction(applying).await
            })
            .await?
        }
    };
    if publishes {
        service.relay.wake();
    }
    let results = arrived.into_iter().map(|arrived| result(arrived, &outcomes)).collect();
    Ok(HttpResponse::Ok().json(SyncResponse { results }))
}

/// The result of applying all changes.
#[derive(Debug, Default)]
struct Written {
    /// The outcome for each order.
    outcomes: BTreeMap<Uuid, Outcome>,
    /// Set if a resolution was made here that is to be published to the peer.
    publishes: bool,
}

/// The most attempts after concurrent writes. Each time another writer has finished, so this is far
/// more than there are concurrent callers.
const ATTEMPTS: usize = 100;

/// Repeats `work` as long as a concurrent write comes first.
async fn again_if_overtaken<T>(work: impl AsyncFn() -> Result<T, Error>) -> Result<T, Error> {
    for _ in 1..ATTEMPTS {
        match work().await {
            Err(Error::Overtaken) => {}
            done => return done,
        }
    }
    work().await
}

fn check<D: Domain>(request: &SyncRequest<Value>) -> Result<(), Error> {
    let refuse = |field: &str, problem: String| {
        Err(Error::Invalid(vec![FieldError::new(field, problem, |_| None)]))
    };
    let (source, count) = (request.source, request.changes.len());
    if request.schema != SCHEMA {
        refuse("schema", format!("is {}, and only {SCHEMA} is known here", request.schema))
    } else if source != D::SIDE.peer() {
        refuse("source", format!("is {source}, but this is the {}", D::SIDE))
    } else if count > MAX_CHANGES {
        refuse("changes", format!("has {count} changes, at most {MAX_CHANGES} fit"))
    } else {
        Ok(())
    }
}

/// Applies the changes. Existing orders are locked first, in the order of their ids; then missing
/// ones are inserted, in that order too, so that there is no deadlock. If another writer has
/// inserted one meanwhile, it fails as overtaken, and everything starts again: overwriting an order
/// without merging it would let an older revision replace a newer one.
async fn apply_all<D: Domain>(
    connection: &mut AsyncPgConnection,
    changes: &BTreeMap<Uuid, Vec<OrderChange>>,
    principal: Option<&str>,
) -> Result<Written, Error> {
    let (now, mut written) = (now(), Written::default());
    let ids = changes.keys().copied().collect::<Vec<_>>();
    let known = storage::lock::<D::Private>(connection, &ids).await?;
    let mut known = known.into_iter().map(|order| (order.id, order)).collect::<HashMap<_, _>>();
    let (mut new, mut changed) = (vec![], Rounds::default());
    for (id, changes) in changes {
        let order = known.remove(id);
        let inserted = usize::from(order.is_none());
        let order = order.unwrap_or_else(|| Order::blank(*id, now));
        let applied = apply_in_turn(D::SIDE, order, changes, now);
        written.outcomes.insert(*id, applied.outcome);
        let mut changes = applied.changes.into_iter().map(|changed| changed.by(principal));
        new.extend(changes.by_ref().take(inserted));
        changed.add(changes);
    }
    written.publishes = changed.publishes();
    storage::create_all(connection, &new).await?;
    for round in &changed.0 {
        storage::update_all(connection, round).await?;
    }
    Ok(written)
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

    /// Returns whether any is to be published to the peer. The contents of a new order are the
    /// peer's.
    fn publishes(&self) -> bool {
        self.0.iter().flatten().any(|changed| changed.record.publish)
    }
}

fn result(arrived: Arrived, outcomes: &BTreeMap<Uuid, Outcome>) -> SyncResult {
    let outcome = match arrived.change {
        Err(reason) => Outcome::Rejected { reason },
        Ok(change) => {
            // Every order that a change names was inserted, or found and locked.
            outcomes.get(&change.order_id).cloned().unwrap_or(Outcome::Stale)
        }
    };
    SyncResult { event_id: arrived.event_id, outcome }
}
