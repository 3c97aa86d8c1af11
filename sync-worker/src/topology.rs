//! The exchanges, queues and bindings of one direction. The worker owns them: it declares them, and
//! declares again what somebody has deleted.
//!
//! ```text
//! store.events ──order.*──▶ sync.store-to-warehouse
//!                           sync.store-to-warehouse.parked ◀── the worker, by the queue's name
//! ```
//!
//! If a queue that does not answer cannot be deleted, the next generation of queues is used:
//! `sync.store-to-warehouse.2`.

mod generation;
mod lock;

use std::time::Duration;

use lapin::options::{
    ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions, QueueDeleteOptions,
};
use lapin::protocol::{AMQPError, AMQPErrorKind, AMQPHardError, AMQPSoftError};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel, Connection, ExchangeKind};
use program_kit::broker::{BrokerError, in_time};
use shared_models::names::{ORDER_EVENTS, QueueGeneration, exchange};
use tokio::time::timeout;

pub use generation::QueueKind;
pub use lock::QueueLock;

/// The delivery limit of the queues. A message that is delivered and comes back counts as
/// delivered, also when its consumer was killed. A small limit (4.x has 20 by default) drops
/// healthy messages; this one is never exceeded.
const DELIVERY_LIMIT: i32 = 1_000_000_000;

/// The time that RabbitMQ may spend on deleting a queue before it replies: twice it waits 5 s for a
/// queue without a leader. (One that was suspended took 5.3 s.)
const DELETION_TIMEOUT: Duration = Duration::from_secs(10);

/// The timeout of closing a connection.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// The topology of one direction.
#[derive(Clone, Copy, Debug)]
pub struct Topology {
    /// The generation of its queues.
    pub queues: QueueGeneration,
    reply_timeout: Duration,
}

/// The numbers of messages that are ready for delivery, at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Depth {
    /// The number in the sync queue.
    pub queue: u32,
    /// The number in the parked queue.
    pub parked: u32,
}

/// The outcome of deleting a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deletion {
    /// The queue does not exist any more.
    Done,
    /// RabbitMQ did not answer in time; it may delete the queue later.
    Hangs,
}

impl Topology {
    /// Creates the topology with these queues.
    #[must_use]
    pub const fn new(queues: QueueGeneration, reply_timeout: Duration) -> Self {
        Self { queues, reply_timeout }
    }

    /// Returns which queues do not exist.
    pub async fn missing(&self, connection: &Connection) -> Result<Vec<QueueKind>, BrokerError> {
        let mut missing = vec![];
        for kind in QueueKind::ALL {
            if !self.exists(connection, &kind.name_in(self.queues)).await? {
                missing.push(kind);
            }
        }
        Ok(missing)
    }

    /// Returns whether a queue of this name exists.
    pub async fn exists(&self, connection: &Connection, name: &str) -> Result<bool, BrokerError> {
        let channel = self.open(connection).await?;
        match self.count(&channel, name).await? {
            Some(_) => self.close(&channel).await.map(|()| true),
            None => Ok(false),
        }
    }

    /// Declares the exchange, without which the source cannot publish. An existing one stays as it
    /// is.
    pub async fn declare_exchange(&self, connection: &Connection) -> Result<(), BrokerError> {
        let channel = self.open(connection).await?;
        self.exchange(&channel).await?;
        self.close(&channel).await
    }

    /// Declares a queue. An existing one with other arguments is an error, see [`has_other_arguments`].
    pub async fn declare_queue(
        &self,
        connection: &Connection,
        kind: QueueKind,
    ) -> Result<(), BrokerError> {
        let channel = self.open(connection).await?;
        let options = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
        let name = kind.name_in(self.queues);
        let declared = channel.queue_declare(name.into(), options, quorum_queue());
        in_time(self.reply_timeout, declared).await?;
        self.close(&channel).await
    }

    /// Binds the sync queue.
    pub async fn bind_queue(&self, connection: &Connection) -> Result<(), BrokerError> {
        let channel = self.open(connection).await?;
        self.bind(&channel).await?;
        self.close(&channel).await
    }

    /// Removes the binding of the sync queue. A missing binding or queue is no error.
    pub async fn unbind_queue(&self, connection: &Connection) -> Result<(), BrokerError> {
        let channel = self.open(connection).await?;
        let (name, none) = (self.queues.queue().into(), FieldTable::default());
        let source = exchange(self.queues.direction.from).into();
        let unbound = channel.queue_unbind(name, source, ORDER_EVENTS.into(), none);
        in_time(self.reply_timeout, unbound).await?;
        self.close(&channel).await
    }

    /// Deletes a queue and its messages. A missing queue counts as deleted.
    pub async fn delete(
        &self,
        connection: &Connection,
        name: &str,
    ) -> Result<Deletion, BrokerError> {
        let channel = self.open(connection).await?;
        let deleted = channel.queue_delete(name.into(), QueueDeleteOptions::default());
        match in_time(DELETION_TIMEOUT + self.reply_timeout, deleted).await {
            Ok(_) => {
                // Whatever the channel's end brings, the queue is deleted.
                let _ = self.close(&channel).await;
                Ok(Deletion::Done)
            }
            Err(BrokerError::Timeout(_)) => Ok(Deletion::Hangs),
            Err(error) => Err(error),
        }
    }

