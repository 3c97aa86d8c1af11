//! The two sites, and the two directions in which changes travel between them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One of the two places that keep orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Site {
    /// The shop: orders are born here, and prices stay here.
    Store,
    /// The warehouse: orders are picked, packed and shipped here.
    Warehouse,
}

impl Site {
    /// Both sites.
    pub const ALL: [Self; 2] = [Self::Store, Self::Warehouse];

    /// The other one.
    #[must_use]
    pub const fn peer(self) -> Self {
        match self {
            Self::Store => Self::Warehouse,
            Self::Warehouse => Self::Store,
        }
    }

    /// The site's name, as it stands in messages, settings and logs.
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

/// The way from one site to its peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Direction {
    /// Where the changes come from.
    pub from: Site,
}

impl Direction {
    /// Both directions.
    pub const ALL: [Self; 2] = [Self { from: Site::Store }, Self { from: Site::Warehouse }];

    /// Where the changes go.
    #[must_use]
    pub const fn to(self) -> Site {
        self.from.peer()
    }

    /// The direction's name, as it stands in queues, routes and logs.
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
