//! The message that a change is published as: made once, stored once, published as stored.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::order::{Delivery, Facet, Progress, Shared, Status, Touched};
use crate::site::Site;

/// A change of an order, with both facets as they are after it; so an event that was skipped is
/// made good by the next. Never a private field.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "Told")]
pub struct OrderEvent {
    /// The version of this form, [`crate::SCHEMA`].
    pub schema: u32,
    /// The event's own id.
    pub id: Uuid,
    /// What happened.
    pub kind: EventKind,
    /// The site at which it was decided.
    pub origin: Site,
    /// The order to which it happened.
    pub order_id: Uuid,
    /// The order's version after it, at the site that speaks.
    pub version: i64,
    /// When it was committed at the site that speaks.
    pub at: DateTime<Utc>,
    /// Which facets it touched.
    pub touched: Touched,
    /// Both facets after it.
    #[serde(flatten)]
    pub shared: Shared,
}

/// An event as it is read, field by field. (To flatten it would put all aside first.)
#[derive(Deserialize)]
struct Told {
    schema: u32,
    id: Uuid,
    kind: EventKind,
    origin: Site,
    order_id: Uuid,
    version: i64,
    at: DateTime<Utc>,
    touched: Touched,
    delivery: Facet<Delivery>,
    progress: Facet<Progress>,
}

impl From<Told> for OrderEvent {
    fn from(told: Told) -> Self {
        let Told { schema, id, kind, origin, order_id, version, at, touched, .. } = told;
        let shared = Shared { delivery: told.delivery, progress: told.progress };
        Self { schema, id, kind, origin, order_id, version, at, touched, shared }
    }
}

/// What happened to an order; also the routing key and the message's `type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum EventKind {
    /// It was placed.
    #[serde(rename = "order.created")]
    Created,
    /// Something other than its status changed.
    #[serde(rename = "order.updated")]
    Updated,
    /// The warehouse began to collect it.
    #[serde(rename = "order.picking")]
    Picking,
    /// It was packed.
    #[serde(rename = "order.packed")]
    Packed,
    /// It was voided.
    #[serde(rename = "order.voided")]
    Voided,
    /// The carrier took it.
    #[serde(rename = "order.shipped")]
    Shipped,
    /// The customer got it.
    #[serde(rename = "order.delivered")]
    Delivered,
    /// Nothing: the site tells again how it stands.
    #[serde(rename = "order.offered")]
    Offered,
}

impl EventKind {
    /// What to call the change that brought an order from one status to another.
    #[must_use]
    pub fn of_change(before: Status, after: Status) -> Self {
        if before == after {
            return Self::Updated;
        }
        match after {
            // No site moves back to it; a merge cannot either, being of the lowest rank.
            Status::Placed => Self::Updated,
            Status::Picking => Self::Picking,
            Status::Packed => Self::Packed,
            Status::Voided => Self::Voided,
            Status::Shipped => Self::Shipped,
            Status::Delivered => Self::Delivered,
        }
    }

    /// The kind's name, which is also its routing key.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "order.created",
            Self::Updated => "order.updated",
            Self::Picking => "order.picking",
            Self::Packed => "order.packed",
            Self::Voided => "order.voided",
            Self::Shipped => "order.shipped",
            Self::Delivered => "order.delivered",
            Self::Offered => "order.offered",
        }
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
