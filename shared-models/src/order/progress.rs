//! The facet progress: status and carrier.

use garde::Validate;
use serde::de::MapAccess;
use serde::{Deserialize, Deserializer, Serialize};

use super::open::{self, Open};
use super::text::{filled, storable};
use super::{Status, Unknown, limits};

/// The status of an order, and its carrier. The warehouse owns it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Validate)]
pub struct Progress {
    /// The status.
    #[garde(skip)]
    pub status: Status,
    /// The carrier's name.
    #[garde(inner(custom(filled(limits::CARRIER))))]
    pub carrier: Option<String>,
    /// The carrier's tracking number.
    #[garde(inner(custom(filled(limits::TRACKING))))]
    pub tracking: Option<String>,
    /// The fields that a newer version has added.
    #[serde(flatten)]
    #[garde(custom(storable))]
    pub unknown: Unknown,
}

impl Open for Progress {
    const FIELDS: &'static [&'static str] = &["status", "carrier", "tracking"];
    const NEEDED: usize = 1;

    fn set<'de, A: MapAccess<'de>>(&mut self, field: &str, map: &mut A) -> Result<(), A::Error> {
        match field {
            "status" => self.status = map.next_value()?,
            "carrier" => self.carrier = map.next_value()?,
            "tracking" => self.tracking = map.next_value()?,
            unknown => _ = self.unknown.insert(unknown.to_owned(), map.next_value()?),
        }
        Ok(())
    }
}

impl<'de> Deserialize<'de> for Progress {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        open::value(from)
    }
}
