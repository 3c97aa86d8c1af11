//! The same of either site.

use shared_models::site::Site;

/// One for each site.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Both<T> {
    /// The store's.
    pub store: T,
    /// The warehouse's.
    pub warehouse: T,
}

impl<T> Both<T> {
    /// One for each site.
    pub fn of(mut make: impl FnMut(Site) -> T) -> Self {
        Self { store: make(Site::Store), warehouse: make(Site::Warehouse) }
    }

    /// That of a site.
    #[must_use]
    pub const fn at(&self, site: Site) -> &T {
        match site {
            Site::Store => &self.store,
            Site::Warehouse => &self.warehouse,
        }
    }

    /// That of a site, to be changed.
    pub const fn at_mut(&mut self, site: Site) -> &mut T {
        match site {
            Site::Store => &mut self.store,
            Site::Warehouse => &mut self.warehouse,
        }
    }
}
