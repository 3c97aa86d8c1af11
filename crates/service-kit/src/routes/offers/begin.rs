//! `POST /v1/sync/offer`: publishes records again as they are now.

use actix_web::HttpResponse;
use actix_web::http::header::LOCATION;
use actix_web::web::Data;
use chrono::{DateTime, Utc};
use program_kit::access::Caller;
use program_kit::http::body::Body;
use program_kit::http::page::is_storable;
use program_kit::http::problem::FieldError;
use program_kit::telemetry::trace;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::location;
use crate::error::Error;
use crate::offers::{self, STEP};
use crate::resource::Resource;
use crate::service::Service;

/// The records to be offered: of a resource all, those changed since a time, or some by their keys.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::routes) struct OfferRequest {
    /// The name of the resource; the first of the service where there is none.
    resource: Option<String>,
    /// All records: true, or no such field.
    all: Option<bool>,
    /// The records that have changed since this time.
    since: Option<DateTime<Utc>>,
    /// The records with these keys.
    #[schemars(length(max = STEP))]
    ids: Option<Vec<String>>,
}

pub(super) async fn ask(
    caller: Caller,
    service: Data<Service>,
    request: Body<OfferRequest>,
) -> Result<HttpResponse, Error> {
    let OfferRequest { resource, all, since, ids } = request.0;
    let resource = match &resource {
        Some(name) => service.resources.named(name).ok_or_else(|| unknown(&service, name))?,
        None => service.resources.first(),
    };
    let (location, answer) = match (all, since, ids) {
        (Some(true), None, None) => {
            let id = begin(&service, resource, &caller, None).await?;
            (Some(location(id)), json!({"offered": "all", "id": id}))
        }
        (None, Some(since), None) if is_storable(since) => {
            let id = begin(&service, resource, &caller, Some(since)).await?;
            (Some(location(id)), json!({"offered": "changed", "since": since, "id": id}))
        }
        (None, None, Some(ids)) if ids.len() <= STEP => {
            let (offered, unknown) = offer_some(&service, resource, &caller, &ids).await?;
            (None, json!({"offered": offered, "unknown": unknown}))
        }
        _ => return Err(invalid_selection()),
    };
    service.relay.wake_tasks();
    // What is offered by key is in the outbox already.
    let mut response = HttpResponse::Accepted();
    if let Some(location) = location {
        response.insert_header((LOCATION, location));
    }
    Ok(response.json(answer))
}

fn invalid_selection() -> Error {
    let expected =
        "expected exactly one of {\"all\": true}, {\"since\": TIME}, {\"ids\": [up to 500]}";
    Error::Invalid(vec![FieldError::new("body", expected, |_| None)])
}

fn unknown(service: &Service, name: &str) -> Error {
    let names = service.resources.names();
    let problem = format!("expected one of: {names}; found {name:?}");
    Error::Invalid(vec![FieldError::new("resource", problem, |_| None)])
}

async fn begin(
    service: &Service,
    resource: &dyn Resource,
    caller: &Caller,
    since: Option<DateTime<Utc>>,
) -> Result<i64, Error> {
    let beginning = service.database.transaction::<_, Error>(async |connection| {
        Ok(offers::begin(connection, resource, since, caller.name()).await?)
    });
    beginning.await
}

/// Offers the records of these keys; returns the keys of those that exist, and the others.
async fn offer_some(
    service: &Service,
    resource: &dyn Resource,
    caller: &Caller,
    texts: &[String],
) -> Result<(Vec<String>, Vec<String>), Error> {
    let (keys, trace) = (keys(resource, texts)?, trace::current());
    let offering = service.database.transaction::<_, Error>(async |connection| {
        Ok(offers::offer(connection, resource, &keys, caller.name(), |_| trace).await?)
    });
    let offered = offering.await?;
    let unknown = keys.into_iter().filter(|key| !offered.contains_key(key)).collect();
    Ok((offered.into_keys().collect(), unknown))
}

fn keys(resource: &dyn Resource, texts: &[String]) -> Result<Vec<String>, Error> {
    let (mut keys, mut errors) = (vec![], vec![]);
    for (index, text) in texts.iter().enumerate() {
        match resource.key(text) {
            Some(key) => keys.push(key),
            None => {
                let problem =
                    format!("expected a key of the resource {}; found {text:?}", resource.name());
                errors.push(FieldError::new(format!("ids[{index}]"), problem, |_| None));
            }
        }
    }
    if errors.is_empty() { Ok(keys) } else { Err(Error::Invalid(errors)) }
}
