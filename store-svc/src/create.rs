//! Placing orders: one, or up to a thousand at once, all of which are placed or none.

use std::collections::{HashMap, HashSet};

use actix_web::HttpResponse;
use actix_web::http::header::LOCATION;
use actix_web::web::Data;
use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;
use orders::routes::{answer, location};
use orders::{Changed, Domain, Order, Writer, storage, unknown};
use program_kit::access::Caller;
use program_kit::http::body::UnparsedBody;
use program_kit::http::object::Object;
use program_kit::http::problem::FieldError;
use program_kit::http::span::record_key;
use program_kit::telemetry::trace;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use service_kit::database::{DatabaseError, now};
use service_kit::error::Error;
use service_kit::service::Service;
use shared_models::side::Side;
use tokio::time::Instant;
use uuid::Uuid;

use crate::domain::{Prices, Store};
use crate::placing::{check, parse};

/// The most orders in one batch.
const MAX_BATCH: usize = 1_000;

/// The body of `POST /v1/orders/batch`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "OrderBatch")]
pub(crate) struct Batch<O> {
    /// The orders.
    #[schemars(length(min = 1, max = MAX_BATCH))]
    orders: Vec<O>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct BatchResult {
    /// The results, in the order of the orders.
    results: Vec<Placed>,
}

/// The result of one order of a batch.
#[derive(Serialize, JsonSchema)]
struct Placed {
    id: Uuid,
    /// `created`, or `exists` where it had been placed before.
    result: &'static str,
    version: i64,
}

pub(crate) async fn one(
    caller: Caller,
    service: Data<Service>,
    writer: Data<Writer<Store>>,
    body: UnparsedBody,
) -> Result<HttpResponse, Error> {
    let new = match body.parse_fast() {
        Some(Object(placing)) => check(placing, now()),
        None => parse(body.parse()?, now()),
    };
    let new = Changed::created(Side::Store, new.map_err(Error::Invalid)?)
        .by(caller.name())
        .traced(trace::current());
    let (id, placed_as) = (new.order.id, new.order.private.placed_as.clone());
    record_key(id);
    let (mut response, order) = match writer.create(new).await? {
        Some(order) => (HttpResponse::Created(), order),
        None => (HttpResponse::Ok(), placed_before(&service, id, placed_as).await?),
    };
    response.insert_header((LOCATION, location(id)));
    Ok(answer::<Store>(response, &order))
}

/// Returns the existing order, if it was placed by the same request.
async fn placed_before(
    service: &Service,
    id: Uuid,
    placed_as: Option<String>,
) -> Result<Order<Prices>, Error> {
    let found = service.database.ask(async |connection| storage::find(connection, id).await);
    let existing: Order<Prices> = found.await?.ok_or(unknown(id))?;
    match is_retry(&existing, placed_as.as_deref()) {
        true => Ok(existing),
        false => Err(Error::Taken(vec![id_taken("id".to_owned())])),
    }
}

pub(crate) async fn batch(
    caller: Caller,
    service: Data<Service>,
    body: UnparsedBody,
) -> Result<HttpResponse, Error> {
    let new = match body.parse_fast::<Object<Batch<_>>>() {
        Some(Object(Batch { orders })) => {
            parse_all(orders, |Object(placing), now| check(placing, now))
        }
        None => parse_all(body.parse::<Batch<_>>()?.orders, parse),
    };
    let new = new.map_err(Error::Invalid)?;
    let created =
        |order| Changed::created(Side::Store, order).by(caller.name()).traced(trace::current());
    let new = new.into_iter().map(created).collect::<Vec<_>>();
    let mut existing = place(&service, &new).await?;
    let placed = |new: Changed<Prices>| {
        let (order, result) = match existing.remove(&new.order.id) {
            Some(order) => (order, "exists"),
            None => (new.order, "created"),
        };
        Placed { id: order.id, result, version: order.version }
    };
    let results = new.into_iter().map(placed).collect();
    Ok(HttpResponse::Created().json(BatchResult { results }))
}

/// Parses every order, and collects the errors of all.
fn parse_all<O>(
    orders: Vec<O>,
    parse: impl Fn(O, DateTime<Utc>) -> Result<Order<Prices>, Vec<FieldError>>,
) -> Result<Vec<Order<Prices>>, Vec<FieldError>> {
    if orders.is_empty() || orders.len() > MAX_BATCH {
        let problem = format!("has {} orders", orders.len());
        return Err(vec![FieldError::new("orders", problem, Store::expectation)]);
    }
    let (now, mut new, mut errors) = (now(), Vec::with_capacity(orders.len()), vec![]);
    let mut ids = HashSet::new();
    for (index, order) in orders.into_iter().enumerate() {
        match parse(order, now) {
            Ok(order) if !ids.insert(order.id) => {
                let field = format!("orders[{index}].id");
                errors.push(FieldError::new(field, "occurs twice in this batch", |_| None));
            }
            Ok(order) => new.push(order),
            Err(wrong) => errors.extend(wrong.into_iter().map(|error| in_batch(index, error))),
        }
    }
    if errors.is_empty() { Ok(new) } else { Err(errors) }
}

fn in_batch(index: usize, error: FieldError) -> FieldError {
    let field = match error.field.as_str() {
        "body" => format!("orders[{index}]"),
        field => format!("orders[{index}].{field}"),
    };
    FieldError { field, ..error }
}

/// Places the orders of a batch: all new ones, or none if an id is taken by another order. Returns
/// the existing ones.
///
/// If the outcome is unknown, they are placed again with the same events: an order with one of
/// these events was placed by this request, however often that was tried.
async fn place(
    service: &Service,
    new: &[Changed<Prices>],
) -> Result<HashMap<Uuid, Order<Prices>>, Error> {
    let (database, began) = (&service.database, Instant::now());
    let first = async |connection: &mut _| {
        let created = storage::create(connection, new).await?;
        all_or_none(connection, new, created).await
    };
    let again = async |connection: &mut _| {
        let created = storage::create_or_find_created(connection, new).await?;
        all_or_none(connection, new, created).await
    };
    let existing = match database.transaction(first).await {
        Err(Error::Database(unknown @ DatabaseError::OutcomeUnknown(_))) => {
            let of_database = |error: &Error| matches!(error, Error::Database(_));
            let again = async || database.transaction(again).await;
            database.ascertain(began, unknown, again, of_database).await?
        }
        known => known?,
    };
    if existing.len() < new.len() {
        service.relay.wake();
    }
    Ok(existing)
}

/// Returns the existing orders; fails if one of them is another order, so that nothing is placed.
async fn all_or_none(
    connection: &mut AsyncPgConnection,
    new: &[Changed<Prices>],
    created: Vec<Uuid>,
) -> Result<HashMap<Uuid, Order<Prices>>, Error> {
    if created.len() == new.len() {
        return Ok(HashMap::new());
    }
    let existing = existing(connection, new, &created.into_iter().collect()).await?;
    let taken = all_taken(new, &existing);
    if taken.is_empty() { Ok(existing) } else { Err(Error::Taken(taken)) }
}

async fn existing(
    connection: &mut AsyncPgConnection,
    new: &[Changed<Prices>],
    created: &HashSet<Uuid>,
) -> Result<HashMap<Uuid, Order<Prices>>, Error> {
    let ids = new.iter().map(|new| new.order.id).filter(|id| !created.contains(id));
    let found = storage::find_all::<Prices>(connection, &ids.collect::<Vec<_>>()).await?;
    Ok(found.into_iter().map(|order| (order.id, order)).collect())
}

fn all_taken(new: &[Changed<Prices>], existing: &HashMap<Uuid, Order<Prices>>) -> Vec<FieldError> {
    let other = |new: &Order<Prices>| {
        let found = existing.get(&new.id);
        found.is_some_and(|found| !is_retry(found, new.private.placed_as.as_deref()))
    };
    let indexed = new.iter().enumerate().filter(|(_, new)| other(&new.order));
    indexed.map(|(index, _)| id_taken(format!("orders[{index}].id"))).collect()
}

/// Returns whether the request is a repetition; different contents under the same id are another
/// order.
fn is_retry(existing: &Order<Prices>, placed_as: Option<&str>) -> bool {
    existing.private.placed_as.as_deref() == placed_as
}

fn id_taken(field: String) -> FieldError {
    FieldError::new(field, "belongs to an existing order with other content", |_| None)
}
