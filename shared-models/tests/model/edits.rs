//! The numbers of edits of each side, and the edits from which a value descends.

use std::fmt;

use shared_models::revision::Revision;
use shared_models::side::Side;

/// A revision.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Counts {
    pub(crate) store: u8,
    pub(crate) warehouse: u8,
}

impl fmt::Debug for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.store, self.warehouse)
    }
}

impl Counts {
    pub(crate) fn real(self) -> Revision {
        Revision { store: self.store.into(), warehouse: self.warehouse.into() }
    }

    pub(crate) fn of(revision: Revision) -> Self {
        let small = |count| u8::try_from(count).expect("a small count");
        Self { store: small(revision.store), warehouse: small(revision.warehouse) }
    }

    pub(crate) const fn at(self, side: Side) -> u8 {
        match side {
            Side::Store => self.store,
            Side::Warehouse => self.warehouse,
        }
    }

    pub(crate) const fn cover(self, other: Self) -> bool {
        self.store >= other.store && self.warehouse >= other.warehouse
    }
}

/// Edits of one facet: the one that made a value, and all that its author had seen. No two values
/// have the same ones, so they tell values apart as well.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Edits(u16);

impl Edits {
    /// The most edits that a side makes of one facet.
    pub(crate) const MOST: u8 = 8;

    /// Returns the edits with this number.
    pub(crate) const fn numbered(number: u16) -> Self {
        Self(number)
    }

    /// Returns the number of these edits, zero for none.
    pub(crate) const fn number(self) -> u16 {
        self.0
    }

    pub(crate) const fn has_some_of_warehouse(self) -> bool {
        self.0 >> Self::MOST != 0
    }

    /// Returns the next edit of a side, where these are all that were made.
    pub(crate) const fn next_of(self, side: Side) -> Self {
        let made = match side {
            Side::Store => self.0 & 0xff,
            Side::Warehouse => self.0 >> Self::MOST,
        };
        Self::nth(side, made.count_ones() + 1)
    }

    /// Returns the edit of a side with this number, or none.
    const fn nth(side: Side, count: u32) -> Self {
        match (side, count) {
            (_, 0) => Self(0),
            (Side::Store, n) => Self(1 << (n - 1)),
            (Side::Warehouse, n) => Self(1 << (n + 7)),
        }
    }

    /// Returns all the edits with which the sides came to these counts.
    pub(crate) const fn all(counts: Counts) -> Self {
        Self(((1 << counts.store) - 1) | (((1 << counts.warehouse) - 1) << 8))
    }

    pub(crate) const fn and(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    pub(crate) const fn without(self, others: Self) -> Self {
        Self(self.0 & !others.0)
    }

    pub(crate) const fn holds(self, others: Self) -> bool {
        self.0 & others.0 == others.0
    }
}

impl fmt::Debug for Edits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = (0..16).filter(|bit| self.0 & (1 << bit) != 0);
        let name = |bit| if bit < 8 { ("s", bit + 1) } else { ("w", bit - 7) };
        named.map(name).try_for_each(|(side, n)| write!(f, "{side}{n}"))
    }
}
