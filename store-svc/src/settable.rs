//! The fields of an order that a caller may set at the store. Pure.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use orders::{Domain, Order};
use program_kit::http::object::objects;
use program_kit::http::problem::FieldError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared_models::order::{Delivery, Line, Status, Unknown, limits};

use crate::domain::{MAX_TOTAL, MAX_UNIT_PRICE, Prices, Store};

/// The fields that a caller may set. A missing field is empty; a missing status is unchanged,
/// because an order always has one.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "OrderFields")]
pub struct Settable {
    /// The company that gets it.
    #[schemars(length(min = 1, max = limits::COMPANY), regex(pattern = r"\S"))]
    company: String,
    /// The destination.
    #[schemars(length(min = 1, max = limits::ADDRESS), regex(pattern = r"\S"))]
    address: String,
    /// The latest date.
    deliver_by: Option<NaiveDate>,
    /// A comment for people.
    #[schemars(length(min = 1, max = limits::COMMENT), regex(pattern = r"\S"))]
    comment: Option<String>,
    /// The currency of the prices. May be left out only where the order has none.
    #[schemars(regex(pattern = "^[A-Z]{3}$"))]
    currency: Option<String>,
    /// The lines, each sku once.
    #[serde(deserialize_with = "objects")]
    #[schemars(with = "Vec<SettableLine>", length(min = 1, max = limits::LINES))]
    lines: Vec<SettableLine>,
    /// The status: the one that the order has, or `voided`.
    pub(crate) status: Option<Status>,
}

/// A line, as a caller sets it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "an object with sku, quantity and unit_price")]
#[schemars(rename = "OrderLineFields")]
struct SettableLine {
    /// The article.
    #[schemars(length(min = 1, max = limits::SKU), regex(pattern = r"\S"))]
    sku: String,
    /// The number of pieces.
    #[schemars(range(min = 1, max = limits::QUANTITY))]
    quantity: u32,
    /// The price of a piece, in minor units. May be left out only where the order has none.
    #[schemars(range(min = 0, max = MAX_UNIT_PRICE))]
    unit_price: Option<i64>,
}

impl Settable {
    /// Returns the current values of an order.
    pub(crate) fn of(order: &Order<Prices>) -> Self {
        // Every field is named, so that a new one does not compile until it can be set.
        let Delivery { company, address, deliver_by, comment, lines, unknown: _ } =
            order.shared.delivery.value.clone();
        let line = |Line { sku, quantity }| {
            let unit_price = order.private.unit_prices.get(&sku).copied();
            SettableLine { sku, quantity, unit_price }
        };
        Self {
            company,
            address,
            deliver_by,
            comment,
            currency: order.private.currency.clone(),
            lines: lines.into_iter().map(line).collect(),
            status: Some(order.shared.progress.value.status),
        }
    }

    /// Splits the fields into the shared part and the store's private part.
    pub(crate) fn split(self) -> (Delivery, Prices) {
        let priced = |line: &SettableLine| Some((line.sku.clone(), line.unit_price?));
        let unit_prices = self.lines.iter().filter_map(priced).collect::<BTreeMap<_, _>>();
        let line = |line: SettableLine| Line { sku: line.sku, quantity: line.quantity };
        let delivery = Delivery {
            company: self.company,
            address: self.address,
            deliver_by: self.deliver_by,
            comment: self.comment,
            lines: self.lines.into_iter().map(line).collect(),
            unknown: Unknown::new(),
        };
        (delivery, Prices { currency: self.currency, unit_prices, placed_as: None })
    }

    /// Returns the errors of the private part. A price or a currency that the order lacked before
    /// may stay unknown.
    pub(crate) fn errors(&self, before: Option<&Order<Prices>>) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let mut refuse = |field: String, problem: String| {
            errors.push(FieldError::new(field, problem, Store::expectation));
        };
        match &self.currency {
            Some(currency) if is_currency(currency) => {}
            Some(other) => refuse("currency".into(), format!("is {other:?}")),
            None if before.is_some_and(|order| order.private.currency.is_none()) => {}
            None => refuse("currency".into(), "is missing".into()),
        }
        for (index, line) in self.lines.iter().enumerate() {
            let field = format!("lines[{index}].unit_price");
            match line.unit_price {
                None if before.is_some_and(|order| is_unpriced(order, &line.sku)) => {}
                None => refuse(field, "is missing".into()),
                Some(0..=MAX_UNIT_PRICE) => {}
                Some(price) => refuse(field, format!("is {price}")),
            }
        }
        let price = |line: &SettableLine| {
            i128::from(line.quantity) * i128::from(line.unit_price.unwrap_or_default())
        };
        let total = self.lines.iter().map(price).sum::<i128>();
        if total > i128::from(MAX_TOTAL) {
            refuse(
                "lines".into(),
                format!("have a total of {total}; at most {MAX_TOTAL} is allowed"),
            );
        }
        errors
    }
}

/// Returns whether an order has a line without a known price.
fn is_unpriced(order: &Order<Prices>, sku: &str) -> bool {
    let has_line = order.shared.delivery.value.lines.iter().any(|line| line.sku == sku);
    has_line && !order.private.unit_prices.contains_key(sku)
}

fn is_currency(text: &str) -> bool {
    text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase())
}
