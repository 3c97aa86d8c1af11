//! The lock under which the queues of a direction are declared and deleted: an exclusive queue.
//!
//! A missing queue means that an offer is needed. Without the lock, one worker could find that a queue
//! exists, another one delete it, and the first declare it again: no worker would request the offer.

use std::time::{Duration, Instant};

use lapin::Connection;
use lapin::options::{QueueDeclareOptions, QueueDeleteOptions};
use lapin::types::{AMQPValue, FieldTable};
use program_kit::broker::{BrokerError, in_time};
use shared_models::names::queue_lock;
use shared_models::side::Direction;
use tokio::time::sleep;

use super::is_locked;

/// The pause before a lock that another connection holds is tried again: RabbitMQ cannot say when
/// it is released, and logs each attempt.
const NEXT_ATTEMPT: Duration = Duration::from_millis(500);

/// The lock, held until it is released or its connection ends.
#[derive(Debug)]
pub struct QueueLock<'a> {
    connection: &'a Connection,
    direction: Direction,
    limit: Duration,
}

impl<'a> QueueLock<'a> {
    /// Takes the lock; returns `None` if another connection holds it for longer than `limit`, which
    /// is also the timeout of each answer.
    pub async fn take(
        connection: &'a Connection,
        direction: Direction,
        limit: Duration,
    ) -> Result<Option<Self>, BrokerError> {
        let began = Instant::now();
        loop {
            match declare(connection, queue_lock(direction), limit).await {
                Ok(()) => return Ok(Some(Self { connection, direction, limit })),
                Err(error) if !is_locked(&error) => return Err(error),
                Err(_) if began.elapsed() >= limit => return Ok(None),
                Err(_) => sleep(NEXT_ATTEMPT).await,
            }
        }
    }

    /// Fails unless the lock is still held: while it was kept for long, somebody may have deleted
    /// it, and another connection taken it.
    pub async fn check(&self) -> Result<(), BrokerError> {
        declare(self.connection, queue_lock(self.direction), self.limit).await
    }

    /// Releases the lock.
    pub async fn release(self) -> Result<(), BrokerError> {
        let channel = in_time(self.limit, self.connection.create_channel()).await?;
        let name = queue_lock(self.direction).into();
        let deleted = channel.queue_delete(name, QueueDeleteOptions::default());
        in_time(self.limit, deleted).await?;
        in_time(self.limit, channel.close(200, "done".into())).await
    }
}

async fn declare(connection: &Connection, name: &str, limit: Duration) -> Result<(), BrokerError> {
    let channel = in_time(limit, connection.create_channel()).await?;
    let options = QueueDeclareOptions {
        exclusive: true,
        auto_delete: true,
        ..QueueDeclareOptions::default()
    };
    let mut arguments = FieldTable::default();
    // Queues of other types cannot be exclusive, and a vhost may have another default.
    arguments.insert("x-queue-type".into(), AMQPValue::LongString("classic".into()));
    let declared = channel.queue_declare(name.into(), options, arguments);
    in_time(limit, declared).await?;
    in_time(limit, channel.close(200, "done".into())).await
}
