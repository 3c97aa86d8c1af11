//! A site's order, made small: counts, a status, and which edits a value descends from. Each small
//! value stands for one real value, so the real functions are asked and their answers made small.

use std::fmt;

use chrono::{Datelike, NaiveDate};
use serde_json::Value;
use shared_models::order::{Delivery, Facet, Progress, Shared, Status, Unknown};
use shared_models::revision::Revision;
use shared_models::site::Site;

/// Edits of one facet: the one that made a value, and all that its author had seen. No two values
/// have the same ones, so they tell values apart as well.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Edits(u16);

impl Edits {
    const OF_WAREHOUSE: u16 = 0xff00;

    /// The edit with which a site came to this count, or none.
    pub(crate) const fn nth(site: Site, count: u32) -> Self {
        match (site, count) {
            (_, 0) => Self(0),
            (Site::Store, n) => Self(1 << (n - 1)),
            (Site::Warehouse, n) => Self(1 << (n + 7)),
        }
    }

    /// All the edits with which the sites came to these counts.
    pub(crate) const fn all(counts: Counts) -> Self {
        Self(((1 << counts.store) - 1) | (((1 << counts.warehouse) - 1) << 8))
    }

    pub(crate) const fn and(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    pub(crate) const fn holds(self, others: Self) -> bool {
        self.0 & others.0 == others.0
    }
}

impl fmt::Debug for Edits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = (0..16).filter(|bit| self.0 & (1 << bit) != 0);
        let name = |bit| if bit < 8 { ("s", bit + 1) } else { ("w", bit - 7) };
        named.map(name).try_for_each(|(site, n)| write!(f, "{site}{n}"))
    }
}

/// A revision.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Counts {
    pub(crate) store: u8,
    pub(crate) warehouse: u8,
}

impl fmt::Debug for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.store, self.warehouse)
    }
}

impl Counts {
    pub(crate) fn real(self) -> Revision {
        Revision { store: self.store.into(), warehouse: self.warehouse.into() }
    }

    fn of(revision: Revision) -> Self {
        let small = |count| u8::try_from(count).expect("a small count");
        Self { store: small(revision.store), warehouse: small(revision.warehouse) }
    }

    pub(crate) const fn at(self, site: Site) -> u8 {
        match site {
            Site::Store => self.store,
            Site::Warehouse => self.warehouse,
        }
    }

    pub(crate) const fn cover(self, other: Self) -> bool {
        self.store >= other.store && self.warehouse >= other.warehouse
    }
}

/// The facet delivery.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SmallDelivery {
    pub(crate) counts: Counts,
    pub(crate) edits: Edits,
}

/// The facet progress.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SmallProgress {
    pub(crate) counts: Counts,
    pub(crate) status: Status,
    pub(crate) edits: Edits,
}

/// Both facets.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SmallOrder {
    pub(crate) delivery: SmallDelivery,
    pub(crate) progress: SmallProgress,
}

impl fmt::Debug for SmallDelivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {:?}", self.counts, self.edits)
    }
}

impl fmt::Debug for SmallProgress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {} {:?}", self.counts, self.status, self.edits)
    }
}

impl fmt::Debug for SmallOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{:?} | {:?}]", self.delivery, self.progress)
    }
}

impl SmallOrder {
    pub(crate) fn real(self) -> Shared {
        Shared { delivery: self.delivery.real(), progress: self.progress.real() }
    }

    pub(crate) fn of(shared: &Shared) -> Self {
        Self {
            delivery: SmallDelivery::of(&shared.delivery),
            progress: SmallProgress::of(&shared.progress),
        }
    }

    pub(crate) fn is_known(self) -> bool {
        self != Self::default()
    }
}

impl SmallDelivery {
    pub(crate) fn real(self) -> Facet<Delivery> {
        Facet { revision: self.counts.real(), value: delivery_by(self.edits) }
    }

    pub(crate) fn of(facet: &Facet<Delivery>) -> Self {
        Self { counts: Counts::of(facet.revision), edits: edits_of_delivery(&facet.value) }
    }
}

impl SmallProgress {
    /// Nobody has touched it.
    pub(crate) fn is_default(self) -> bool {
        self.counts == Counts::default()
    }

    pub(crate) fn real(self) -> Facet<Progress> {
        let value = progress_by(self.status, self.edits);
        Facet { revision: self.counts.real(), value }
    }

    pub(crate) fn of(facet: &Facet<Progress>) -> Self {
        Self {
            counts: Counts::of(facet.revision),
            status: facet.value.status,
            edits: edits_of_progress(&facet.value),
        }
    }
}

/// A delivery tells its edits by its date, which is copied faster than text.
pub(crate) fn delivery_by(edits: Edits) -> Delivery {
    let deliver_by = match edits.0 {
        0 => None,
        edits => NaiveDate::from_num_days_from_ce_opt(i32::from(edits)),
    };
    Delivery { deliver_by, ..Delivery::default() }
}

pub(crate) fn edits_of_delivery(delivery: &Delivery) -> Edits {
    let days = delivery.deliver_by.map_or(0, |date| date.num_days_from_ce());
    Edits(u16::try_from(days).expect("a date that stands for edits"))
}

/// Progress tells its edits in a field that the programs do not know. Whatever the warehouse edits,
/// it names a carrier too, which it may not before the order has moved.
pub(crate) fn progress_by(status: Status, edits: Edits) -> Progress {
    let carried = edits.0 & Edits::OF_WAREHOUSE != 0;
    let unknown = match edits.0 {
        0 => Unknown::new(),
        edits => Unknown::from([(String::new(), Value::from(edits))]),
    };
    Progress { status, carrier: carried.then(String::new), unknown, ..Progress::default() }
}

pub(crate) fn edits_of_progress(progress: &Progress) -> Edits {
    let edits = progress.unknown.get("").and_then(Value::as_u64).unwrap_or(0);
    Edits(u16::try_from(edits).expect("edits"))
}
