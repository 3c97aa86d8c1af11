//! The number of rows that this process has deleted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The number of rows that this process has deleted. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct RetentionCounts(Arc<[AtomicU64; 3]>);

/// The number of rows at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Changes of which the log has a newer one of the same record.
    pub changes: u64,
    /// Parked changes.
    pub parked: u64,
    /// Removed records.
    pub removed: u64,
}

impl RetentionCounts {
    /// Adds what was deleted.
    pub(super) fn add(&self, Counts { changes, parked, removed }: Counts) {
        for (counter, count) in self.0.iter().zip([changes, parked, removed]) {
            counter.fetch_add(count, Ordering::Relaxed);
        }
    }

    /// Returns what was deleted so far.
    #[must_use]
    pub fn now(&self) -> Counts {
        let [changes, parked, removed] =
            [0, 1, 2].map(|index: usize| self.0[index].load(Ordering::Relaxed));
        Counts { changes, parked, removed }
    }
}
