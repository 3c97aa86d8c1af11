//! What two sites' values become when they meet.
//!
//! Over every state that two sites can reach, [`merge`] gives the same result in any order and any
//! number of times. So duplicates, reordering and retries cannot hurt.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use crate::order::{Delivery, Facet, Progress, Shared, Touched};
use crate::revision::Relation;
use crate::site::Site;
use crate::sync::OrderChange;

/// What came of merging a change into an order.
#[derive(Clone, Debug, PartialEq)]
pub struct Merged {
    /// The order after it.
    pub shared: Shared,
    /// Which facets are different from before.
    pub touched: Touched,
    /// What was decided between two values, and is to be shown to a person.
    pub conflicts: Vec<Conflict>,
    /// The change knows of more changes made here than there were: this site was put back to an
    /// earlier state, as by restoring a backup.
    pub put_back: bool,
}

/// Two values met, and one of them had to give way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "facet", rename_all = "snake_case")]
pub enum Conflict {
    /// About what is to be delivered.
    Delivery(Decided<Delivery>),
    /// About how far it has come.
    Progress(Decided<Progress>),
}

/// Which value was kept, and which was lost.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound(deserialize = "Facet<V>: Deserialize<'de>"))]
pub struct Decided<V> {
    /// How the two came to meet.
    pub cause: Cause,
    /// The value that stands.
    pub kept: Facet<V>,
    /// The value that gave way.
    pub lost: Facet<V>,
}

/// How two values came to meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Both sites changed the facet, neither knowing of the other's change.
    Concurrent,
    /// The delivery was edited where the order was open, and arrived where it was closed.
    Late,
}

/// Merges a change from the peer into the order as it stands at `site`.
#[must_use]
pub fn merge(site: Site, here: &Shared, change: &OrderChange) -> Merged {
    let delivery = meet(&here.delivery, &change.delivery);
    let progress = match &change.progress {
        Some(incoming) => meet(&here.progress, incoming),
        None => Meeting::Unchanged,
    };
    let mut conflicts = Vec::new();
    if let Some(decided) = delivery.decided().or_else(|| late(here, &delivery)) {
        conflicts.push(Conflict::Delivery(decided));
    }
    if let Some(decided) = progress.decided() {
        conflicts.push(Conflict::Progress(decided));
    }
    let touched = Touched::new(delivery.changes(), progress.changes());
    Merged {
        put_back: knows_more_of(site, here, change),
        shared: Shared {
            delivery: delivery.result(&here.delivery),
            progress: progress.result(&here.progress),
        },
        touched,
        conflicts,
    }
}

/// Two changes of one order as one: each facet as [`merge`] would have it.
#[must_use]
pub fn fold(first: OrderChange, second: &OrderChange) -> OrderChange {
    let delivery = meet(&first.delivery, &second.delivery).result(&first.delivery);
    let progress = match (first.progress, &second.progress) {
        (Some(first), Some(second)) => Some(meet(&first, second).result(&first)),
        (first, second) => first.or_else(|| second.clone()),
    };
    OrderChange { delivery, progress, ..first }
}

/// Who gives way when two sites have changed a facet without knowing of each other: the facet's
/// owner breaks a tie. (A merged revision carries the store's count on the warehouse's older
/// progress, so breaking a tie of rank store-first would diverge.)
trait Precedence {
    fn precedence(this: &Facet<Self>, that: &Facet<Self>) -> Ordering
    where
        Self: Sized;
}

impl Precedence for Delivery {
    fn precedence(this: &Facet<Self>, that: &Facet<Self>) -> Ordering {
        this.revision.store.cmp(&that.revision.store)
    }
}

impl Precedence for Progress {
    fn precedence(this: &Facet<Self>, that: &Facet<Self>) -> Ordering {
        let by_rank = this.value.status.cmp(&that.value.status);
        by_rank.then(this.revision.warehouse.cmp(&that.revision.warehouse))
    }
}

/// How a facet's value here and an incoming one meet.
enum Meeting<V> {
    Unchanged,
    Replaced(Facet<V>),
    Concurrent { kept: Facet<V>, lost: Facet<V> },
}

fn meet<V: Clone + Precedence>(here: &Facet<V>, incoming: &Facet<V>) -> Meeting<V> {
    match incoming.revision.relation_to(here.revision) {
        Relation::Older | Relation::Same => Meeting::Unchanged,
        Relation::Newer => Meeting::Replaced(incoming.clone()),
        Relation::Concurrent => {
            let (kept, lost) = match V::precedence(incoming, here) {
                Ordering::Greater => (incoming, here),
                Ordering::Less | Ordering::Equal => (here, incoming),
            };
            Meeting::Concurrent { kept: kept.clone(), lost: lost.clone() }
        }
    }
}

impl<V: Clone> Meeting<V> {
    const fn changes(&self) -> bool {
        match self {
            Self::Unchanged => false,
            Self::Replaced(_) | Self::Concurrent { .. } => true,
        }
    }

    fn decided(&self) -> Option<Decided<V>> {
        match self {
            Self::Unchanged | Self::Replaced(_) => None,
            Self::Concurrent { kept, lost } => {
                Some(Decided { cause: Cause::Concurrent, kept: kept.clone(), lost: lost.clone() })
            }
        }
    }

    fn result(self, here: &Facet<V>) -> Facet<V> {
        match self {
            Self::Unchanged => here.clone(),
            Self::Replaced(facet) => facet,
            Self::Concurrent { kept, lost } => {
                Facet { revision: kept.revision.union(lost.revision), value: kept.value }
            }
        }
    }
}

/// No site edits the delivery of an order that is closed there. So a newer one that arrives where
/// it is closed was made where it was open, whatever else the change has to say by now.
fn late(here: &Shared, delivery: &Meeting<Delivery>) -> Option<Decided<Delivery>> {
    match delivery {
        Meeting::Replaced(kept) if here.progress.value.status.is_closed() => {
            Some(Decided { cause: Cause::Late, kept: kept.clone(), lost: here.delivery.clone() })
        }
        Meeting::Unchanged | Meeting::Replaced(_) | Meeting::Concurrent { .. } => None,
    }
}

fn knows_more_of(site: Site, here: &Shared, change: &OrderChange) -> bool {
    let progress = change.progress.as_ref().map_or(0, |facet| facet.revision.of(site));
    change.delivery.revision.of(site) > here.delivery.revision.of(site)
        || progress > here.progress.revision.of(site)
}
