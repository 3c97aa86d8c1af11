//! Why carrying has to begin anew, with a new connection.

use service_kit::broker::BrokerError;
use thiserror::Error;

/// Why carrying has to begin anew.
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
}
