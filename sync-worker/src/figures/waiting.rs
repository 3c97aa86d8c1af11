//! What waits in a direction's queues, as it is shown.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

use crate::topology::Depth;

/// How many messages waited, and were with nobody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Waiting {
    /// In the sync queue.
    pub queue: u32,
    /// In the parked queue, until the source takes them.
    pub parked: u32,
    /// When they were counted.
    pub at: String,
}

impl Waiting {
    /// How a depth is shown that was found at this time.
    #[must_use]
    pub fn of(depth: Depth, at: DateTime<Utc>) -> Self {
        let Depth { queue, parked } = depth;
        Self { queue, parked, at: at.to_rfc3339_opts(SecondsFormat::Millis, true) }
    }
}
