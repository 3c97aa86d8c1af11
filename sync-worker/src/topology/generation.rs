//! The kinds of queues that a direction has, and the generation of them that is in use. RabbitMQ
//! itself stores it, as marker exchanges: the worker has no database, and exchanges answer when a
//! queue does not.

use std::time::Duration;

use lapin::options::{ExchangeDeclareOptions, ExchangeDeleteOptions};
use lapin::types::FieldTable;
use lapin::{Connection, ExchangeKind};
use program_kit::broker::{BrokerError, in_time};
use shared_models::names::QueueGeneration;
use shared_models::side::Direction;

use super::Topology;

/// A kind of queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueueKind {
    /// The queue whose messages are carried.
    Sync,
    /// The queue of messages that could not be carried while the source was unavailable.
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

impl Topology {
    /// Returns the topology of the generation in use.
    pub async fn current(
        connection: &Connection,
        direction: Direction,
        reply_timeout: Duration,
    ) -> Result<Self, BrokerError> {
        let mut topology = Self::new(QueueGeneration::first(direction), reply_timeout);
        loop {
            let next = Self { queues: topology.queues.next(), ..topology };
            if !next.has_marker(connection, next.queues.marker()).await? {
                return Ok(topology);
            }
            topology = next;
        }
    }

    /// Returns whether these queues are those in use.
    pub async fn is_current(&self, connection: &Connection) -> Result<bool, BrokerError> {
        let current = Self::current(connection, self.queues.direction, self.reply_timeout).await?;
        Ok(current.queues == self.queues)
    }

    /// Puts the next generation into use. Its queues do not exist yet, so every worker treats them
    /// as lost: it asks the source for an offer and then declares them.
    pub async fn begin_next(&self, connection: &Connection) -> Result<Self, BrokerError> {
        let next = Self { queues: self.queues.next(), ..*self };
        next.set_marker(connection, next.queues.marker()).await?;
        let (direction, queue) = (next.queues.direction.as_str(), next.queues.queue());
        tracing::warn!(
            direction,
            queue,
            "abandoned queues that cannot be deleted; the next generation is used"
        );
        Ok(next)
    }

    /// Returns whether the source has agreed to an offer of what only queues of earlier generations
    /// hold, and the queues in use have not been lost since.
    pub async fn has_offer_marker(&self, connection: &Connection) -> Result<bool, BrokerError> {
        self.has_marker(connection, self.queues.offered_marker()).await
    }

    /// Records that the source has agreed to such an offer.
    pub async fn set_offer_marker(&self, connection: &Connection) -> Result<(), BrokerError> {
        self.set_marker(connection, self.queues.offered_marker()).await
    }

    /// Deletes that record. A missing one is no error.
    pub async fn delete_offer_marker(&self, connection: &Connection) -> Result<(), BrokerError> {
        let channel = self.open(connection).await?;
        let (name, options) = (self.queues.offered_marker(), ExchangeDeleteOptions::default());
        in_time(self.reply_timeout, channel.exchange_delete(name.into(), options)).await?;
        self.close(&channel).await
    }

    async fn has_marker(&self, connection: &Connection, name: String) -> Result<bool, BrokerError> {
        let passive = ExchangeDeclareOptions { passive: true, ..Default::default() };
        match self.declare_marker(connection, name, passive).await {
            Ok(()) => Ok(true),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn set_marker(&self, connection: &Connection, name: String) -> Result<(), BrokerError> {
        let durable = ExchangeDeclareOptions { durable: true, ..Default::default() };
        self.declare_marker(connection, name, durable).await
    }

    async fn declare_marker(
        &self,
        connection: &Connection,
        name: String,
        options: ExchangeDeclareOptions,
    ) -> Result<(), BrokerError> {
        let channel = self.open(connection).await?;
        let none = FieldTable::default();
        let declared = channel.exchange_declare(name.into(), ExchangeKind::Fanout, options, none);
        in_time(self.reply_timeout, declared).await?;
        self.close(&channel).await
    }
}
