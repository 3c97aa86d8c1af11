//! The statuses, their ranks, and the table of moves.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::side::Side;

/// The status of an order. Declared in the order of their ranks, lowest first; every move that a
/// side may make goes up.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Unchanged since it was placed. The default, which is never carried.
    #[default]
    Placed,
    /// Being picked at the warehouse.
    Picking,
    /// Packed.
    Packed,
    /// Cancelled: it will not be delivered.
    Voided,
    /// With the carrier.
    Shipped,
    /// With the customer.
    Delivered,
}

impl Status {
    /// Every status, lowest rank first.
    pub const ALL: [Self; 6] =
        [Self::Placed, Self::Picking, Self::Packed, Self::Voided, Self::Shipped, Self::Delivered];

    /// Returns the status's name in JSON.
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

    /// Returns whether this is the status of a new order.
    #[must_use]
    pub const fn is_default(self) -> bool {
        matches!(self, Self::Placed)
    }

    /// Returns whether the delivery can no longer be edited.
    #[must_use]
    pub const fn is_closed(self) -> bool {
        match self {
            Self::Placed | Self::Picking | Self::Packed => false,
            Self::Voided | Self::Shipped | Self::Delivered => true,
        }
    }

    /// Returns the statuses to which `side` may move an order from here.
    #[must_use]
    pub const fn moves(self, side: Side) -> &'static [Self] {
        match (side, self) {
            (Side::Store, Self::Placed | Self::Picking | Self::Packed) => &[Self::Voided],
            (Side::Warehouse, Self::Placed) => {
                &[Self::Picking, Self::Packed, Self::Shipped, Self::Voided]
            }
            (Side::Warehouse, Self::Picking) => &[Self::Packed, Self::Shipped, Self::Voided],
            (Side::Warehouse, Self::Packed) => &[Self::Shipped, Self::Voided],
            (Side::Warehouse, Self::Shipped) => &[Self::Delivered],
            (Side::Store, Self::Shipped)
            | (Side::Store | Side::Warehouse, Self::Voided | Self::Delivered) => &[],
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
