//! The orders that are placed: each like no other, and known again by its number. Pure.

use std::net::SocketAddr;

use anyhow::{Context, Result};
use bytes::Bytes;
use program_kit::access::Role;
use serde_json::Value;
use shared_models::order::Status;

use process_kit::secured::token;

/// The body of the order with a number, of two lines. Only the number differs: the baseline of a
/// measure writes the same values again and again, and is to have no easier indexes for that.
#[must_use]
pub fn order(number: u64) -> String {
    format!(
        r#"{{"company":"Acme Ltd","address":"1 Main Street, Springfield","comment":"order {number}",
"currency":"EUR","lines":[{{"sku":"BULB","quantity":10,"unit_price":250}},
{{"sku":"LAMP","quantity":2,"unit_price":1999}}]}}"#
    )
}

/// The number in an order's comment.
pub fn number_in(comment: &str) -> Result<u64> {
    let number = comment.strip_prefix("order ").and_then(|number| number.parse().ok());
    number.with_context(|| format!("no order of ours has the comment {comment:?}"))
}

/// A request as it goes over the wire, of somebody who may look and write.
#[must_use]
pub fn request(method: &str, path: &str, body: &str) -> Bytes {
    let (token, length) = (token(Role::Write).expose(), body.len());
    Bytes::from(format!(
        "{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    ))
}

/// Checks that a side shows an order as it was placed, and in this status; prices only where the
/// side has them.
#[must_use]
pub fn is_as_placed(number: u64, status: Status, shown: &Value) -> bool {
    let Ok(placed) = serde_json::from_str::<Value>(&order(number)) else { return false };
    let same = |name: &str| shown[name] == placed[name];
    let lines = || placed["lines"].as_array().into_iter().flatten();
    let lines_shown = shown["lines"].as_array();
    let line_is_same = |(placed, shown): (&Value, &Value)| {
        let price = shown.get("unit_price");
        placed["sku"] == shown["sku"]
            && placed["quantity"] == shown["quantity"]
            && price.is_none_or(|price| *price == placed["unit_price"])
    };
    ["company", "address", "comment"].into_iter().all(same)
        && shown["status"] == status.as_str()
        && lines_shown.is_some_and(|shown| {
            shown.len() == lines().count() && lines().zip(shown).all(line_is_same)
        })
}

/// The address in a program's URL.
pub fn address(url: &str) -> Result<SocketAddr> {
    Ok(url.trim_start_matches("http://").parse()?)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_order_is_known_again_by_its_number_and_no_other() {
        let mut shown: Value = serde_json::from_str(&order(7)).unwrap();
        shown["status"] = json!("placed");
        assert!(is_as_placed(7, Status::Placed, &shown));
        assert!(!is_as_placed(8, Status::Placed, &shown));
        assert_eq!(number_in(shown["comment"].as_str().unwrap()).unwrap(), 7);
        shown["lines"][1]["quantity"] = json!(3);
        assert!(!is_as_placed(7, Status::Placed, &shown));
    }
}
