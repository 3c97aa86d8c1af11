//! The message as which a change is published: built once, stored once, published as stored.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::order::{Delivery, Facet, Progress, Shared, Status, Touched};
use crate::side::Side;

/// A change of an order, with both facets as they are after it; so a lost event is made up for by
/// the next one. It never has a private field.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "WireEvent")]
pub struct OrderEvent {
    /// The version of the schema, [`crate::SCHEMA`].
    pub schema: u32,
    /// The event's own id.
    pub id: Uuid,
    /// The kind of change.
    pub kind: EventKind,
    /// The side that made the change.
    pub origin: Side,
    /// The order's id.
    pub order_id: Uuid,
    /// The order's version after the change, at the publishing side.
    pub version: i64,
    /// The time of the change at the publishing side.
    pub at: DateTime<Utc>,
    /// The facets that the change touched.
    pub touched: Touched,
    /// Both facets after the change.
    #[serde(flatten)]
    pub shared: Shared,
}

/// The wire form of an event, parsed field by field. (`flatten` would buffer everything first.)
#[derive(Deserialize)]
struct WireEvent {
    schema: u32,
    id: Uuid,
    kind: EventKind,
    origin: Side,
    order_id: Uuid,
    version: i64,
    at: DateTime<Utc>,
    touched: Touched,
    delivery: Facet<Delivery>,
    progress: Facet<Progress>,
}

impl From<WireEvent> for OrderEvent {
    fn from(event: WireEvent) -> Self {
        let WireEvent { schema, id, kind, origin, order_id, version, at, touched, .. } = event;
        let shared = Shared { delivery: event.delivery, progress: event.progress };
        Self { schema, id, kind, origin, order_id, version, at, touched, shared }
    }
}

/// The kind of a change; also the routing key and the message's `type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum EventKind {
    /// The order was placed.
    #[serde(rename = "order.created")]
    Created,
    /// The order changed, but not its status.
    #[serde(rename = "order.updated")]
    Updated,
    /// The warehouse began to pick the order.
    #[serde(rename = "order.picking")]
    Picking,
    /// The order was packed.
    #[serde(rename = "order.packed")]
    Packed,
    /// The order was voided.
    #[serde(rename = "order.voided")]
    Voided,
    /// The order was handed to the carrier.
    #[serde(rename = "order.shipped")]
    Shipped,
    /// The order was delivered to the customer.
    #[serde(rename = "order.delivered")]
    Delivered,
    /// The order did not change: the side publishes it again.
    #[serde(rename = "order.offered")]
    Offered,
}

impl EventKind {
    /// Returns the kind of a change from one status to another.
    #[must_use]
    pub fn of_change(before: Status, after: Status) -> Self {
        if before == after {
            return Self::Updated;
        }
        match after {
            // No side moves back to it; a merge cannot either, since it has the lowest rank.
            Status::Placed => Self::Updated,
            Status::Picking => Self::Picking,
            Status::Packed => Self::Packed,
            Status::Voided => Self::Voided,
            Status::Shipped => Self::Shipped,
            Status::Delivered => Self::Delivered,
        }
    }

    /// Returns the kind's name, which is also its routing key.
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
