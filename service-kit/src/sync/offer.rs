//! Offers: the current facets of orders are published again, through the same outbox.
//!
//! Harmless because of the receiver's fence; the one mechanism behind first load, a queue that was
//! lost with its messages, and repair. An offer of many orders is a row of its own that the relay
//! works off in small steps whenever the outbox is empty, so it survives a restart and never floods
//! the outbox.

use actix_web::HttpResponse;
use actix_web::web::Data;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::Deserialize;
use serde_json::json;
use shared_models::site::Site;
use uuid::Uuid;

use crate::change_log::{self, Record};
use crate::database::schema::offers;
use crate::error::Error;
use crate::http::body::Body;
use crate::http::problem::FieldError;
use crate::orders::{Domain, Order, is_plausible, now, storage};
use crate::service::Service;

/// Orders that are offered in one step, and ids that may be named in one request.
const STEP: usize = 500;

/// Which orders are to be offered: all, those changed since a time, or some by their ids.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OfferRequest {
    all: Option<bool>,
    since: Option<DateTime<Utc>>,
    ids: Option<Vec<Uuid>>,
}

pub(super) async fn ask<D: Domain>(
    service: Data<Service>,
    request: Body<OfferRequest>,
) -> Result<HttpResponse, Error> {
    let answer = match request.0 {
        OfferRequest { all: Some(true), since: None, ids: None } => {
            begin(&service, None).await?;
            json!({"offered": "all"})
        }
        OfferRequest { all: None, since: Some(since), ids: None } if is_plausible(since) => {
            begin(&service, Some(since)).await?;
            json!({"offered": "changed", "since": since})
        }
        OfferRequest { all: None, since: None, ids: Some(ids) } if ids.len() <= STEP => {
            let (offered, unknown) = offer_some::<D>(&service, &ids).await?;
            json!({"offered": offered, "unknown": unknown})
        }
        OfferRequest { .. } => return Err(unclear()),
    };
    service.relay.wake();
    Ok(HttpResponse::Accepted().json(answer))
}

fn unclear() -> Error {
    let expected = "is to be one of {\"all\": true}, {\"since\": TIME}, {\"ids\": [up to 500]}";
    Error::Invalid(vec![FieldError::new("body", expected, |_| None)])
}

async fn begin(service: &Service, since: Option<DateTime<Utc>>) -> Result<(), Error> {
    let begun = service.database.with::<_, Error>(async |connection| {
        let offer = (offers::since.eq(since), offers::created_at.eq(now()));
        diesel::insert_into(offers::table).values(offer).execute(connection).await?;
        Ok(())
    });
    begun.await
}

async fn offer_some<D: Domain>(
    service: &Service,
    ids: &[Uuid],
) -> Result<(Vec<Uuid>, Vec<Uuid>), Error> {
    let offering = service.database.transaction::<_, Error>(async |connection| {
        let orders = storage::find_all::<D::Private>(connection, ids).await?;
        append(connection, D::SITE, &orders).await?;
        Ok(orders.iter().map(|order| order.id).collect::<Vec<_>>())
    });
    let offered = offering.await?;
    let unknown = ids.iter().filter(|id| !offered.contains(id)).copied().collect();
    Ok((offered, unknown))
}

async fn append<P>(
    connection: &mut AsyncPgConnection,
    site: Site,
    orders: &[Order<P>],
) -> QueryResult<()> {
    let now = now();
    let records = orders.iter().map(|order| Record::offered(site, order, now));
    change_log::append(connection, &records.collect::<Vec<_>>()).await
}

/// Takes the oldest offer one step further. `false` where there is none.
///
/// The caller owns the transaction; only the relay that is active calls this.
pub async fn advance<D: Domain>(connection: &mut AsyncPgConnection) -> QueryResult<bool> {
    let oldest = offers::table
        .order(offers::id)
        .select((offers::id, offers::since, offers::after_id))
        .first::<(i64, Option<DateTime<Utc>>, Option<Uuid>)>(connection)
        .await;
    let Some((id, since, after)) = oldest.optional()? else { return Ok(false) };
    let limit = i64::try_from(STEP).unwrap_or(i64::MAX);
    let orders = storage::changed_since::<D::Private>(connection, since, after, limit).await?;
    append(connection, D::SITE, &orders).await?;
    let this = offers::table.find(id);
    match orders.last() {
        Some(last) if orders.len() == STEP => {
            let further = offers::after_id.eq(last.id);
            diesel::update(this).set(further).execute(connection).await?;
        }
        Some(_) | None => {
            diesel::delete(this).execute(connection).await?;
        }
    }
    Ok(true)
}
