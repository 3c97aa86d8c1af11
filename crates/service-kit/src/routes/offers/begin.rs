//! `POST /v1/sync/offer`: publishes the current facets of orders again.

use actix_web::HttpResponse;
use actix_web::http::header::LOCATION;
use actix_web::web::Data;
use chrono::{DateTime, Utc};
use program_kit::access::Caller;
use program_kit::http::body::Body;
use program_kit::http::page::is_storable;
use program_kit::http::problem::FieldError;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::location;
use crate::error::Error;
use crate::offers::{self, STEP};
use crate::service::Service;

/// The orders to be offered: all, those changed since a time, or some by their ids.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OfferRequest {
    all: Option<bool>,
    since: Option<DateTime<Utc>>,
    ids: Option<Vec<Uuid>>,
}

pub(super) async fn ask(
    caller: Caller,
    service: Data<Service>,
    request: Body<OfferRequest>,
) -> Result<HttpResponse, Error> {
    let (location, answer) = match request.0 {
        OfferRequest { all: Some(true), since: None, ids: None } => {
            let id = begin(&service, &caller, None).await?;
            (Some(location(id)), json!({"offered": "all", "id": id}))
        }
        OfferRequest { all: None, since: Some(since), ids: None } if is_storable(since) => {
            let id = begin(&service, &caller, Some(since)).await?;
            (Some(location(id)), json!({"offered": "changed", "since": since, "id": id}))
        }
        OfferRequest { all: None, since: None, ids: Some(ids) } if ids.len() <= STEP => {
            let (offered, unknown) = offer_some(&service, &caller, &ids).await?;
            (None, json!({"offered": offered, "unknown": unknown}))
        }
        OfferRequest { .. } => return Err(unclear()),
    };
    service.relay.wake();
    let mut response = HttpResponse::Accepted();
    if let Some(location) = location {
        response.insert_header((LOCATION, location));
    }
    Ok(response.json(answer))
}

fn unclear() -> Error {
    let expected = "must be one of {\"all\": true}, {\"since\": TIME}, {\"ids\": [up to 500]}";
    Error::Invalid(vec![FieldError::new("body", expected, |_| None)])
}

async fn begin(
    service: &Service,
    caller: &Caller,
    since: Option<DateTime<Utc>>,
) -> Result<i64, Error> {
    let beginning = service.database.transaction::<_, Error>(async |connection| {
        Ok(offers::begin(connection, since, caller.name()).await?)
    });
    beginning.await
}

async fn offer_some(
    service: &Service,
    caller: &Caller,
    ids: &[Uuid],
) -> Result<(Vec<Uuid>, Vec<Uuid>), Error> {
    let offering = service.database.transaction::<_, Error>(async |connection| {
        Ok(offers::offer(connection, &*service.resource, ids, caller.name()).await?)
    });
    let offered = offering.await?;
    let unknown = ids.iter().filter(|id| !offered.contains_key(*id)).copied().collect();
    Ok((offered.into_keys().collect(), unknown))
}
