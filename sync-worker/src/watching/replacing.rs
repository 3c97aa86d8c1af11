//! Deleting a queue that cannot be used, so that the carrier declares it anew as a lost one.
//!
//! The queue is deleted *before* the source is asked for an offer: its absence then shows,
//! whichever process ends in between, that an offer is needed, and the offer covers what was in it,
//! even if the queue came to life a moment before. If it cannot be deleted either, the marker of
//! the next generation shows the same: that generation's queues are absent.

use lapin::Connection;
use service_kit::broker::{BrokerError, connect};
use service_kit::settings::BrokerSettings;

use crate::topology::{Deletion, QueueKind, QueueLock, Topology, goodbye};

/// The outcome of replacing a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The queue is deleted.
    Deleted,
    /// The queue could not be deleted; another generation was begun.
    NextGeneration,
    /// The queue no longer needed replacing.
    NotNeeded,
    /// Another connection holds the lock: it declares queues, or replaces one.
    Locked,
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

    /// Replaces a queue that is still in use, if `is_needed` says so once the lock is held. It may
    /// ask on the lock's connection, but nothing that can end that.
    pub(crate) async fn replace(
        &self,
        topology: &Topology,
        kind: QueueKind,
        is_needed: impl AsyncFnOnce(&Connection) -> Result<bool, BrokerError>,
    ) -> Result<Outcome, BrokerError> {
        let connection = connect(&self.broker, &self.name).await?;
        let outcome = self.replace_over(&connection, topology, kind, is_needed).await;
        // The lock goes with the connection.
        goodbye(&connection).await;
        outcome
    }

    async fn replace_over(
        &self,
        connection: &Connection,
        topology: &Topology,
        kind: QueueKind,
        is_needed: impl AsyncFnOnce(&Connection) -> Result<bool, BrokerError>,
    ) -> Result<Outcome, BrokerError> {
        let (direction, limit) = (topology.queues.direction, self.broker.reply_timeout);
        let Some(_lock) = QueueLock::take(connection, direction, limit).await? else {
            return Ok(Outcome::Locked);
        };
        let queue = kind.name_in(topology.queues);
        let current = Topology::current(connection, direction, limit).await?;
        if current.queues != topology.queues
            || !topology.is_there(connection, &queue).await?
            || !is_needed(connection).await?
        {
            return Ok(Outcome::NotNeeded);
        }
        let direction = direction.as_str();
        tracing::warn!(direction, queue, "the queue is deleted, to be made anew");
        match topology.delete(connection, &queue).await? {
            Deletion::Done => Ok(Outcome::Deleted),
            Deletion::Hangs => {
                let next = topology.begin_next(connection).await?.queues.queue();
                tracing::warn!(
                    direction,
                    queue = next,
                    "{queue} cannot be deleted; others are used"
                );
                Ok(Outcome::NextGeneration)
            }
        }
    }
}
