//! An order as a caller places it. Pure.

use chrono::{DateTime, Utc};
use garde::Validate;
use serde::Serialize;
use serde_json::Value;
use service_kit::http::body::parse_value;
use service_kit::http::problem::FieldError;
use service_kit::orders::{Domain, Order};
use sha2::{Digest as _, Sha256};
use shared_models::edit;
use shared_models::order::Delivery;
use uuid::Uuid;

use crate::domain::{Prices, Store};
use crate::settable::Settable;

/// Reads and checks one order; the id is the caller's, or a new one.
pub(crate) fn read(value: Value, now: DateTime<Utc>) -> Result<Order<Prices>, Vec<FieldError>> {
    let (id, settable) = split_off_id(value).map_err(|error| vec![error])?;
    let mut errors = settable.errors(None);
    if settable.status.is_some() {
        let problem = "is not set when an order is placed: it is placed";
        errors.push(FieldError::new("status", problem, |_| None));
    }
    let (delivery, prices) = settable.split();
    errors.extend(FieldError::all_of(delivery.validate(), Store::expectation));
    match errors.is_empty() {
        true => Ok(order(id.unwrap_or_else(Uuid::now_v7), delivery.normalised(), prices, now)),
        false => Err(errors),
    }
}

fn split_off_id(mut value: Value) -> Result<(Option<Uuid>, Settable), FieldError> {
    let id = value.as_object_mut().and_then(|fields| fields.remove("id"));
    let id = id.filter(|id| !id.is_null()).map(|id| {
        serde_json::from_value::<Uuid>(id)
            .map_err(|error| FieldError::new("id", error.to_string(), Store::expectation))
    });
    Ok((id.transpose()?, parse_value(value, Store::expectation)?))
}

fn order(id: Uuid, delivery: Delivery, prices: Prices, now: DateTime<Utc>) -> Order<Prices> {
    let placed_as = Some(digest(&delivery, &prices));
    Order {
        shared: edit::create(delivery),
        private: Prices { placed_as, ..prices },
        version: 1,
        ..Order::blank(id, now)
    }
}

/// The digest of what was asked for, in its normal form: the order of lines and of fields, and
/// whether an empty field is null or left out, make no difference.
fn digest(delivery: &Delivery, prices: &Prices) -> String {
    #[derive(Serialize)]
    struct Placed<'a>(&'a Delivery, &'a Prices);
    let placed = serde_json::json!(Placed(delivery, prices)).to_string();
    Sha256::digest(placed).iter().map(|byte| format!("{byte:02x}")).collect()
}
