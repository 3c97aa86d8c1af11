//! The messages that wait in a direction's queues, as shown.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

use crate::topology::Depth;

/// The numbers of messages that were ready for delivery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Waiting {
    /// The number in the sync queue.
    pub queue: u32,
    /// The number in the parked queue, until the source takes them.
    pub parked: u32,
    /// The time of the count.
    pub at: String,
}

impl Waiting {
    /// Returns a depth, counted at this time, as it is shown.
    #[must_use]
    pub fn of(depth: Depth, at: DateTime<Utc>) -> Self {
        let Depth { queue, parked } = depth;
        Self { queue, parked, at: at.to_rfc3339_opts(SecondsFormat::Millis, true) }
    }
}
