//! The counters of a relay since the program began.

use std::sync::atomic::{AtomicU64, Ordering};

use super::answers::Sent;

/// The counters of a relay.
#[derive(Debug, Default)]
pub(super) struct Counts {
    confirmed: AtomicU64,
    returned: AtomicU64,
    refused: AtomicU64,
}

/// The counters of a relay at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RelayCounts {
    /// Changes that RabbitMQ has confirmed.
    pub confirmed: u64,
    /// Times that a change came back, because no queue was bound for it.
    pub returned: u64,
    /// Times that RabbitMQ did not take a change.
    pub refused: u64,
}

impl Counts {
    pub(super) fn add(&self, sent: &Sent) {
        let add = |counter: &AtomicU64, count: usize| {
            counter.fetch_add(u64::try_from(count).unwrap_or(u64::MAX), Ordering::Relaxed);
        };
        add(&self.confirmed, sent.confirmed.len());
        add(&self.returned, sent.returned);
        add(&self.refused, sent.refused);
    }

    pub(super) fn now(&self) -> RelayCounts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        RelayCounts {
            confirmed: read(&self.confirmed),
            returned: read(&self.returned),
            refused: read(&self.refused),
        }
    }
}
