//! The exchanges, queues and bindings of one direction. The worker owns them: it makes them, and
//! makes anew what somebody has deleted.
//!
//! ```text
//! store.events ──order.*──▶ sync.store-to-warehouse ──parked──▶ sync.store-to-warehouse.parked
//! ```

use std::time::Duration;

use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel, Connection, ExchangeKind};
use service_kit::broker::{BrokerError, in_time};
use shared_models::names::{ORDER_EVENTS, exchange, parked_queue, queue};
use shared_models::site::Direction;

/// Whatever is handed out and comes back counts as delivered, as when a consumer is killed. A small
/// limit (4.x has 20 where none is set) gives up healthy messages; this one is never reached.
const DELIVERY_LIMIT: i32 = 1_000_000_000;

/// One direction's part of the topology.
#[derive(Clone, Copy, Debug)]
pub struct Topology {
    direction: Direction,
    reply_timeout: Duration,
}

/// How many messages wait at one moment, and are with nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Depth {
    /// In the sync queue.
    pub queue: u32,
    /// In the parked queue.
    pub parked: u32,
}

impl Topology {
    /// What `direction` needs.
    #[must_use]
    pub const fn new(direction: Direction, reply_timeout: Duration) -> Self {
        Self { direction, reply_timeout }
    }

    /// Whether both queues are there.
    pub async fn queues_are_there(&self, connection: &Connection) -> Result<bool, BrokerError> {
        for name in [queue(self.direction), parked_queue(self.direction)] {
            let channel = self.open(connection).await?;
            match self.count(&channel, name).await? {
                Some(_) => self.close(&channel).await?,
                None => return Ok(false),
            }
        }
        Ok(true)
    }

    /// Makes the exchange, without which the source cannot publish. One that is there already stays
    /// as it is.
    pub async fn declare_exchange(&self, connection: &Connection) -> Result<(), BrokerError> {
        let channel = self.open(connection).await?;
        self.exchange(&channel).await?;
        self.close(&channel).await
    }

    /// Makes the queues, and binds the sync queue. One that is there with other arguments is an
    /// error: it might lose what is to be parked. A parked queue that is there stays as it is.
    pub async fn declare_queues(&self, connection: &Connection) -> Result<(), BrokerError> {
        self.declare_parked_queue(connection).await?;
        let channel = self.open(connection).await?;
        let arguments = sync_queue(parked_queue(self.direction));
        self.declare(&channel, queue(self.direction), arguments).await?;
        self.bind(&channel).await?;
        self.close(&channel).await
    }

    /// Makes anew whatever has been deleted, but for the queues; `None` where one of them is gone.
    ///
    /// They are never declared here, not even to no effect: if one was deleted a moment ago, that
    /// would make it anew before the source has agreed to an offer, and nobody would know what was
    /// lost.
    pub async fn heal(&self, connection: &Connection) -> Result<Option<Depth>, BrokerError> {
        let channel = self.open(connection).await?;
        let Some(queue) = self.count(&channel, queue(self.direction)).await? else {
            return Ok(None);
        };
        self.exchange(&channel).await?;
        self.bind(&channel).await?;
        let Some(parked) = self.count(&channel, parked_queue(self.direction)).await? else {
            return Ok(None);
        };
        self.close(&channel).await.map(|()| Some(Depth { queue, parked }))
    }

    /// How many messages of a queue are with nobody; `None` where there is no such queue, and then
    /// the channel is closed.
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
        let (name, none) = (exchange(self.direction.from), FieldTable::default());
        let declared = channel.exchange_declare(name.into(), ExchangeKind::Topic, options, none);
        in_time(self.reply_timeout, declared).await
    }

    async fn declare_parked_queue(&self, connection: &Connection) -> Result<(), BrokerError> {
        let (channel, name) = (self.open(connection).await?, parked_queue(self.direction));
        if self.count(&channel, name).await?.is_some() {
            return self.close(&channel).await;
        }
        let channel = self.open(connection).await?;
        self.declare(&channel, name, quorum_queue()).await?;
        self.close(&channel).await
    }

    async fn bind(&self, channel: &Channel) -> Result<(), BrokerError> {
        let (name, source) = (queue(self.direction).into(), exchange(self.direction.from).into());
        let (options, none) = (QueueBindOptions::default(), FieldTable::default());
        let bound = channel.queue_bind(name, source, ORDER_EVENTS.into(), options, none);
        in_time(self.reply_timeout, bound).await
    }

    async fn declare(
        &self,
        channel: &Channel,
        name: &str,
        arguments: FieldTable,
    ) -> Result<(), BrokerError> {
        let options = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
        let declared = channel.queue_declare(name.into(), options, arguments);
        in_time(self.reply_timeout, declared).await.map(drop)
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

/// At-least-once dead-lettering needs `reject-publish`, and loses nothing where the parked queue is
/// missing: the message waits in the sync queue, and RabbitMQ tries again some minutes later.
fn sync_queue(parked: &str) -> FieldTable {
    let mut arguments = quorum_queue();
    arguments.insert("x-dead-letter-exchange".into(), text(""));
    arguments.insert("x-dead-letter-routing-key".into(), text(parked));
    arguments.insert("x-dead-letter-strategy".into(), text("at-least-once"));
    arguments.insert("x-overflow".into(), text("reject-publish"));
    arguments
}

fn text(value: &str) -> AMQPValue {
    AMQPValue::LongString(value.into())
}
