//! The facet delivery: contents, destination and date.

use std::collections::HashMap;

use chrono::{Datelike, NaiveDate};
use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Unknown;
use super::open::open;
use super::text::{filled, storable};

/// The limits of the facet.
pub(super) mod limits {
    /// Characters in a company's name.
    pub const COMPANY: usize = 200;
    /// Characters in an address.
    pub const ADDRESS: usize = 1_000;
    /// Characters in a comment.
    pub const COMMENT: usize = 2_000;
    /// Lines in an order.
    pub const LINES: usize = 200;
    /// Characters in a sku.
    pub const SKU: usize = 64;
    /// Pieces in a line.
    pub const QUANTITY: u32 = 1_000_000;
}

/// The contents, the destination and the date of the delivery. The store owns it.
///
/// A field that is added is optional, and left out where it is empty
/// (`#[serde(skip_serializing_if = "Option::is_none")]`): what a side of an earlier version has sent or
/// stored must stay the same text. docs/how-to.md has the steps.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Validate, JsonSchema)]
pub struct Delivery {
    /// The company that gets it.
    #[garde(custom(filled(limits::COMPANY)))]
    #[schemars(length(min = 1, max = limits::COMPANY), regex(pattern = r"\S"))]
    pub company: String,
    /// The destination.
    #[garde(custom(filled(limits::ADDRESS)))]
    #[schemars(length(min = 1, max = limits::ADDRESS), regex(pattern = r"\S"))]
    pub address: String,
    /// The latest date.
    #[garde(inner(custom(calendar_date)))]
    pub deliver_by: Option<NaiveDate>,
    /// A comment for people.
    #[garde(inner(custom(filled(limits::COMMENT))))]
    #[schemars(length(min = 1, max = limits::COMMENT), regex(pattern = r"\S"))]
    pub comment: Option<String>,
    /// The lines, each sku once, sorted by sku.
    #[garde(dive, custom(line_list))]
    #[schemars(length(min = 1, max = limits::LINES))]
    pub lines: Vec<Line>,
    /// The fields that a newer version has added.
    #[serde(flatten)]
    #[garde(custom(storable))]
    pub unknown: Unknown,
}

/// A number of pieces of one article.
///
/// A newer version adds fields to the facet, not to a line: they would be lost wherever lines are
/// set, and one revision would stand for two values; so they are refused here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "an object with sku and quantity")]
pub struct Line {
    /// The article's sku.
    #[garde(custom(filled(limits::SKU)))]
    #[schemars(length(min = 1, max = limits::SKU), regex(pattern = r"\S"))]
    pub sku: String,
    /// The number of pieces.
    #[garde(custom(pieces))]
    #[schemars(range(min = 1, max = limits::QUANTITY))]
    pub quantity: u32,
}

open!(Delivery, needed: [company, address, lines], optional: [deliver_by, comment]);

impl Delivery {
    /// Returns the valid values of a field, for the person who reads the refusal.
    #[must_use]
    pub fn expectation(field: &str) -> Option<&'static str> {
        Some(match field {
            "company" => "text that is not blank, up to 200 characters",
            "address" => "text that is not blank, up to 1,000 characters",
            "deliver_by" => "null, or a date such as 2026-12-31",
            "comment" => "null, or text that is not blank, up to 2,000 characters",
            "lines" => "a list of 1 to 200 lines, each sku once",
            "sku" => "text that is not blank, up to 64 characters",
            "quantity" => "a whole number from 1 to 1,000,000",
            _ => return None,
        })
    }

    /// Returns the normal form, in which equal deliveries are equal: lines are sorted by sku.
    #[must_use]
    pub fn normalised(mut self) -> Self {
        self.lines.sort_by(|a, b| a.sku.cmp(&b.sku));
        self
    }
}

fn pieces(quantity: &u32, (): &()) -> garde::Result {
    match *quantity {
        1..=limits::QUANTITY => Ok(()),
        0 => Err(garde::Error::new("is 0")),
        more => {
            Err(garde::Error::new(format!("is {more}; at most {} is allowed", limits::QUANTITY)))
        }
    }
}

fn calendar_date(date: &NaiveDate, (): &()) -> garde::Result {
    match date.year() {
        1..=9999 => Ok(()),
        year => Err(garde::Error::new(format!("is in the year {year}"))),
    }
}

fn line_list(lines: &[Line], (): &()) -> garde::Result {
    if lines.is_empty() {
        return Err(garde::Error::new("is empty"));
    }
    if lines.len() > limits::LINES {
        let problem = format!("has {} lines; at most {} are allowed", lines.len(), limits::LINES);
        return Err(garde::Error::new(problem));
    }
    let mut first = HashMap::new();
    for (index, line) in lines.iter().enumerate() {
        if let Some(earlier) = first.insert(line.sku.as_str(), index) {
            let problem = format!("has sku {:?} twice, at {earlier} and {index}", line.sku);
            return Err(garde::Error::new(problem));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::order::open::Open;

    #[test]
    fn every_field_says_what_it_expects() {
        for field in Delivery::FIELDS.iter().chain(&["sku", "quantity"]) {
            assert!(Delivery::expectation(field).is_some(), "{field}");
        }
    }

    /// The digest by which a retry of a request is recognized is made of this text.
    #[test]
    fn an_empty_field_of_a_later_version_is_left_out() {
        let text = serde_json::to_string(&Delivery::default()).unwrap();
        let first = r#"{"company":"","address":"","deliver_by":null,"comment":null,"lines":[]}"#;
        assert_eq!(text, first);
    }
}
