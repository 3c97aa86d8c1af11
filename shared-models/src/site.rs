//! The two sites, and the two directions between them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A site: one of the two services that keep orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Site {
    /// The shop: orders are placed here, and prices stay here.
    Store,
    /// The warehouse: orders are picked, packed and shipped here.
    Warehouse,
}

impl Site {
    /// Both sites.
    pub const ALL: [Self; 2] = [Self::Store, Self::Warehouse];

    /// Returns the other site.
    #[must_use]
    pub const fn peer(self) -> Self {
        match self {
            Self::Store => Self::Warehouse,
            Self::Warehouse => Self::Store,
        }
    }

    /// Returns the site's name in messages, settings and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Store => "store",
            Self::Warehouse => "warehouse",
        }
    }
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A direction: from one site to its peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Direction {
    /// The site that the changes come from.
    pub from: Site,
}

impl Direction {
    /// Both directions.
    pub const ALL: [Self; 2] = [Self { from: Site::Store }, Self { from: Site::Warehouse }];

    /// Returns the site that the changes go to.
    #[must_use]
    pub const fn to(self) -> Site {
        self.from.peer()
    }

    /// Returns the direction's name in queues, routes and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self.from {
            Site::Store => "store-to-warehouse",
            Site::Warehouse => "warehouse-to-store",
        }
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
