//! What two sites' values become when they meet.
//!
//! Over every state that two sites can reach, [`merge`] gives the same result in any order and any
//! number of times. So duplicates, reordering and retries cannot hurt.

use serde::{Deserialize, Serialize};

use crate::meeting::{Meeting, Precedence, holds, meet};
use crate::order::{Delivery, Facet, Progress, Shared, Touched};
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
    /// This site has decided something that its peer does not know of: it is a change of this
    /// site's, in a revision of its own, and is to be told.
    pub is_own_change: bool,
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

impl Conflict {
    /// How its two values came to meet.
    #[must_use]
    pub const fn cause(&self) -> Cause {
        match self {
            Self::Delivery(decided) => decided.cause,
            Self::Progress(decided) => decided.cause,
        }
    }
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
    /// One revision, or one site's count in it, stands for two changes: a site was set back to an
    /// earlier state, and then changed the facet again.
    Diverged,
    /// This site was set back, and has its later state again from the peer. What stood here may have
    /// been changed since it was set back.
    Restored,
}

/// Merges a change from the peer into the order as it stands at `site`.
#[must_use]
pub fn merge(site: Site, here: &Shared, change: &OrderChange) -> Merged {
    let delivery = meet(site, &here.delivery, &change.delivery);
    let progress = match &change.progress {
        Some(incoming) => meet(site, &here.progress, incoming),
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
        is_own_change: delivery.is_own_change() || progress.is_own_change(),
        shared: Shared {
            delivery: delivery.result(&here.delivery),
            progress: progress.result(&here.progress),
        },
        touched,
        conflicts,
    }
}

/// Two changes of one order as one, each facet the newer one. `None` where neither holds the other:
/// then each is to be merged by itself, so that what gives way is recorded.
#[must_use]
pub fn fold(first: &OrderChange, second: &OrderChange) -> Option<OrderChange> {
    let delivery = newer(&first.delivery, &second.delivery)?.clone();
    let progress = match (&first.progress, &second.progress) {
        (Some(first), Some(second)) => Some(newer(first, second)?),
        (first, second) => first.as_ref().or(second.as_ref()),
    };
    let progress = progress.cloned();
    Some(OrderChange { event_id: first.event_id, order_id: first.order_id, delivery, progress })
}

/// Takes one more change of an order to those that could not be folded into one.
pub fn fold_into(folded: &mut Vec<OrderChange>, change: &OrderChange) {
    match folded.last_mut() {
        Some(last) => match fold(last, change) {
            Some(both) => *last = both,
            None => folded.push(change.clone()),
        },
        None => folded.push(change.clone()),
    }
}

fn newer<'a, V: Precedence>(first: &'a Facet<V>, second: &'a Facet<V>) -> Option<&'a Facet<V>> {
    match (holds(first, second), holds(second, first)) {
        (true, _) => Some(first),
        (false, true) => Some(second),
        (false, false) => None,
    }
}

/// No site edits the delivery of an order that is closed there. So a newer one that arrives where
/// it is closed was made where it was open, whatever else the change has to say by now.
fn late(here: &Shared, delivery: &Meeting<Delivery>) -> Option<Decided<Delivery>> {
    match delivery {
        Meeting::Replaced(kept) if here.progress.value.status.is_closed() => {
            Some(Decided { cause: Cause::Late, kept: kept.clone(), lost: here.delivery.clone() })
        }
        Meeting::Unchanged
        | Meeting::Replaced(_)
        | Meeting::Overruled(_)
        | Meeting::Concurrent(_)
        | Meeting::Joined(_)
        | Meeting::Settled(..) => None,
    }
}

fn knows_more_of(site: Site, here: &Shared, change: &OrderChange) -> bool {
    let progress = change.progress.as_ref().map_or(0, |facet| facet.revision.of(site));
    change.delivery.revision.of(site) > here.delivery.revision.of(site)
        || progress > here.progress.revision.of(site)
}
