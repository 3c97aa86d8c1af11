//! The facet progress: how far an order has come.

use garde::Validate;
use serde::de::MapAccess;
use serde::{Deserialize, Deserializer, Serialize};

use super::open::{self, Open};
use super::text::{filled, storable};
use super::{Status, Unknown, limits};

/// How far an order has come. The warehouse owns it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Validate)]
pub struct Progress {
    /// Where it stands.
    #[garde(skip)]
    pub status: Status,
    /// Who carries it.
    #[garde(inner(custom(filled(limits::CARRIER))))]
    pub carrier: Option<String>,
    /// Under which number the carrier knows it.
    #[garde(inner(custom(filled(limits::TRACKING))))]
    pub tracking: Option<String>,
    /// What a newer version says besides.
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
