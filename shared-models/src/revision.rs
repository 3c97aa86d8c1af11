//! How often each site has changed a facet, and how two such counts compare.

use serde::{Deserialize, Serialize};

use crate::site::Site;

/// How many times each site has changed a facet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Revision {
    /// Changes decided at the store.
    pub store: u32,
    /// Changes decided at the warehouse.
    pub warehouse: u32,
}

/// How one revision stands to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Relation {
    /// It has seen less than the other.
    Older,
    /// It has seen what the other has seen.
    Same,
    /// It has seen all that the other has, and more.
    Newer,
    /// Each has seen something that the other has not.
    Concurrent,
}

impl Revision {
    /// More changes of one facet than anybody makes. What claims more is refused, so that counting
    /// on never comes to the end of the numbers.
    pub const MAX_CHANGES: u32 = 1_000_000_000;

    /// Nobody has changed the facet.
    pub const ZERO: Self = Self { store: 0, warehouse: 0 };

    /// How many of the changes were decided at `site`.
    #[must_use]
    pub const fn of(self, site: Site) -> u32 {
        match site {
            Site::Store => self.store,
            Site::Warehouse => self.warehouse,
        }
    }

    /// The revision after one more change at `site`.
    #[must_use]
    pub const fn next(self, site: Site) -> Self {
        match site {
            Site::Store => Self { store: self.store.saturating_add(1), ..self },
            Site::Warehouse => Self { warehouse: self.warehouse.saturating_add(1), ..self },
        }
    }

    /// The revision that has seen what both have seen.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self { store: self.store.max(other.store), warehouse: self.warehouse.max(other.warehouse) }
    }

    /// How this revision stands to `other`.
    #[must_use]
    pub const fn relation_to(self, other: Self) -> Relation {
        let more = self.store > other.store || self.warehouse > other.warehouse;
        let less = self.store < other.store || self.warehouse < other.warehouse;
        match (more, less) {
            (false, false) => Relation::Same,
            (true, false) => Relation::Newer,
            (false, true) => Relation::Older,
            (true, true) => Relation::Concurrent,
        }
    }

    /// Whether somebody can have come so far.
    #[must_use]
    pub const fn is_plausible(self) -> bool {
        self.store <= Self::MAX_CHANGES && self.warehouse <= Self::MAX_CHANGES
    }

    /// Whether this revision has seen all that `other` has.
    #[must_use]
    pub const fn covers(self, other: Self) -> bool {
        matches!(self.relation_to(other), Relation::Newer | Relation::Same)
    }
}
