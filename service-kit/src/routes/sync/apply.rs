//! `POST /v1/sync/orders`: takes changes from the peer, all in one transaction.

use std::collections::{BTreeMap, HashMap};

use actix_web::HttpResponse;
use actix_web::web::Data;
use diesel_async::AsyncPgConnection;
use serde_json::Value;
use shared_models::SCHEMA;
use shared_models::sync::{
    MAX_CHANGES, OrderChange, Outcome, SyncRequest, SyncResponse, SyncResult,
};
use uuid::Uuid;

use super::fold::{Arrived, apply, by_order};
use crate::access::Caller;
use crate::error::Error;
use crate::http::body::Body;
use crate::http::problem::FieldError;
use crate::orders::{Domain, Order, now, storage};
use crate::service::Service;

pub(super) async fn take<D: Domain>(
    caller: Caller,
    service: Data<Service>,
    request: Body<SyncRequest<Value>>,
) -> Result<HttpResponse, Error> {
    let request = request.0;
    check::<D>(&request)?;
    let arrived = request.changes.into_iter().map(Arrived::read).collect::<Vec<_>>();
    let changes = by_order(&arrived);
    let outcomes = match changes.is_empty() {
        true => BTreeMap::new(),
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
    let results = arrived.into_iter().map(|arrived| result(arrived, &outcomes)).collect();
    Ok(HttpResponse::Ok().json(SyncResponse { results }))
}

/// How often somebody else may be faster. Each time one of them was done, so this is far more than
/// there are callers at once.
const ATTEMPTS: usize = 100;

/// Does `work` again for as long as somebody else is faster.
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
    } else if source != D::SITE.peer() {
        refuse("source", format!("is {source}, but this is the {}", D::SITE))
    } else if count > MAX_CHANGES {
        refuse("changes", format!("has {count} changes, at most {MAX_CHANGES} fit"))
    } else {
        Ok(())
    }
}

/// Those that are there are locked first, in the order of their ids; then those that are not are
/// inserted, in that order too, so that nobody waits in a circle. Where somebody else has inserted
/// one meanwhile, it is overtaken: all is to begin anew, for to write over what was not merged would
/// let an older revision replace a newer one.
async fn apply_all<D: Domain>(
    connection: &mut AsyncPgConnection,
    changes: &BTreeMap<Uuid, OrderChange>,
    principal: Option<&str>,
) -> Result<BTreeMap<Uuid, Outcome>, Error> {
    let (now, mut outcomes) = (now(), BTreeMap::new());
    let ids = changes.keys().copied().collect::<Vec<_>>();
    let known = storage::lock::<D::Private>(connection, &ids).await?;
    let known = known.into_iter().map(|order| (order.id, order)).collect::<HashMap<_, _>>();
    let (mut new, mut changed) = (vec![], vec![]);
    for (id, change) in changes {
        let applied = match known.get(id) {
            Some(order) => apply(D::SITE, order, change, now),
            None => apply(D::SITE, &Order::blank(*id, now), change, now),
        };
        outcomes.insert(*id, applied.outcome);
        let written = if known.contains_key(id) { &mut changed } else { &mut new };
        written.extend(applied.changed.map(|changed| changed.by(principal)));
    }
    storage::create_all(connection, &new).await?;
    storage::update_all(connection, &changed).await?;
    Ok(outcomes)
}

fn result(arrived: Arrived, outcomes: &BTreeMap<Uuid, Outcome>) -> SyncResult {
    let outcome = match arrived.change {
        Err(reason) => Outcome::Rejected { reason },
        Ok(change) => {
            // Every order that a change names has been inserted or found, and locked.
            outcomes.get(&change.order_id).cloned().unwrap_or(Outcome::Stale)
        }
    };
    SyncResult { event_id: arrived.event_id, outcome }
}
