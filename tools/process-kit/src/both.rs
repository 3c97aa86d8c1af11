//! A pair: one value for each side.

use shared_models::side::Side;

/// One for each side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Both<T> {
    /// The store's.
    pub store: T,
    /// The warehouse's.
    pub warehouse: T,
}

impl<T> Both<T> {
    /// One for each side.
    pub fn of(mut make: impl FnMut(Side) -> T) -> Self {
        Self { store: make(Side::Store), warehouse: make(Side::Warehouse) }
    }

    /// Returns the one of a side.
    #[must_use]
    pub const fn at(&self, side: Side) -> &T {
        match side {
            Side::Store => &self.store,
            Side::Warehouse => &self.warehouse,
        }
    }

    /// Returns the one of a side, to be changed.
    pub const fn at_mut(&mut self, side: Side) -> &mut T {
        match side {
            Side::Store => &mut self.store,
            Side::Warehouse => &mut self.warehouse,
        }
    }
}
