//! The request to place an order. Pure.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use garde::Validate;
use orders::{Domain, Order};
use program_kit::http::body::parse_value;
use program_kit::http::object::WithId;
use program_kit::http::problem::FieldError;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use shared_models::edit;
use shared_models::order::Delivery;
use uuid::Uuid;

use crate::domain::{Prices, Store};
use crate::settable::Settable;

/// A request to place an order: the settable fields, and an id if the caller has one.
pub(crate) type Placing = WithId<Uuid, Settable>;

/// Parses and checks one order.
pub(crate) fn parse(value: Value, now: DateTime<Utc>) -> Result<Order<Prices>, Vec<FieldError>> {
    check(parse_value(value, Store::expectation).map_err(|error| vec![error])?, now)
}

/// Checks one order; the id is the caller's, or a new one.
pub(crate) fn check(
    WithId { id, fields: settable }: Placing,
    now: DateTime<Utc>,
) -> Result<Order<Prices>, Vec<FieldError>> {
    let mut errors = settable.errors(None);
    if settable.status.is_some() {
        let problem = "must be omitted: a new order starts as placed";
        errors.push(FieldError::new("status", problem, |_| None));
    }
    let (delivery, prices) = settable.split();
    errors.extend(FieldError::all_of(delivery.validate(), Store::expectation));
    match errors.is_empty() {
        true => Ok(order(id.unwrap_or_else(Uuid::now_v7), delivery.normalised(), prices, now)),
        false => Err(errors),
    }
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

/// Returns the digest of a request in its normal form: the order of lines and of fields, and
/// whether an empty field is null or left out, make no difference.
fn digest(delivery: &Delivery, prices: &Prices) -> String {
    // Only texts and numbers: serializing them cannot fail.
    let placed = serde_json::to_vec(&(delivery, prices)).unwrap_or_default();
    URL_SAFE_NO_PAD.encode(Sha256::digest(placed))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A retry may come after the store was brought up to date.
    #[test]
    fn the_digest_of_an_order_stays_what_it_was() {
        let placed = |value| parse(value, service_kit::database::now()).unwrap().private.placed_as;
        let short = placed(json!({"company": "Acme Ltd", "address": "1 Main Street",
            "currency": "EUR", "lines": [{"sku": "A", "quantity": 1, "unit_price": 5},
            {"sku": "B", "quantity": 2, "unit_price": 0}]}));
        let long =
            placed(json!({"id": null, "lines": [{"unit_price": 0, "quantity": 2, "sku": "B"},
            {"sku": "A", "quantity": 1, "unit_price": 5}], "deliver_by": null, "comment": null,
            "currency": "EUR", "address": "1 Main Street", "company": "Acme Ltd"}));
        assert_eq!(short, long);
        assert_eq!(short.as_deref(), Some("bc6umn6rhbF-GZ17JJVTGxz9thL1UFVjdk316caPdLs"));
    }
}
