//! The two kinds of queues that a direction has.

use shared_models::names::QueueGeneration;

/// A kind of queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueueKind {
    /// The queue whose messages are carried.
    Sync,
    /// The queue of messages that could not be carried while the source was away.
    Parked,
}

impl QueueKind {
    /// Both kinds.
    pub const ALL: [Self; 2] = [Self::Sync, Self::Parked];

    /// Returns the kind's name in figures.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sync => "sync",
            Self::Parked => "parked",
        }
    }

    /// Returns the queue's name in a generation.
    #[must_use]
    pub fn name_in(self, generation: QueueGeneration) -> String {
        match self {
            Self::Sync => generation.queue(),
            Self::Parked => generation.parked_queue(),
        }
    }
}
