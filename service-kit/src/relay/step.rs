//! What comes of one step of the relay.

use super::publisher::PublishError;
use crate::database::DatabaseError;

/// What came of one step.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Another process is active.
    Standby,
    /// Somebody has paused this site.
    Paused,
    /// RabbitMQ takes no messages now.
    Blocked { reason: String },
    /// There was nothing to do.
    Idle,
    /// All that waits is on its way.
    UnderWay,
    /// Something was published or offered; there may be more.
    Busy,
    /// RabbitMQ has no queue for some of it.
    Unroutable { returned: usize },
    /// RabbitMQ did not take some of it.
    Refused { refused: usize },
}

/// Why a step could not be done.
#[derive(Debug, thiserror::Error)]
pub(super) enum StepError {
    #[error("{0}")]
    Database(#[from] DatabaseError),
    #[error("{0}")]
    Connect(#[from] diesel::ConnectionError),
    #[error("{0}")]
    Publish(#[from] PublishError),
}
