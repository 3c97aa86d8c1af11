//! A side's order, made small: counts, a status, and which edits a value descends from. Each small
//! value stands for one real value, so the real functions are asked and their answers made small.

use std::fmt;

use chrono::{Datelike, NaiveDate};
use serde_json::Value;
use shared_models::marks::Marks;
use shared_models::order::{Delivery, Facet, Progress, Shared, Status, Unknown};

use crate::edits::{Counts, Edits};

/// The facet delivery.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SmallDelivery {
    pub(crate) counts: Counts,
    pub(crate) marks: Marks,
    pub(crate) edits: Edits,
}

/// The facet progress.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SmallProgress {
    pub(crate) counts: Counts,
    pub(crate) marks: Marks,
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
        let (revision, marks) = (self.counts.real(), self.marks);
        Facet { revision, marks, value: delivery_by(self.edits) }
    }

    pub(crate) fn of(facet: &Facet<Delivery>) -> Self {
        let edits = edits_of_delivery(&facet.value);
        Self { counts: Counts::of(facet.revision), marks: facet.marks, edits }
    }
}

impl SmallProgress {
    /// Returns whether nobody has touched it.
    pub(crate) fn is_default(self) -> bool {
        self.counts == Counts::default()
    }

    pub(crate) fn real(self) -> Facet<Progress> {
        let value = progress_by(self.status, self.edits);
        Facet { revision: self.counts.real(), marks: self.marks, value }
    }

    pub(crate) fn of(facet: &Facet<Progress>) -> Self {
        Self {
            counts: Counts::of(facet.revision),
            marks: facet.marks,
            status: facet.value.status,
            edits: edits_of_progress(&facet.value),
        }
    }
}

/// Returns the delivery after these edits, which are in its date: a date is copied faster than
/// text.
pub(crate) fn delivery_by(edits: Edits) -> Delivery {
    let days = Some(edits.number()).filter(|number| *number != 0);
    let deliver_by = days.and_then(|days| NaiveDate::from_num_days_from_ce_opt(days.into()));
    Delivery { deliver_by, ..Delivery::default() }
}

pub(crate) fn edits_of_delivery(delivery: &Delivery) -> Edits {
    let days = delivery.deliver_by.map_or(0, |date| date.num_days_from_ce());
    Edits::numbered(u16::try_from(days).expect("a date that stands for edits"))
}

/// Returns the progress after these edits, which are in a field that the programs do not know.
/// Whatever the warehouse edits, it names a carrier too, which it may not before the order has
/// moved.
pub(crate) fn progress_by(status: Status, edits: Edits) -> Progress {
    let carrier = edits.has_some_of_warehouse().then(String::new);
    let unknown = match edits.number() {
        0 => Unknown::new(),
        number => Unknown::from([(String::new(), Value::from(number))]),
    };
    Progress { status, carrier, unknown, ..Progress::default() }
}

pub(crate) fn edits_of_progress(progress: &Progress) -> Edits {
    let edits = progress.unknown.get("").and_then(Value::as_u64).unwrap_or(0);
    Edits::numbered(u16::try_from(edits).expect("a number that stands for edits"))
}
