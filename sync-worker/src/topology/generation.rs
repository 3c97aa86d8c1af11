//! The generation of a direction's queues that is in use. RabbitMQ itself stores it, as marker
//! exchanges: the worker has no database, and exchanges answer when a queue does not.

use lapin::options::ExchangeDeclareOptions;
use lapin::types::FieldTable;
use lapin::{Connection, ExchangeKind};
use service_kit::broker::{BrokerError, in_time};
use shared_models::names::QueueGeneration;
use shared_models::site::Direction;

use super::Topology;

impl Topology {
    /// Returns the topology of the generation in use.
    pub async fn current(
        connection: &Connection,
        direction: Direction,
        reply_timeout: std::time::Duration,
    ) -> Result<Self, BrokerError> {
        let mut topology = Self::new(QueueGeneration::first(direction), reply_timeout);
        loop {
            let next = Self { queues: topology.queues.next(), ..topology };
            let passive = ExchangeDeclareOptions { passive: true, ..Default::default() };
            match next.declare_marker(connection, passive).await {
                Ok(()) => topology = next,
                Err(error) if error.is_not_found() => return Ok(topology),
                Err(error) => return Err(error),
            }
        }
    }

    /// Puts the next generation into use. Its queues do not exist yet, so every worker treats them
    /// as lost: it asks the source for an offer and then declares them.
    pub async fn begin_next(&self, connection: &Connection) -> Result<Self, BrokerError> {
        let next = Self { queues: self.queues.next(), ..*self };
        let durable = ExchangeDeclareOptions { durable: true, ..Default::default() };
        next.declare_marker(connection, durable).await.map(|()| next)
    }

    async fn declare_marker(
        &self,
        connection: &Connection,
        options: ExchangeDeclareOptions,
    ) -> Result<(), BrokerError> {
        let channel = self.open(connection).await?;
        let (name, none) = (self.queues.marker(), FieldTable::default());
        let declared = channel.exchange_declare(name.into(), ExchangeKind::Fanout, options, none);
        in_time(self.reply_timeout, declared).await?;
        self.close(&channel).await
    }
}
