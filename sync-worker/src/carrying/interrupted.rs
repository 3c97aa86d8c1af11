//! The reasons why a session ends and a new connection is needed.

use program_kit::broker::BrokerError;
use thiserror::Error;

use super::parking::NotParked;

/// The reason why a session ended.
#[derive(Debug, Error)]
pub(super) enum Interrupted {
    /// RabbitMQ is gone, does not answer, or refuses.
    #[error("{0}")]
    Broker(#[from] BrokerError),
    /// RabbitMQ has cancelled the consumer, as it does when the queue is deleted.
    #[error("RabbitMQ cancelled the consumer; perhaps the queue was deleted")]
    Cancelled,
    /// The sync queue, or the parked queue, is not there any more.
    #[error("a queue is gone")]
    QueueGone,
    /// The sync queue, or the parked queue, did not answer and was replaced.
    #[error("a queue that did not answer was replaced")]
    Replaced,
    /// Another connection declares queues, or replaces one.
    #[error("another worker declares or replaces the queues")]
    Locked,
    /// The sync queue had other arguments, and was deleted.
    #[error("the sync queue has other arguments than it should; it is declared again")]
    Unlike,
    /// The source has agreed to an offer, and RabbitMQ refuses what it was asked for. It is tried less
    /// and less often: each time the source offers everything again.
    #[error("queues cannot be declared: {0}")]
    NotDeclared(BrokerError),
    /// A message to be parked could be kept nowhere, and was given back.
    #[error("{0}")]
    NotParked(#[from] NotParked),
}
