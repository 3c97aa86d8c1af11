//! Merging the values of two sides.
//!
//! For all states that two sides can reach, [`merge`] gives the same result in any order and any
//! number of times. So duplicates, reordering and retries do no harm.

use serde::{Deserialize, Serialize};

use crate::meeting::{Meeting, Precedence, holds, meet};
use crate::order::{Delivery, Facet, Progress, Shared, Touched};
use crate::side::Side;
use crate::sync::OrderChange;

/// The result of merging a change into an order.
#[derive(Clone, Debug, PartialEq)]
pub struct Merged {
    /// The order after the merge.
    pub shared: Shared,
    /// The facets that have changed.
    pub touched: Touched,
    /// The conflicts that were resolved, to be shown to people.
    pub conflicts: Vec<Conflict>,
    /// Set if the change counts more changes made here than there were: this side was set back to
    /// an earlier state, for example to a backup.
    pub set_back: bool,
    /// Set if this side has resolved something that its peer does not know: that is a change of
    /// this side, with a revision of its own, and is to be published.
    pub is_own_change: bool,
}

/// A conflict of two values, one of which was lost.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "facet", rename_all = "snake_case")]
pub enum Conflict {
    /// A conflict of the facet delivery.
    Delivery(Choice<Delivery>),
    /// A conflict of the facet progress.
    Progress(Choice<Progress>),
}

impl Conflict {
    /// Returns the cause of the conflict.
    #[must_use]
    pub const fn cause(&self) -> Cause {
        match self {
            Self::Delivery(choice) => choice.cause,
            Self::Progress(choice) => choice.cause,
        }
    }
}

/// The resolution of a conflict: the value that was kept, and the one that was lost.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound(deserialize = "Facet<V>: Deserialize<'de>"))]
pub struct Choice<V> {
    /// The cause of the conflict.
    pub cause: Cause,
    /// The value that was kept.
    pub kept: Facet<V>,
    /// The value that was lost.
    pub lost: Facet<V>,
}

/// The cause of a conflict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Both sides changed the facet without knowledge of each other's change.
    Concurrent,
    /// The delivery was edited where the order was open, and arrived where it was closed.
    Late,
    /// A revision, or one side's count in it, stands for two changes: a side was set back to an
    /// earlier state, and then changed the facet again.
    Diverged,
    /// A later state of this side, which was set back, is restored from the peer. The value here may
    /// have been changed since the set-back.
    Restored,
}

/// Merges a change from the peer into the order at `side`.
#[must_use]
pub fn merge(side: Side, here: &Shared, change: &OrderChange) -> Merged {
    let delivery = meet(side, &here.delivery, &change.delivery);
    let progress = match &change.progress {
        Some(incoming) => meet(side, &here.progress, incoming),
        None => Meeting::Unchanged,
    };
    let mut conflicts = Vec::new();
    if let Some(choice) = delivery.choice().or_else(|| late(here, &delivery)) {
        conflicts.push(Conflict::Delivery(choice));
    }
    if let Some(choice) = progress.choice() {
        conflicts.push(Conflict::Progress(choice));
    }
    let touched = Touched::new(delivery.changes(), progress.changes());
    Merged {
        set_back: has_more_changes_of(side, here, change),
        is_own_change: delivery.is_own_change() || progress.is_own_change(),
        shared: Shared {
            delivery: delivery.result(&here.delivery),
            progress: progress.result(&here.progress),
        },
        touched,
        conflicts,
    }
}

/// Folds two changes of one order into one, with the newer of each facet. Returns `None` if neither
/// includes the other: then each has to be merged separately, so that what is lost is recorded.
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

/// Adds a change of an order to those that could not be folded into one.
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

/// Returns the conflict of a late delivery. No side edits the delivery of an order that is closed
/// there. So a newer one that arrives where the order is closed was made where it was open,
/// whatever else the change contains.
fn late(here: &Shared, delivery: &Meeting<Delivery>) -> Option<Choice<Delivery>> {
    match delivery {
        Meeting::Replaced(kept) if here.progress.value.status.is_closed() => {
            Some(Choice { cause: Cause::Late, kept: kept.clone(), lost: here.delivery.clone() })
        }
        Meeting::Unchanged
        | Meeting::Replaced(_)
        | Meeting::Overruled(_)
        | Meeting::Concurrent(_)
        | Meeting::Joined(_)
        | Meeting::Resolved(..) => None,
    }
}

fn has_more_changes_of(side: Side, here: &Shared, change: &OrderChange) -> bool {
    let progress = change.progress.as_ref().map_or(0, |facet| facet.revision.of(side));
    change.delivery.revision.of(side) > here.delivery.revision.of(side)
        || progress > here.progress.revision.of(side)
}
