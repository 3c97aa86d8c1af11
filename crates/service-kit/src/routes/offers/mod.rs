//! `/v1/offers`: the offers under way, and ending one.

pub(super) mod begin;

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::web::{self, Data, Path, Query};
use chrono::{DateTime, Utc};
use program_kit::access::Rule;
use program_kit::http::endpoints::{Routes, endpoint, endpoints_of, read_endpoints};
use program_kit::http::page::{MAX_LIMIT, Page};
use program_kit::http::problem::{Kind, Problem};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::describe;
use crate::error::Error;
use crate::offers::{self, Offer};
use crate::service::Service;

/// An offer, as sent.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Offer")]
pub(super) struct Shown {
    id: i64,
    /// The name of the resource whose records it offers.
    resource: String,
    /// `all`, or `changed` since a time.
    of: &'static str,
    since: Option<DateTime<Utc>>,
    /// The principal that requested it, if known.
    principal: Option<String>,
    begun_at: DateTime<Utc>,
    /// The number of records that were offered so far.
    offered: i64,
    /// The progress: the key of the last record, under the name of its resource, or the place in the
    /// change log.
    #[schemars(with = "Option<Map<String, Value>>")]
    place: Option<Value>,
    /// The time at which its next step is due.
    next_at: DateTime<Utc>,
    /// The number of consecutive failed steps.
    failures: i32,
    /// The reason of the last failure.
    failure: Option<String>,
}

/// The query of `GET /v1/offers`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OffersQuery {
    /// The last offer that the caller has.
    #[serde(default)]
    after: i64,
}

/// `POST /v1/sync/offer`, `GET /v1/offers`, `GET /v1/offers/{id}`, `DELETE /v1/offers/{id}`.
pub(super) fn offers() -> Routes {
    let list = read_endpoints(Rule::READ_OR_SYNC, || web::to(list), describe::offers);
    let mut one = read_endpoints(Rule::READ_OR_SYNC, || web::to(self::one), describe::offer);
    one.push(endpoint(Method::DELETE, Rule::SYNC_OR_ADMIN, web::to(end), describe::end_offer));
    let ask = vec![endpoint(
        Method::POST,
        Rule::SYNC_OR_ADMIN,
        web::to(begin::ask),
        describe::begin_offer,
    )];
    let of_ask = "use POST with {\"all\": true}, {\"since\": TIME} or {\"ids\": [...]}";
    let advice =
        "use GET to read offers, DELETE on one to end it, or POST /v1/sync/offer to begin one";
    Routes::default()
        .with(endpoints_of("/v1/sync/offer", of_ask, ask))
        .with(endpoints_of("/v1/offers", advice, list))
        .with(endpoints_of("/v1/offers/{id}", advice, one))
}

/// Returns the path of an offer.
fn location(id: i64) -> String {
    format!("/v1/offers/{id}")
}

async fn list(service: Data<Service>, query: Query<OffersQuery>) -> Result<HttpResponse, Error> {
    let limit = i64::from(MAX_LIMIT) + 1;
    let asking = service
        .database
        .observe(async |connection| offers::list(connection, query.after, limit).await);
    let mut found = asking.await?;
    let more = found.len() > usize::from(MAX_LIMIT);
    found.truncate(MAX_LIMIT.into());
    let last = found.last().filter(|_| more).map(|offer| offer.id);
    let next = last.map(|id| format!("/v1/offers?after={id}"));
    let items = found.into_iter().map(show).collect::<Vec<_>>();
    Ok(HttpResponse::Ok().json(Page { items, next, complete: true }))
}

async fn one(service: Data<Service>, id: Path<i64>) -> Result<HttpResponse, Error> {
    let asking = service.database.observe(async |connection| offers::find(connection, *id).await);
    let offer = asking.await?.ok_or_else(|| unknown(*id))?;
    Ok(HttpResponse::Ok().json(show(offer)))
}

async fn end(service: Data<Service>, id: Path<i64>) -> Result<HttpResponse, Error> {
    let ending = service.database.write(async |connection| offers::end(connection, *id).await);
    match ending.await? {
        true => Ok(HttpResponse::NoContent().finish()),
        false => Err(unknown(*id).into()),
    }
}

fn unknown(id: i64) -> Problem {
    Problem::new(Kind::NotFound, format!("no offer {id} is in progress; it may be complete"))
}

fn show(offer: Offer) -> Shown {
    let place = match (offer.after_key, offer.after_seq.zip(offer.until_seq)) {
        (Some(key), _) => Some(json!({ &offer.resource: key })),
        (None, Some((change, until))) => Some(json!({ "change": change, "until": until })),
        (None, None) => None,
    };
    Shown {
        id: offer.id,
        resource: offer.resource,
        of: if offer.since.is_some() { "changed" } else { "all" },
        since: offer.since,
        principal: offer.principal,
        begun_at: offer.created_at,
        offered: offer.offered,
        place,
        next_at: offer.next_at,
        failures: offer.failures,
        failure: offer.failure,
    }
}
