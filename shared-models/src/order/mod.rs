//! What the two sites share of an order: the facets delivery and progress.

mod delivery;
pub mod limits;
mod open;
mod progress;
mod status;
mod text;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use delivery::{Delivery, Line};
pub use progress::Progress;
pub use status::Status;
pub use text::{filled, storable};

use crate::marks::Marks;
use crate::revision::Revision;

/// Fields of a facet that this version of the program does not know: kept, and passed on.
pub type Unknown = BTreeMap<String, serde_json::Value>;

/// A facet's value and its revision. The unit of agreement: it is replaced whole.
///
/// Two are equal when their revisions and values are: marks are no content, but evidence.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Facet<V> {
    /// How often each site has changed it.
    pub revision: Revision,
    /// What tells two changes of one count apart.
    #[serde(skip_serializing_if = "Marks::are_unknown")]
    pub marks: Marks,
    /// What it says.
    #[serde(flatten)]
    pub value: V,
}

impl<V> Facet<V> {
    /// A facet of which no mark is known.
    pub const fn unmarked(revision: Revision, value: V) -> Self {
        Self { revision, marks: Marks::UNKNOWN, value }
    }
}

impl<V: PartialEq> PartialEq for Facet<V> {
    fn eq(&self, other: &Self) -> bool {
        self.revision == other.revision && self.value == other.value
    }
}

/// All that the two sites share of one order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Shared {
    /// What is to be delivered, and where to.
    pub delivery: Facet<Delivery>,
    /// How far it has come.
    pub progress: Facet<Progress>,
}

/// The name of a facet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FacetName {
    /// The facet [`Delivery`].
    Delivery,
    /// The facet [`Progress`].
    Progress,
}

/// Which of the facets a change has touched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<FacetName>", into = "Vec<FacetName>")]
pub enum Touched {
    /// None: what changed is private to the site.
    Nothing,
    /// Delivery alone.
    Delivery,
    /// Progress alone.
    Progress,
    /// Both.
    Both,
}

impl Touched {
    /// Every way in which a change can touch the facets.
    pub const ALL: [Self; 4] = [Self::Nothing, Self::Delivery, Self::Progress, Self::Both];

    /// The name for this combination.
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
