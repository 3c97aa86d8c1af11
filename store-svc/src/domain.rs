//! The store's private part of an order: the prices.

use std::collections::BTreeMap;

use orders::{Domain, Draft, Examples, Order, Shown};
use program_kit::http::problem::FieldError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared_models::order::{Progress, expectation};
use shared_models::side::Side;

use crate::describe;
use crate::settable::Settable;

/// The highest unit price, in minor units: no total of an order overflows, whatever quantities the
/// warehouse sets.
pub(crate) const MAX_UNIT_PRICE: i64 = 10_000_000_000;

/// The highest total of an order that is set here: the largest integer that every JSON parser reads
/// exactly.
pub(crate) const MAX_TOTAL: i64 = 9_007_199_254_740_991;

/// The store's side of Lockstep.
#[derive(Debug)]
pub enum Store {}

/// The store's private part of an order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Prices {
    /// The currency; unknown only if the order came back from the warehouse after the store's
    /// database was restored from an older backup.
    pub currency: Option<String>,
    /// The unit prices by sku, in minor units. A price stays when its line is removed: the
    /// warehouse removes lines, and a concurrent edit at the store may bring them back.
    pub unit_prices: BTreeMap<String, i64>,
    /// The digest of the request that placed the order, by which a retry is recognized.
    pub placed_as: Option<String>,
}

/// A line, as the shop sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PricedLine<'a> {
    sku: &'a str,
    quantity: u32,
    /// In minor units; null where it is not known.
    unit_price: Option<i64>,
}

/// The cost of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Cost<'a> {
    currency: Option<&'a str>,
    /// In minor units; null where a price is not known.
    total: Option<i64>,
}

impl Domain for Store {
    const SIDE: Side = Side::Store;
    type Private = Prices;
    type Shown<'a> = Shown<'a, PricedLine<'a>, Cost<'a>>;
    type Settable = Settable;

    fn show(order: &Order<Prices>) -> Self::Shown<'_> {
        let lines = order.shared.delivery.value.lines.iter().map(|line| PricedLine {
            sku: &line.sku,
            quantity: line.quantity,
            unit_price: order.private.unit_prices.get(&line.sku).copied(),
        });
        let lines = lines.collect::<Vec<_>>();
        let cost = Cost { currency: order.private.currency.as_deref(), total: total(&lines) };
        Shown::new(order, lines, cost)
    }

    fn settable(order: &Order<Prices>) -> Settable {
        Settable::of(order)
    }

    fn draft(order: &Order<Prices>, settable: Settable) -> (Draft<Prices>, Vec<FieldError>) {
        let before = &order.shared;
        let status = settable.status.unwrap_or(before.progress.value.status);
        let errors = settable.errors(Some(order));
        let (mut delivery, prices) = settable.split();
        delivery.unknown.clone_from(&before.delivery.value.unknown);
        let mut unit_prices = order.private.unit_prices.clone();
        unit_prices.extend(prices.unit_prices);
        let private = Prices { unit_prices, currency: prices.currency, ..order.private.clone() };
        let progress = Progress { status, ..before.progress.value.clone() };
        (Draft { delivery, progress, private }, errors)
    }

    fn expectation(field: &str) -> Option<&'static str> {
        match field {
            "currency" => Some("three capital letters, such as EUR"),
            "unit_price" => Some("a whole number of minor units, from 0 to 10,000,000,000"),
            "orders" => Some("a list of 1 to 1,000 orders"),
            shared => expectation(shared),
        }
    }

    fn examples() -> Examples {
        describe::examples()
    }
}

/// Returns the total of the lines; `None` if one of them has no price.
fn total(lines: &[PricedLine<'_>]) -> Option<i64> {
    lines.iter().map(|line| Some(i64::from(line.quantity) * line.unit_price?)).sum()
}

#[cfg(test)]
mod tests {
    use shared_models::order::limits;

    use super::*;

    #[test]
    fn the_largest_order_that_can_be_has_a_total() {
        let line =
            PricedLine { sku: "", quantity: limits::QUANTITY, unit_price: Some(MAX_UNIT_PRICE) };
        assert!(total(&vec![line; limits::LINES]).is_some_and(|total| total > 0));
    }

    #[test]
    fn a_line_without_a_price_leaves_the_total_open() {
        let line = |unit_price| PricedLine { sku: "A", quantity: 2, unit_price };
        assert_eq!(total(&[line(Some(5)), line(Some(1))]), Some(12));
        assert_eq!(total(&[line(Some(5)), line(None)]), None);
    }
}
