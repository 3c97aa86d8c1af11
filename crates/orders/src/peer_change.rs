//! Merging the changes of the peer into orders. Pure. (Its counterpart for the edits of callers is
//! [`local_change`](super::local_change).)

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Deserialize as _;
use serde_json::Value;
use shared_models::event::EventKind;
use shared_models::fault_switch::{Guard, overwrite};
use shared_models::merge::{Cause, fold_into, merge};
use shared_models::order::Touched;
use shared_models::side::Side;
use shared_models::sync::{OrderChange, Outcome};
use uuid::Uuid;

use super::local_change::Changed;
use super::order::Order;
use super::record::Record;

/// A change from a request: a valid one, or the problem with it.
#[derive(Debug)]
pub(super) struct ReceivedChange {
    /// The id of the change's event, if it can be read.
    pub(super) event_id: Option<Uuid>,
    /// The change, or the problem with it.
    pub(super) change: Result<OrderChange, String>,
}

impl ReceivedChange {
    /// Parses one change of a request; an invalid one does not stop the others.
    #[must_use]
    pub(super) fn parse(value: Value) -> Self {
        let event_id = value.get("event_id").and_then(Value::as_str);
        let event_id = event_id.and_then(|text| text.parse().ok());
        // The path is needed only for the message of an error.
        let change = OrderChange::deserialize(&value).or_else(|_| {
            serde_path_to_error::deserialize(value)
                .map_err(|error| format!("{}: {}", error.path(), error.inner()))
        });
        Self { event_id, change: change.and_then(OrderChange::validated) }
    }
}

/// Groups the changes by order, sorted by id. Two changes of one order are folded into one, unless
/// neither includes the other: that takes a side that was set back to an earlier state.
#[must_use]
pub(super) fn by_order(received: &[ReceivedChange]) -> BTreeMap<Uuid, Vec<OrderChange>> {
    let mut folded = BTreeMap::<Uuid, Vec<OrderChange>>::new();
    for change in received.iter().filter_map(|received| received.change.as_ref().ok()) {
        fold_into(folded.entry(change.order_id).or_default(), change);
    }
    folded
}

/// The result of merging changes into an order.
#[derive(Debug)]
pub(super) struct MergedOrder<P> {
    /// The outcome for the worker, of all of them.
    pub(super) outcome: Outcome,
    /// The results of those that changed anything, one after the other.
    pub(super) changes: Vec<Changed<P>>,
}

/// Merges changes into an order, each into the result of the one before it.
pub(super) fn merge_changes<P: Clone>(
    side: Side,
    before: Order<P>,
    changes: &[OrderChange],
    now: DateTime<Utc>,
) -> MergedOrder<P> {
    let mut order = before;
    let mut merged = MergedOrder { outcome: Outcome::Stale, changes: vec![] };
    for change in changes {
        let Some((outcome, changed)) = merge_change(side, &order, change, now) else { continue };
        if merged.outcome != Outcome::Merged {
            merged.outcome = outcome;
        }
        order = changed.order.clone();
        merged.changes.push(changed);
    }
    merged
}

/// Merges a change into an order; returns `None` if it changes nothing.
fn merge_change<P: Clone>(
    side: Side,
    before: &Order<P>,
    change: &OrderChange,
    now: DateTime<Utc>,
) -> Option<(Outcome, Changed<P>)> {
    let merged = match Guard::Fence.is_off() {
        true => overwrite(&before.shared, change),
        false => merge(side, &before.shared, change),
    };
    if merged.set_back {
        tracing::error!(
            order_id = %before.id,
            "the peer has changes of this side that are missing here: this side was set \
             back, probably by restoring a backup. The changes are taken over from the peer"
        );
    }
    if merged.touched == Touched::Nothing {
        return None;
    }
    if merged.conflicts.iter().any(|conflict| conflict.cause() == Cause::Diverged) {
        tracing::error!(
            order_id = %before.id,
            "one revision count stands for two changes: a side was set back, and the order was edited \
             again. The order's history has the value that was kept and the one that was lost"
        );
    }
    let outcome = match merged.conflicts.iter().any(|conflict| is_between_two(conflict.cause())) {
        true => Outcome::Merged,
        false => Outcome::Applied,
    };
    let statuses = (before.shared.progress.value.status, merged.shared.progress.value.status);
    let kind = match before.version {
        0 => EventKind::Created,
        _ => EventKind::of_change(statuses.0, statuses.1),
    };
    let after = Order {
        shared: merged.shared.clone(),
        version: before.version + 1,
        updated_at: now,
        ..before.clone()
    };
    let record = Record::from_peer(side, kind, change, merged, &after);
    Some((outcome, Changed { order: after, record }))
}

/// Returns whether the two changes of a conflict were made without knowledge of each other.
const fn is_between_two(cause: Cause) -> bool {
    match cause {
        Cause::Concurrent | Cause::Diverged => true,
        Cause::Late | Cause::Restored => false,
    }
}
