//! `POST /v1/sync/orders`: takes changes from the peer.

use std::collections::BTreeMap;

use actix_web::HttpResponse;
use actix_web::web::Data;
use program_kit::access::Caller;
use program_kit::http::body::Body;
use program_kit::http::problem::FieldError;
use serde_json::Value;
use service_kit::error::Error;
use service_kit::service::Service;
use shared_models::SCHEMA;
use shared_models::sync::{MAX_CHANGES, Outcome, SyncRequest, SyncResponse, SyncResult};
use uuid::Uuid;

use crate::Domain;
use crate::merging::{MergeResult, merge_in_transaction};
use crate::peer_change::{ReceivedChange, by_order};

pub(super) async fn receive<D: Domain>(
    caller: Caller,
    service: Data<Service>,
    request: Body<SyncRequest<Value>>,
) -> Result<HttpResponse, Error> {
    let request = request.0;
    check::<D>(&request)?;
    let received = request.changes.into_iter().map(ReceivedChange::parse).collect::<Vec<_>>();
    let changes = by_order(&received);
    let merging = merge_in_transaction::<D>(&service.database, &changes, caller.name());
    let MergeResult { outcomes, publishes } = merging.await?;
    if publishes {
        service.relay.wake();
    }
    let results = received.into_iter().map(|received| result(received, &outcomes)).collect();
    Ok(HttpResponse::Ok().json(SyncResponse { results }))
}

fn check<D: Domain>(request: &SyncRequest<Value>) -> Result<(), Error> {
    let refuse = |field: &str, problem: String| {
        Err(Error::Invalid(vec![FieldError::new(field, problem, |_| None)]))
    };
    let (source, count) = (request.source, request.changes.len());
    if request.schema != SCHEMA {
        refuse("schema", format!("is {}, but only {SCHEMA} is supported", request.schema))
    } else if source != D::SIDE.peer() {
        refuse(
            "source",
            format!("is {source}; expected the peer of this side, the {}", D::SIDE.peer()),
        )
    } else if count > MAX_CHANGES {
        refuse("changes", format!("has {count} changes; at most {MAX_CHANGES} are allowed"))
    } else {
        Ok(())
    }
}

fn result(received: ReceivedChange, outcomes: &BTreeMap<Uuid, Outcome>) -> SyncResult {
    let outcome = match received.change {
        Err(reason) => Outcome::Rejected { reason },
        Ok(change) => {
            // Merging gives an outcome for each order; `Stale` only stands in for what cannot be.
            outcomes.get(&change.order_id).cloned().unwrap_or(Outcome::Stale)
        }
    };
    SyncResult { event_id: received.event_id, outcome }
}