    /// Deletes a queue of these that cannot be used, so that it counts as lost; where that hangs, puts
    /// the next generation into use, whose queues do not exist yet. The caller holds the lock.
    pub async fn discard(
        &self,
        connection: &Connection,
        kind: QueueKind,
    ) -> Result<(), BrokerError> {
        let (direction, queue) = (self.queues.direction.as_str(), kind.name_in(self.queues));
        tracing::warn!(direction, queue, "deleting the queue, to declare it again");
        match self.delete(connection, &queue).await? {
            Deletion::Done => Ok(()),
            Deletion::Hangs => self.begin_next(connection).await.map(drop),
        }
    }

    /// Restores whatever has been deleted, except the queues; returns `None` if one of them is
    /// gone.
    ///
    /// The queues are never declared here: if one was deleted a moment ago, that would create it
    /// anew before the source has agreed to an offer, and the loss would go unnoticed.
    pub async fn heal(&self, connection: &Connection) -> Result<Option<Depth>, BrokerError> {
        let channel = self.open(connection).await?;
        let Some(queue) = self.count(&channel, &self.queues.queue()).await? else {
            return Ok(None);
        };
        self.exchange(&channel).await?;
        self.bind(&channel).await?;
        let Some(parked) = self.count(&channel, &self.queues.parked_queue()).await? else {
            return Ok(None);
        };
        self.close(&channel).await.map(|()| Some(Depth { queue, parked }))
    }

    /// Counts the messages of a queue that are ready for delivery; `None` if there is no such
    /// queue, and then the channel is closed.
    async fn count(&self, channel: &Channel, name: &str) -> Result<Option<u32>, BrokerError> {
        let passive = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
        let asked = channel.queue_declare(name.into(), passive, FieldTable::default());
        match in_time(self.reply_timeout, asked).await {
            Ok(queue) => Ok(Some(queue.message_count())),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn exchange(&self, channel: &Channel) -> Result<(), BrokerError> {
        let options = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
        let (name, none) = (exchange(self.queues.direction.from), FieldTable::default());
        let declared = channel.exchange_declare(name.into(), ExchangeKind::Topic, options, none);
        in_time(self.reply_timeout, declared).await
    }

    async fn bind(&self, channel: &Channel) -> Result<(), BrokerError> {
        let source = exchange(self.queues.direction.from).into();
        let name = self.queues.queue().into();
        let (options, none) = (QueueBindOptions::default(), FieldTable::default());
        let bound = channel.queue_bind(name, source, ORDER_EVENTS.into(), options, none);
        in_time(self.reply_timeout, bound).await
    }

    async fn open(&self, connection: &Connection) -> Result<Channel, BrokerError> {
        in_time(self.reply_timeout, connection.create_channel()).await
    }

    async fn close(&self, channel: &Channel) -> Result<(), BrokerError> {
        in_time(self.reply_timeout, channel.close(200, "done".into())).await
    }
}

fn quorum_queue() -> FieldTable {
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), text("quorum"));
    arguments.insert("x-delivery-limit".into(), AMQPValue::LongInt(DELIVERY_LIMIT));
    arguments
}

/// Closes a connection, even if RabbitMQ does not answer on it.
pub async fn close_connection(connection: &Connection) {
    // On a broken connection this returns at once.
    if timeout(CLOSE_TIMEOUT, connection.close(200, "done".into())).await.is_err() {
        tracing::debug!("RabbitMQ did not answer to closing the connection");
    }
}

fn text(value: &str) -> AMQPValue {
    AMQPValue::LongString(value.into())
}

/// Returns whether the declared item exists with other arguments: another program declared it, or
/// an earlier version.
#[must_use]
pub fn has_other_arguments(error: &BrokerError) -> bool {
    refusal_kind(error) == Some(&AMQPErrorKind::Soft(AMQPSoftError::PRECONDITIONFAILED))
}

/// Returns whether another connection holds the queue exclusively.
#[must_use]
fn is_locked(error: &BrokerError) -> bool {
    refusal_kind(error) == Some(&AMQPErrorKind::Soft(AMQPSoftError::RESOURCELOCKED))
}

/// Returns whether RabbitMQ itself got no answer, as from a queue without a process, or says that a
/// queue which exists cannot be reached.
#[must_use]
pub fn is_internal(error: &BrokerError) -> bool {
    let kinds = [
        AMQPErrorKind::Hard(AMQPHardError::INTERNALERROR),
        AMQPErrorKind::Hard(AMQPHardError::RESOURCEERROR),
        AMQPErrorKind::Soft(AMQPSoftError::NOTFOUND),
    ];
    !error.is_not_found() && refusal_kind(error).is_some_and(|kind| kinds.contains(kind))
}

fn refusal_kind(error: &BrokerError) -> Option<&AMQPErrorKind> {
    error.refusal().map(AMQPError::kind)
}
