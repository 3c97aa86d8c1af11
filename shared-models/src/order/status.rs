//! The statuses, their ranks, and the table of moves.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::site::Site;

/// Where an order stands. Declared in the order of their ranks, lowest first; every move that a
/// site may make goes up.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Nobody has touched it since it was placed. The default, which never travels.
    #[default]
    Placed,
    /// The warehouse is collecting it.
    Picking,
    /// It is packed.
    Packed,
    /// It will not be delivered.
    Voided,
    /// The carrier has it.
    Shipped,
    /// The customer has it.
    Delivered,
}

impl Status {
    /// Every status, lowest rank first.
    pub const ALL: [Self; 6] =
        [Self::Placed, Self::Picking, Self::Packed, Self::Voided, Self::Shipped, Self::Delivered];

    /// The status's name, as it stands in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Placed => "placed",
            Self::Picking => "picking",
            Self::Packed => "packed",
            Self::Voided => "voided",
            Self::Shipped => "shipped",
            Self::Delivered => "delivered",
        }
    }

    /// Whether this is the status that an order is born with.
    #[must_use]
    pub const fn is_default(self) -> bool {
        matches!(self, Self::Placed)
    }

    /// Whether the delivery can no longer be edited.
    #[must_use]
    pub const fn is_closed(self) -> bool {
        match self {
            Self::Placed | Self::Picking | Self::Packed => false,
            Self::Voided | Self::Shipped | Self::Delivered => true,
        }
    }

    /// The statuses to which `site` may move an order from here.
    #[must_use]
    pub const fn moves(self, site: Site) -> &'static [Self] {
        match (site, self) {
            (Site::Store, Self::Placed | Self::Picking | Self::Packed) => &[Self::Voided],
            (Site::Warehouse, Self::Placed) => {
                &[Self::Picking, Self::Packed, Self::Shipped, Self::Voided]
            }
            (Site::Warehouse, Self::Picking) => &[Self::Packed, Self::Shipped, Self::Voided],
            (Site::Warehouse, Self::Packed) => &[Self::Shipped, Self::Voided],
            (Site::Warehouse, Self::Shipped) => &[Self::Delivered],
            (Site::Store, Self::Shipped)
            | (Site::Store | Site::Warehouse, Self::Voided | Self::Delivered) => &[],
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
