//! Deleting a queue that does not answer, so that the carrier declares it anew as a lost one.
//!
//! The queue is deleted *before* the source is asked for an offer: its absence then shows,
//! whichever process ends in between, that an offer is needed, and the offer covers what was in it,
//! even if the queue came to life a moment before. If it cannot be deleted either, the marker of
//! the next generation shows the same: that generation's queues are absent.

use lapin::Connection;
use program_kit::broker::{BrokerError, BrokerSettings, connect};

use crate::topology::{QueueKind, QueueLock, Topology, goodbye};

/// The outcome of replacing a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The queue is deleted, or another generation is in use.
    Replaced,
    /// The queue no longer needed replacing.
    NotNeeded,
    /// Another connection holds the lock: it declares queues, or replaces one.
    Locked,
}

/// A way of replacing a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// The queue is deleted; where that hangs, the next generation is put into use.
    Delete,
    /// The queue is left as it is, and the next generation is put into use.
    Leave,
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

    /// Replaces a queue that is still in use, if `is_needed` says so once the lock is held.
    pub(super) async fn replace(
        &self,
        topology: &Topology,
        kind: QueueKind,
        way: Way,
        is_needed: impl AsyncFnOnce() -> bool,
    ) -> Result<Outcome, BrokerError> {
        let connection = connect(&self.broker, &self.name).await?;
        let outcome = self.replace_over(&connection, topology, kind, way, is_needed).await;
        // The lock goes with the connection.
        goodbye(&connection).await;
        outcome
    }

    async fn replace_over(
        &self,
        connection: &Connection,
        topology: &Topology,
        kind: QueueKind,
        way: Way,
        is_needed: impl AsyncFnOnce() -> bool,
    ) -> Result<Outcome, BrokerError> {
        let (direction, limit) = (topology.queues.direction, self.broker.reply_timeout);
        let Some(_lock) = QueueLock::take(connection, direction, limit).await? else {
            return Ok(Outcome::Locked);
        };
        if !topology.is_current(connection).await? || !is_needed().await {
            return Ok(Outcome::NotNeeded);
        }
        match way {
            Way::Delete => topology.discard(connection, kind).await?,
            Way::Leave => drop(topology.begin_next(connection).await?),
        }
        Ok(Outcome::Replaced)
    }
}
