//! `POST /v1/sync/orders`: takes changes from the peer.

use std::collections::{BTreeMap, HashMap};

use actix_web::HttpResponse;
use actix_web::web::Data;
use program_kit::access::Caller;
use program_kit::http::body::Body;
use program_kit::http::problem::FieldError;
use program_kit::telemetry::trace::Span;
use serde_json::Value;
use service_kit::error::Error;
use service_kit::service::Service;
use shared_models::SCHEMA;
use shared_models::sync::{MAX_CHANGES, Outcome, SyncRequest, SyncResponse, SyncResult};
use uuid::Uuid;

use crate::Domain;
use crate::merging::{MergeCause, MergeResult, merge_in_transaction};
use crate::peer_change::{ReceivedChange, by_order};

pub(super) async fn receive<D: Domain>(
    caller: Caller,
    service: Data<Service>,
    request: Body<SyncRequest<Value>>,
) -> Result<HttpResponse, Error> {
    let mut request = request.0;
    check::<D>(&request)?;
    let changes = std::mem::take(&mut request.changes);
    let received = changes.into_iter().map(ReceivedChange::parse).collect::<Vec<_>>();
    let changes = by_order(&received);
    // Each ends with this request.
    let spans = begin_spans(&request, &received);
    let context = |(event, span): (&Uuid, &Span)| Some((*event, span.context()?));
    let traces = spans.iter().filter_map(context).collect();
    let cause = MergeCause { principal: caller.name(), traces: &traces };
    let merging = merge_in_transaction::<D>(&service.database, &changes, cause);
    let MergeResult { outcomes, publishes } = merging.await?;
    if publishes {
        service.relay.wake();
    }
    let results = received.into_iter().map(|received| result(received, &outcomes)).collect();
    Ok(HttpResponse::Ok().json(SyncResponse { results }))
}

/// Begins the spans of the changes that are traced.
fn begin_spans(request: &SyncRequest<Value>, received: &[ReceivedChange]) -> HashMap<Uuid, Span> {
    let mut spans = HashMap::new();
    for (index, received) in received.iter().enumerate() {
        let (Some(trace), Ok(change)) = (request.trace_of(index), &received.change) else {
            continue;
        };
        let mut span = Span::internal("merge order", Some(trace));
        if span.is_recorded() {
            span.set("lockstep.order.id", change.order_id.to_string());
        }
        spans.insert(change.event_id, span);
    }
    spans
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
