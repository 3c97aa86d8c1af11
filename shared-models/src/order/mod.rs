//! The part of an order that the two sides share: the facets delivery and progress.

mod delivery;
mod open;
mod progress;
mod status;
mod text;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use delivery::{Delivery, Line};
pub use progress::Progress;
pub use status::Status;
pub use text::{filled, storable};

use crate::marks::Marks;
use crate::revision::Revision;

/// The documented limits. A request that exceeds one is refused with 422.
pub mod limits {
    pub use super::delivery::limits::*;
    pub use super::progress::limits::*;
    pub use super::text::UNKNOWN_BYTES;
}

/// Returns the valid values of a field that both sides know, for the person who reads the refusal.
#[must_use]
pub fn expectation(field: &str) -> Option<&'static str> {
    match field {
        "id" => Some("a UUID such as 018f6b6e-2f0c-7cc0-8000-3f1f5f2b9a10"),
        field => Delivery::expectation(field).or_else(|| Progress::expectation(field)),
    }
}

/// Fields of a facet that this version of the program does not know: kept, and passed on.
pub type Unknown = BTreeMap<String, serde_json::Value>;

/// A facet's value and its revision. It is the unit of agreement, and is replaced whole.
///
/// Two facets are equal if their revisions and values are: marks are not content, but evidence.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
#[schemars(rename = "{V}Facet")]
pub struct Facet<V> {
    /// The number of changes of each side.
    pub revision: Revision,
    /// The fingerprints that distinguish two changes of one count.
    #[serde(skip_serializing_if = "Marks::are_unknown")]
    #[schemars(default)]
    pub marks: Marks,
    /// The value.
    #[serde(flatten)]
    pub value: V,
}

impl<V> Facet<V> {
    /// Creates a facet without known marks.
    pub const fn unmarked(revision: Revision, value: V) -> Self {
        Self { revision, marks: Marks::UNKNOWN, value }
    }
}

impl<V: PartialEq> PartialEq for Facet<V> {
    fn eq(&self, other: &Self) -> bool {
        self.revision == other.revision && self.value == other.value
    }
}

/// The part of an order that the two sides share.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Shared {
    /// The contents and the destination of the delivery.
    pub delivery: Facet<Delivery>,
    /// The status and the carrier.
    pub progress: Facet<Progress>,
}

/// The name of a facet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FacetName {
    /// The facet [`Delivery`].
    Delivery,
    /// The facet [`Progress`].
    Progress,
}

/// The facets that a change has touched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<FacetName>", into = "Vec<FacetName>")]
pub enum Touched {
    /// None: only the private part has changed.
    Nothing,
    /// Only the delivery.
    Delivery,
    /// Only the progress.
    Progress,
    /// Both facets.
    Both,
}

impl Touched {
    /// Every way in which a change can touch the facets.
    pub const ALL: [Self; 4] = [Self::Nothing, Self::Delivery, Self::Progress, Self::Both];

    /// Returns the variant for this combination.
    #[must_use]
    pub const fn new(delivery: bool, progress: bool) -> Self {
        match (delivery, progress) {
            (false, false) => Self::Nothing,
            (true, false) => Self::Delivery,
            (false, true) => Self::Progress,
            (true, true) => Self::Both,
        }
    }
}

impl From<Vec<FacetName>> for Touched {
    fn from(names: Vec<FacetName>) -> Self {
        Self::new(names.contains(&FacetName::Delivery), names.contains(&FacetName::Progress))
    }
}

impl From<Touched> for Vec<FacetName> {
    fn from(touched: Touched) -> Self {
        match touched {
            Touched::Nothing => vec![],
            Touched::Delivery => vec![FacetName::Delivery],
            Touched::Progress => vec![FacetName::Progress],
            Touched::Both => vec![FacetName::Delivery, FacetName::Progress],
        }
    }
}
