//! Superseding: of the changes of a record in a batch, a newer one supersedes an older one.
//!
//! Applied after the rules, never before: of two events of one order the rules may drop the newer,
//! and the older must still be carried.

use std::collections::HashMap;
use std::hash::Hash;

use uuid::Uuid;

use crate::meeting::holds;
use crate::sync::OrderChange;

/// A change that a newer change of the same record can supersede.
pub trait Supersede {
    /// The key of a record.
    type Key: Eq + Hash;

    /// Returns the key of the record that changed.
    fn key(&self) -> Self::Key;

    /// Returns whether this change includes everything of `other`, a change of the same record.
    fn supersedes(&self, other: &Self) -> bool;
}

/// Returns, for each change, the index of the change that supersedes it: its own, or that of a
/// newer change of the same record.
#[must_use]
pub fn superseding<C: Supersede>(changes: &[C]) -> Vec<usize> {
    let mut newest = HashMap::new();
    for (index, change) in changes.iter().enumerate() {
        let best = newest.entry(change.key()).or_insert(index);
        if change.supersedes(&changes[*best]) {
            *best = index;
        }
    }
    let superseding = |(index, change): (usize, &C)| match newest.get(&change.key()) {
        Some(best) if changes[*best].supersedes(change) => *best,
        Some(_) | None => index,
    };
    changes.iter().enumerate().map(superseding).collect()
}

impl Supersede for OrderChange {
    type Key = Uuid;

    fn key(&self) -> Uuid {
        self.order_id
    }

    fn supersedes(&self, other: &Self) -> bool {
        let progress = match (&self.progress, &other.progress) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(this), Some(that)) => holds(this, that),
        };
        progress && holds(&self.delivery, &other.delivery)
    }
}
