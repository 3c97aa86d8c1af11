//! The changes that a side may make, and their effect on the revisions.

use std::fmt;

use serde::Serialize;
use thiserror::Error;

use crate::order::{Delivery, Facet, Progress, Shared, Status, Touched};
use crate::side::Side;

/// The reason why the order's current state does not allow a change.
#[derive(Clone, Debug, PartialEq, Eq, Error, Serialize)]
#[serde(tag = "refusal", rename_all = "snake_case")]
pub enum Refusal {
    /// The move is not in the table of moves.
    #[error("the {side} cannot move an order from {from} to {to}; {}", Legal(legal))]
    IllegalMove {
        /// The side of the caller.
        side: Side,
        /// The current status.
        from: Status,
        /// The requested status.
        to: Status,
        /// The statuses that the order may move to.
        legal: &'static [Status],
    },
    /// The delivery can no longer be edited.
    #[error("the order is {status}: its delivery can no longer be edited")]
    DeliveryClosed {
        /// The current status.
        status: Status,
    },
    /// The warehouse tried to add a line; only the store may.
    #[error(
        "the warehouse cannot add a line, and {sku:?} is not in the order; \
         it may change quantities and remove lines"
    )]
    LineAdded {
        /// The sku of the added line.
        sku: String,
    },
    /// A carrier was set while the status is still the default.
    #[error("carrier and tracking can only be set with, or after, a status other than placed")]
    CarrierTooEarly,
    /// The store tried to set a carrier; only the warehouse may.
    #[error("only the warehouse can set carrier and tracking")]
    CarrierByStore,
}

struct Legal<'a>(&'a [Status]);

impl fmt::Display for Legal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            [] => f.write_str("it can no longer move"),
            [only] => write!(f, "it may move to {only}"),
            [first, rest @ ..] => {
                write!(f, "it may move to one of {first}")?;
                rest.iter().try_for_each(|status| write!(f, ", {status}"))
            }
        }
    }
}

/// Applies a change at `side` to an order: each facet that it touches gets the side's next
/// revision. An unchanged value touches nothing.
///
/// Both values must be valid and in their normal form; this checks only what is allowed.
pub fn revise(
    side: Side,
    before: &Shared,
    delivery: Delivery,
    progress: Progress,
) -> Result<(Shared, Touched), Refusal> {
    check_delivery(side, before, &delivery)?;
    check_progress(side, &before.progress.value, &progress)?;
    let after = Shared {
        delivery: revised(side, &before.delivery, delivery),
        progress: revised(side, &before.progress, progress),
    };
    let touched = Touched::new(
        after.delivery.revision != before.delivery.revision,
        after.progress.revision != before.progress.revision,
    );
    Ok((after, touched))
}

/// Creates an order at the store.
#[must_use]
pub fn create(delivery: Delivery) -> Shared {
    Shared {
        delivery: revised(Side::Store, &Facet::default(), delivery),
        progress: Facet::default(),
    }
}

fn revised<V: PartialEq + Serialize>(side: Side, before: &Facet<V>, value: V) -> Facet<V> {
    let (revision, marks) = match value == before.value {
        true => (before.revision, before.marks),
        false => (before.revision.next(side), before.marks.after(side, &value)),
    };
    Facet { revision, marks, value }
}

fn check_delivery(side: Side, before: &Shared, after: &Delivery) -> Result<(), Refusal> {
    let (status, before) = (before.progress.value.status, &before.delivery.value);
    if before == after {
        return Ok(());
    }
    if status.is_closed() {
        return Err(Refusal::DeliveryClosed { status });
    }
    match side {
        Side::Store => Ok(()),
        Side::Warehouse => {
            let known = |sku: &str| before.lines.iter().any(|line| line.sku == sku);
            match after.lines.iter().find(|line| !known(&line.sku)) {
                Some(line) => Err(Refusal::LineAdded { sku: line.sku.clone() }),
                None => Ok(()),
            }
        }
    }
}

/// Returns the fields that the warehouse alone sets, once the order has left the default status.
const fn shipment(progress: &Progress) -> (&Option<String>, &Option<String>) {
    // The unknown fields come from the other side only.
    let Progress { status: _, carrier, tracking, unknown: _ } = progress;
    (carrier, tracking)
}

fn check_progress(side: Side, before: &Progress, after: &Progress) -> Result<(), Refusal> {
    let (from, to) = (before.status, after.status);
    let legal = from.moves(side);
    if from != to && !legal.contains(&to) {
        return Err(Refusal::IllegalMove { side, from, to, legal });
    }
    if shipment(before) == shipment(after) {
        return Ok(());
    }
    match side {
        Side::Store => Err(Refusal::CarrierByStore),
        Side::Warehouse if to.is_default() => Err(Refusal::CarrierTooEarly),
        Side::Warehouse => Ok(()),
    }
}
