//! One change for each order of a batch: a newer change supersedes an older one.
//!
//! Applied after the rules, never before: of two events of one order the rules may drop the newer,
//! and the older must still be carried.

use std::collections::HashMap;

use crate::meeting::holds;
use crate::sync::OrderChange;

/// Returns, for each change, the index of the change that supersedes it: its own, or that of a
/// newer change of the same order.
#[must_use]
pub fn spokesmen(changes: &[OrderChange]) -> Vec<usize> {
    let mut newest = HashMap::new();
    for (index, change) in changes.iter().enumerate() {
        let best = newest.entry(change.order_id).or_insert(index);
        if speaks_for(change, &changes[*best]) {
            *best = index;
        }
    }
    let spokesman = |(index, change): (usize, &OrderChange)| match newest.get(&change.order_id) {
        Some(best) if speaks_for(&changes[*best], change) => *best,
        Some(_) | None => index,
    };
    changes.iter().enumerate().map(spokesman).collect()
}

/// Returns whether `change` includes everything of `other`.
fn speaks_for(change: &OrderChange, other: &OrderChange) -> bool {
    let progress = match (&change.progress, &other.progress) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(this), Some(that)) => holds(this, that),
    };
    progress && holds(&change.delivery, &other.delivery)
}
