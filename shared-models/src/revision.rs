//! The number of changes of a facet at each side, and how two such counts compare.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::side::Side;

/// The number of changes of a facet at each side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Revision {
    /// Changes made at the store.
    pub store: u32,
    /// Changes made at the warehouse.
    pub warehouse: u32,
}

/// The relation of one revision to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Relation {
    /// The first revision includes less than the other.
    Older,
    /// Both include the same.
    Same,
    /// The first revision includes the other, and more.
    Newer,
    /// Each includes something that the other does not.
    Concurrent,
}

impl Revision {
    /// The largest plausible count. A larger one is refused, so that counting on never overflows.
    pub const MAX_CHANGES: u32 = 1_000_000_000;

    /// The revision of a facet that nobody has changed.
    pub const ZERO: Self = Self { store: 0, warehouse: 0 };

    /// Returns the number of changes made at `side`.
    #[must_use]
    pub const fn of(self, side: Side) -> u32 {
        match side {
            Side::Store => self.store,
            Side::Warehouse => self.warehouse,
        }
    }

    /// Returns the revision after one more change at `side`.
    #[must_use]
    pub const fn next(self, side: Side) -> Self {
        match side {
            Side::Store => Self { store: self.store.saturating_add(1), ..self },
            Side::Warehouse => Self { warehouse: self.warehouse.saturating_add(1), ..self },
        }
    }

    /// Returns the revision that includes both.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self { store: self.store.max(other.store), warehouse: self.warehouse.max(other.warehouse) }
    }

    /// Returns the relation of this revision to `other`.
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

    /// Returns whether the counts are small enough to be real.
    #[must_use]
    pub const fn is_plausible(self) -> bool {
        self.store <= Self::MAX_CHANGES && self.warehouse <= Self::MAX_CHANGES
    }

    /// Returns whether this revision includes `other`.
    #[must_use]
    pub const fn covers(self, other: Self) -> bool {
        matches!(self.relation_to(other), Relation::Newer | Relation::Same)
    }
}
