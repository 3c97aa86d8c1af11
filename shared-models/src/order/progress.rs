//! The facet progress: status and carrier.

use garde::Validate;
use schemars::JsonSchema;
use serde::Serialize;

use super::open::open;
use super::text::{filled, storable};
use super::{Status, Unknown};

/// The limits of the facet.
pub(super) mod limits {
    /// Characters in a carrier's name.
    pub const CARRIER: usize = 100;
    /// Characters in a tracking number.
    pub const TRACKING: usize = 200;
}

/// The status of an order, and its carrier. The warehouse owns it. A field is added as to the
/// [`Delivery`](super::Delivery).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Validate, JsonSchema)]
pub struct Progress {
    /// The status.
    #[garde(skip)]
    pub status: Status,
    /// The carrier's name.
    #[garde(inner(custom(filled(limits::CARRIER))))]
    #[schemars(length(min = 1, max = limits::CARRIER), regex(pattern = r"\S"))]
    pub carrier: Option<String>,
    /// The carrier's tracking number.
    #[garde(inner(custom(filled(limits::TRACKING))))]
    #[schemars(length(min = 1, max = limits::TRACKING), regex(pattern = r"\S"))]
    pub tracking: Option<String>,
    /// The fields that a newer version has added.
    #[serde(flatten)]
    #[garde(custom(storable))]
    pub unknown: Unknown,
}

open!(Progress, needed: [status], optional: [carrier, tracking]);

impl Progress {
    /// Returns the valid values of a field, for the person who reads the refusal.
    #[must_use]
    pub fn expectation(field: &str) -> Option<&'static str> {
        Some(match field {
            "status" => "one of placed, picking, packed, voided, shipped, delivered",
            "carrier" => "null, or text that is not blank, up to 100 characters",
            "tracking" => "null, or text that is not blank, up to 200 characters",
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::order::open::Open;

    #[test]
    fn every_field_says_what_it_expects() {
        for field in Progress::FIELDS {
            assert!(Progress::expectation(field).is_some(), "{field}");
        }
    }

    #[test]
    fn an_empty_field_of_a_later_version_is_left_out() {
        let text = serde_json::to_string(&Progress::default()).unwrap();
        assert_eq!(text, r#"{"status":"placed","carrier":null,"tracking":null}"#);
    }
}
