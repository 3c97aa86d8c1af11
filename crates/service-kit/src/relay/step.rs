//! The outcome of one step of the relay.

use super::publisher::PublishError;
use crate::database::DatabaseError;

/// The outcome of one step.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Another process is active.
    Standby,
    /// The side is paused.
    Paused,
    /// RabbitMQ takes no messages now.
    Blocked { reason: String },
    /// There was nothing to do.
    Idle,
    /// All waiting changes are in flight.
    UnderWay,
    /// Changes were published or offered; there may be more.
    Busy,
    /// RabbitMQ has no queue for some changes.
    Unroutable { returned: usize },
    /// RabbitMQ refused some changes.
    Refused { refused: usize },
}

/// The error of a step.
#[derive(Debug, thiserror::Error)]
pub(super) enum StepError {
    #[error("{0}")]
    Database(#[from] DatabaseError),
    #[error("{0}")]
    Connect(#[from] diesel::ConnectionError),
    #[error("{0}")]
    Publish(#[from] PublishError),
}
