//! The facet delivery: contents, destination and date.

use std::collections::HashMap;

use chrono::{Datelike, NaiveDate};
use garde::Validate;
use serde::de::MapAccess;
use serde::{Deserialize, Deserializer, Serialize};

use super::open::{self, Open};
use super::text::{filled, storable};
use super::{Unknown, limits};

/// The contents, the destination and the date of the delivery. The store owns it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Validate)]
pub struct Delivery {
    /// The company that gets it.
    #[garde(custom(filled(limits::COMPANY)))]
    pub company: String,
    /// The destination.
    #[garde(custom(filled(limits::ADDRESS)))]
    pub address: String,
    /// The latest date.
    #[garde(inner(custom(calendar_date)))]
    pub deliver_by: Option<NaiveDate>,
    /// A comment for people.
    #[garde(inner(custom(filled(limits::COMMENT))))]
    pub comment: Option<String>,
    /// The lines, each sku once, sorted by sku.
    #[garde(dive, custom(line_list))]
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, expecting = "an object with sku and quantity")]
pub struct Line {
    /// The article's sku.
    #[garde(custom(filled(limits::SKU)))]
    pub sku: String,
    /// The number of pieces.
    #[garde(custom(pieces))]
    pub quantity: u32,
}

impl Open for Delivery {
    const FIELDS: &'static [&'static str] =
        &["company", "address", "lines", "deliver_by", "comment"];
    const NEEDED: usize = 3;

    fn set<'de, A: MapAccess<'de>>(&mut self, field: &str, map: &mut A) -> Result<(), A::Error> {
        match field {
            "company" => self.company = map.next_value()?,
            "address" => self.address = map.next_value()?,
            "lines" => self.lines = map.next_value()?,
            "deliver_by" => self.deliver_by = map.next_value()?,
            "comment" => self.comment = map.next_value()?,
            unknown => _ = self.unknown.insert(unknown.to_owned(), map.next_value()?),
        }
        Ok(())
    }
}

impl<'de> Deserialize<'de> for Delivery {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        open::value(from)
    }
}

impl Delivery {
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
        more => Err(garde::Error::new(format!("is {more}, at most {} fit", limits::QUANTITY))),
    }
}

fn calendar_date(date: &NaiveDate, (): &()) -> garde::Result {
    match date.year() {
        1..=9999 => Ok(()),
        year => Err(garde::Error::new(format!("lies in the year {year}"))),
    }
}

fn line_list(lines: &[Line], (): &()) -> garde::Result {
    if lines.is_empty() {
        return Err(garde::Error::new("is empty"));
    }
    if lines.len() > limits::LINES {
        let problem = format!("has {} lines, at most {} fit", lines.len(), limits::LINES);
        return Err(garde::Error::new(problem));
    }
    let mut first = HashMap::new();
    for (index, line) in lines.iter().enumerate() {
        if let Some(earlier) = first.insert(line.sku.as_str(), index) {
            let problem = format!("names sku {:?} twice, at {earlier} and {index}", line.sku);
            return Err(garde::Error::new(problem));
        }
    }
    Ok(())
}
