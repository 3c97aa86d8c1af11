//! What a site may change of an order, and what its change makes of the revisions.

use std::fmt;

use serde::Serialize;
use thiserror::Error;

use crate::order::{Delivery, Facet, Progress, Shared, Status, Touched};
use crate::site::Site;

/// Why a change is not allowed as the order stands.
#[derive(Clone, Debug, PartialEq, Eq, Error, Serialize)]
#[serde(tag = "refusal", rename_all = "snake_case")]
pub enum Refusal {
    /// The table of moves does not have it.
    #[error("the {site} cannot move an order from {from} to {to}; {}", Legal(legal))]
    IllegalMove {
        /// Who asked.
        site: Site,
        /// Where the order stands.
        from: Status,
        /// Where it was to go.
        to: Status,
        /// Where it may go.
        legal: &'static [Status],
    },
    /// It is too late to edit the delivery.
    #[error("the order is {status}: its delivery can no longer be edited")]
    DeliveryClosed {
        /// Where the order stands.
        status: Status,
    },
    /// Only the store adds lines.
    #[error(
        "the warehouse cannot add a line, and {sku:?} is not in the order; \
         it may change quantities and take lines out"
    )]
    LineAdded {
        /// What was to be added.
        sku: String,
    },
    /// Nobody carries an order that nobody has touched.
    #[error("carrier and tracking are set together with, or after, a status other than placed")]
    CarrierTooEarly,
    /// The store does not ship.
    #[error("carrier and tracking are set by the warehouse")]
    CarrierByStore,
}

struct Legal<'a>(&'a [Status]);

impl fmt::Display for Legal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            [] => f.write_str("no move is left"),
            [only] => write!(f, "it may move to {only}"),
            [first, rest @ ..] => {
                write!(f, "it may move to one of {first}")?;
                rest.iter().try_for_each(|status| write!(f, ", {status}"))
            }
        }
    }
}

/// What a change at `site` makes of an order: each facet that it touches gets the site's next
/// revision. A value that is what it was touches nothing.
///
/// Both values are to be valid and in their normal form; this is about what is allowed.
pub fn edit(
    site: Site,
    before: &Shared,
    delivery: Delivery,
    progress: Progress,
) -> Result<(Shared, Touched), Refusal> {
    check_delivery(site, before, &delivery)?;
    check_progress(site, &before.progress.value, &progress)?;
    let after = Shared {
        delivery: revised(site, &before.delivery, delivery),
        progress: revised(site, &before.progress, progress),
    };
    let touched = Touched::new(
        after.delivery.revision != before.delivery.revision,
        after.progress.revision != before.progress.revision,
    );
    Ok((after, touched))
}

/// An order as it is born at the store.
#[must_use]
pub fn create(delivery: Delivery) -> Shared {
    Shared {
        delivery: revised(Site::Store, &Facet::default(), delivery),
        progress: Facet::default(),
    }
}

fn revised<V: PartialEq + Serialize>(site: Site, before: &Facet<V>, value: V) -> Facet<V> {
    let (revision, marks) = match value == before.value {
        true => (before.revision, before.marks),
        false => (before.revision.next(site), before.marks.after(site, &value)),
    };
    Facet { revision, marks, value }
}

fn check_delivery(site: Site, before: &Shared, after: &Delivery) -> Result<(), Refusal> {
    let (status, before) = (before.progress.value.status, &before.delivery.value);
    if before == after {
        return Ok(());
    }
    if status.is_closed() {
        return Err(Refusal::DeliveryClosed { status });
    }
    match site {
        Site::Store => Ok(()),
        Site::Warehouse => {
            let known = |sku: &str| before.lines.iter().any(|line| line.sku == sku);
            match after.lines.iter().find(|line| !known(&line.sku)) {
                Some(line) => Err(Refusal::LineAdded { sku: line.sku.clone() }),
                None => Ok(()),
            }
        }
    }
}

fn check_progress(site: Site, before: &Progress, after: &Progress) -> Result<(), Refusal> {
    let (from, to) = (before.status, after.status);
    let legal = from.moves(site);
    if from != to && !legal.contains(&to) {
        return Err(Refusal::IllegalMove { site, from, to, legal });
    }
    if (&before.carrier, &before.tracking) == (&after.carrier, &after.tracking) {
        return Ok(());
    }
    match site {
        Site::Store => Err(Refusal::CarrierByStore),
        Site::Warehouse if to.is_default() => Err(Refusal::CarrierTooEarly),
        Site::Warehouse => Ok(()),
    }
}
