//! The facet delivery: what is to be delivered, where to, and by when.

use std::collections::HashMap;

use chrono::{Datelike, NaiveDate};
use garde::Validate;
use serde::de::MapAccess;
use serde::{Deserialize, Deserializer, Serialize};

use super::open::{self, Open};
use super::text::{filled, storable};
use super::{Unknown, limits};

/// What is to be delivered, where to, and by when. The store owns it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Validate)]
pub struct Delivery {
    /// Who gets it.
    #[garde(custom(filled(limits::COMPANY)))]
    pub company: String,
    /// Where to.
    #[garde(custom(filled(limits::ADDRESS)))]
    pub address: String,
    /// By when.
    #[garde(inner(custom(calendar_date)))]
    pub deliver_by: Option<NaiveDate>,
    /// What else there is to say.
    #[garde(inner(custom(filled(limits::COMMENT))))]
    pub comment: Option<String>,
    /// What is to be delivered, each sku once, in the order of their skus.
    #[garde(dive, custom(line_list))]
    pub lines: Vec<Line>,
    /// What a newer version says besides.
    #[serde(flatten)]
    #[garde(custom(storable))]
    pub unknown: Unknown,
}

/// How many pieces of one article.
///
/// What a newer version adds, it adds to the facet: a field of a line would be lost wherever lines
/// are set, and one revision would stand for two values; so it is refused instead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, expecting = "an object with sku and quantity")]
pub struct Line {
    /// The article.
    #[garde(custom(filled(limits::SKU)))]
    pub sku: String,
    /// How many pieces.
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
    /// The one form in which equal deliveries are equal: lines stand in the order of their skus.
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
