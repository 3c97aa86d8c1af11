//! The two sides, and the two directions between them.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A side: one of the two services that keep orders.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The shop: orders are placed here, and prices stay here.
    Store,
    /// The warehouse: orders are picked, packed and shipped here.
    Warehouse,
}

impl Side {
    /// Both sides.
    pub const ALL: [Self; 2] = [Self::Store, Self::Warehouse];

    /// Returns the other side.
    #[must_use]
    pub const fn peer(self) -> Self {
        match self {
            Self::Store => Self::Warehouse,
            Self::Warehouse => Self::Store,
        }
    }

    /// Returns the side's name in messages, settings and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Store => "store",
            Self::Warehouse => "warehouse",
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A direction: from one side to its peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Direction {
    /// The side that the changes come from.
    pub from: Side,
}

impl Direction {
    /// Both directions.
    pub const ALL: [Self; 2] = [Self { from: Side::Store }, Self { from: Side::Warehouse }];

    /// Returns the side that the changes go to.
    #[must_use]
    pub const fn to(self) -> Side {
        self.from.peer()
    }

    /// Returns the direction's name in queues, routes and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self.from {
            Side::Store => "store-to-warehouse",
            Side::Warehouse => "warehouse-to-store",
        }
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
