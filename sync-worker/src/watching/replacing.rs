//! Deleting a queue that cannot be used, so that the carrier declares it anew as a lost one.
//!
//! The queue is deleted *before* the source is asked for an offer: its absence then shows,
//! whichever process ends in between, that an offer is needed, and the offer covers what was in it,
//! even if the queue came to life a moment before. If it cannot be deleted either, the marker of
//! the next generation shows the same: that generation's queues are absent.

use std::time::Duration;

use lapin::Connection;
use lapin::options::QueueDeclareOptions;
use lapin::types::{AMQPValue, FieldTable};
use service_kit::broker::{BrokerError, connect, in_time};
use service_kit::settings::BrokerSettings;
use shared_models::names::replacing_lock;

use super::probe::Probe;
use super::silence::Heard;
use crate::topology::{QueueKind, Topology, goodbye, is_locked, is_unlike};

/// The reason why a queue is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// The queue does not answer.
    Silent {
        /// The timeout of the last probe.
        patience: Duration,
    },
    /// The queue has other arguments than it should.
    Unlike,
}

/// The outcome of replacing a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The queue is deleted.
    Deleted,
    /// The queue could not be deleted; another generation was begun.
    NextGeneration,
    /// The queue no longer needed replacing.
    NotNeeded,
    /// Another worker is replacing it.
    LeftToAnother,
}

/// Replaces queues, on a connection of its own.
#[derive(Clone, Debug)]
pub(crate) struct Replacing {
    broker: BrokerSettings,
    /// The connection's name in the management UI.
    name: String,
}

impl Replacing {
    pub(crate) const fn new(broker: BrokerSettings, name: String) -> Self {
        Self { broker, name }
    }

    /// Replaces a queue, unless another worker does or has done so.
    pub(crate) async fn replace(
        &self,
        topology: &Topology,
        kind: QueueKind,
        reason: Reason,
    ) -> Result<Outcome, BrokerError> {
        let connection = connect(&self.broker, &self.name).await?;
        let outcome = self.replace_over(&connection, topology, kind, reason).await;
        // The lock goes with the connection.
        goodbye(&connection).await;
        outcome
    }

    async fn replace_over(
        &self,
        connection: &Connection,
        topology: &Topology,
        kind: QueueKind,
        reason: Reason,
    ) -> Result<Outcome, BrokerError> {
        let (direction, limit) = (topology.queues.direction, self.broker.reply_timeout);
        match lock(connection, replacing_lock(direction), limit).await {
            Ok(()) => {}
            Err(error) if is_locked(&error) => return Ok(Outcome::LeftToAnother),
            Err(error) => return Err(error),
        }
        let name = kind.name_in(topology.queues);
        let current = Topology::current(connection, direction, limit).await?;
        if current.queues != topology.queues
            || !topology.is_there(connection, &name).await?
            || !self.is_still_needed(connection, topology, &name, reason).await?
        {
            return Ok(Outcome::NotNeeded);
        }
        let direction = direction.as_str();
        tracing::warn!(direction, queue = name, ?reason, "the queue is deleted, to be made anew");
        match topology.delete(connection, &name).await {
            Ok(()) => Ok(Outcome::Deleted),
            Err(BrokerError::Silent(_)) => {
                let next = topology.begin_next(connection).await?;
                let queue = next.queues.queue();
                tracing::warn!(direction, queue, "{name} cannot be deleted; others are used");
                Ok(Outcome::NextGeneration)
            }
            Err(error) => Err(error),
        }
    }

    /// Checks once more, now that no other worker replaces anything.
    async fn is_still_needed(
        &self,
        connection: &Connection,
        topology: &Topology,
        queue: &str,
        reason: Reason,
    ) -> Result<bool, BrokerError> {
        match reason {
            Reason::Silent { patience } => {
                // Not on this connection, which holds the lock: asking may end it.
                let mut probe = Probe::new(self.broker.clone(), self.name.clone());
                match probe.ask(topology, queue, patience).await {
                    Heard::Silence => Ok(true),
                    Heard::Answer | Heard::Missing | Heard::NoBroker => Ok(false),
                }
            }
            Reason::Unlike => match topology.declare_queues(connection).await {
                Ok(()) => Ok(false),
                Err(error) if is_unlike(&error) => Ok(true),
                Err(error) => Err(error),
            },
        }
    }
}

/// Takes a lock that is held as long as the connection lasts: an exclusive queue.
async fn lock(connection: &Connection, name: &str, limit: Duration) -> Result<(), BrokerError> {
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
