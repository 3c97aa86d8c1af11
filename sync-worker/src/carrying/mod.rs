//! Carrying the messages of a [lane](crate::lanes) in one direction: they are collected into a
//! batch, decided on by the lane, sent to the peer in as few requests as possible, and settled.
//!
//! [`batch`], [`settlement`] and the [`breaker`](crate::breaker) decide, and know neither RabbitMQ
//! nor HTTP. [`carrier`] keeps a session running: `preparation` declares its queues, `consuming`
//! carries over it with an `intake` and a `peer`, and `parked_queue` keeps what a source does not
//! take back.

pub mod batch;
pub mod carrier;
mod consuming;
mod intake;
mod parked_queue;
mod peer;
mod preparation;
pub mod settlement;
mod spans;

use program_kit::broker::BrokerError;
use thiserror::Error;
use tokio_util::sync::CancellationToken;

/// The two signals that stop a worker.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    /// Asks to take nothing new, and to finish the batch in hand.
    pub requested: CancellationToken,
    /// Asks to give back the batch in hand: the peer has had its time to answer.
    pub hurry: CancellationToken,
}

/// The result of a session that ended because the worker stops, with no batch in hand.
#[derive(Debug)]
struct Stopped;

/// The reason why a session ended and a new connection is needed.
#[derive(Debug, Error)]
enum SessionError {
    /// RabbitMQ is gone, does not answer, or refuses.
    #[error("{0}")]
    Broker(#[from] BrokerError),
    /// RabbitMQ has cancelled the consumer, as it does when the queue is deleted.
    #[error("RabbitMQ cancelled the consumer; the queue may have been deleted")]
    Cancelled,
    /// The sync queue, or the parked queue, does not exist any more.
    #[error("a queue that was in use does not exist any more")]
    QueueGone,
    /// The sync queue, or the parked queue, did not answer and was replaced.
    #[error("a queue that did not answer was replaced")]
    Replaced,
    /// Another connection declares queues, or replaces one.
    #[error("another worker is declaring or replacing the queues")]
    Locked,
    /// The sync queue had other arguments, and was deleted.
    #[error("the sync queue had other arguments than expected; it is declared again")]
    OtherArguments,
    /// The source has agreed to an offer, and RabbitMQ refuses the declaration. It is tried less and
    /// less often: each time the source offers everything again.
    #[error("queues cannot be declared: {0}")]
    NotDeclared(BrokerError),
    /// A message to be parked could be kept nowhere, and was given back.
    #[error("{0}")]
    NotParked(#[from] NotParked),
}

/// The error of messages that were not copied to the parked queue, or not all of them.
#[derive(Debug, Error)]
enum NotParked {
    #[error("a change cannot be parked: {0}")]
    Broker(#[from] BrokerError),
    #[error("a change cannot be parked: there is no queue {0}")]
    Returned(String),
    #[error("a change cannot be parked: expected RabbitMQ to confirm it, but it was refused")]
    Refused,
}
