//! Deleting the queues of earlier generations, which could not be deleted when they were replaced.
//!
//! Such a queue may have come to life again and taken messages that no other queue has, until the
//! next generation was bound. So it is unbound first, then the source is asked for an offer, and
//! only then is it deleted: the offer covers everything that it alone holds. RabbitMQ stores, as a
//! marker, that the source has agreed: the deletion may hang for ever, and each worker that starts
//! would ask for all orders again. The marker holds as long as the queues in use do: the carrier
//! deletes it before it declares one of them anew.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use lapin::Connection;
use program_kit::broker::{BrokerError, BrokerSettings, connect};
use shared_models::names::QueueGeneration;
use thiserror::Error;
use tokio::time::sleep;

use super::silence::ProbeTimes;
use crate::figures::Figures;
use crate::settings::{PROGRAM, WorkerSettings};
use crate::side_client::SideClient;
use crate::topology::{Deletion, QueueKind, QueueLock, Topology, close_connection};

/// The most deletions at once, each on a connection of its own.
const MAX_DELETIONS: usize = 4;

/// The reason why no queue of an earlier generation may be deleted yet.
#[derive(Debug, Error)]
enum NotSafe {
    #[error("{0}")]
    Broker(#[from] BrokerError),
    #[error("the source did not accept the request for an offer: {0}")]
    NoOffer(String),
    #[error("another worker is declaring or replacing the queues")]
    Locked,
}

/// Deletes the queues of earlier generations, in one direction. Not part of watching, which must go
/// on while a deletion hangs.
pub(crate) struct Retirement {
    broker: BrokerSettings,
    /// The name of its connections in the management UI.
    name: String,
    source: SideClient,
    figures: Arc<Figures>,
    /// The pause between two checks of the generation in use.
    interval: Duration,
    /// The pause before deleting is tried again.
    retry_after: Duration,
}

impl Retirement {
    pub(crate) fn new(
        settings: &WorkerSettings,
        source: SideClient,
        figures: Arc<Figures>,
    ) -> Self {
        let retry_after = settings.carry.replace_queue_after;
        Self {
            broker: settings.broker.clone(),
            name: format!("{} {} retiring", PROGRAM.name, figures.direction),
            source,
            figures,
            interval: ProbeTimes::new(retry_after).interval(),
            retry_after,
        }
    }

    /// Deletes for ever: whenever another generation comes into use, until no earlier queue is left.
    pub(crate) async fn run(&self) -> Infallible {
        let (mut known, mut next) = (None, None);
        loop {
            sleep(self.interval).await;
            let Some(queues) = self.figures.queues_in_use() else { continue };
            if known.replace(queues) != Some(queues) {
                next = Some(Instant::now());
            }
            if next.is_some_and(|at| at <= Instant::now()) {
                next = self.retire(queues).await.map(|pause| Instant::now() + pause);
            }
        }
    }

    /// Deletes the queues of all generations before the one in use. Returns after how long this is
    /// to be repeated, if some are left.
    async fn retire(&self, queues: QueueGeneration) -> Option<Duration> {
        queues.older().next()?;
        let (direction, current) =
            (queues.direction.as_str(), Topology::new(queues, self.broker.reply_timeout));
        match self.make_deletion_safe(&current).await {
            Ok(names) => {
                let mut all_deleted = true;
                for names in names.chunks(MAX_DELETIONS) {
                    let deleting = names.iter().map(|name| self.delete(&current, name));
                    all_deleted &= join_all(deleting).await.into_iter().all(|deleted| deleted);
                }
                (!all_deleted).then_some(self.retry_after)
            }
            // The queues of the generation in use are not declared yet.
            Err(NotSafe::Broker(error)) if error.is_not_found() => Some(Duration::ZERO),
            Err(error) => {
                tracing::warn!(direction, %error, "queues of an earlier generation are not deleted yet");
                Some(self.retry_after)
            }
        }
    }

    /// Makes sure that nothing is lost with the queues of earlier generations; returns their names.
    async fn make_deletion_safe(&self, current: &Topology) -> Result<Vec<String>, NotSafe> {
        let connection = connect(&self.broker, &self.name).await?;
        let names = self.make_deletion_safe_over(&connection, current).await;
        // The lock goes with the connection.
        close_connection(&connection).await;
        names
    }

    async fn make_deletion_safe_over(
        &self,
        connection: &Connection,
        current: &Topology,
    ) -> Result<Vec<String>, NotSafe> {
        let mut names = vec![];
        for queues in current.queues.older() {
            for name in QueueKind::ALL.map(|kind| kind.name_in(queues)) {
                if current.exists(connection, &name).await? {
                    names.push(name);
                }
            }
        }
        self.figures.set_leftover(names.clone());
        if names.is_empty() {
            return Ok(names);
        }
        // A carrier that finds a queue in use lost deletes the marker, and requests an offer. A marker
        // that was set between the two would count for what was lost later.
        let (direction, limit) = (current.queues.direction, self.broker.reply_timeout);
        let lock = QueueLock::take(connection, direction, limit).await?;
        let _lock = lock.ok_or(NotSafe::Locked)?;
        // By now another generation may be in use.
        if !current.is_current(connection).await? {
            return Err(NotSafe::Locked);
        }
        // Fails if the queue does not exist yet.
        current.bind_queue(connection).await?;
        for queues in current.queues.older() {
            Topology::new(queues, self.broker.reply_timeout).unbind_queue(connection).await?;
        }
        if !current.has_offer_marker(connection).await? {
            // Fails where RabbitMQ's permissions do not include the marker: else the source would
            // be asked in every round.
            current.delete_offer_marker(connection).await?;
            self.source.request_offer().await.map_err(NotSafe::NoOffer)?;
            current.set_offer_marker(connection).await?;
        }
        Ok(names)
    }

    /// Deletes a queue, on a connection of its own, for that may hang or end the connection.
    /// Returns whether it was deleted.
    async fn delete(&self, topology: &Topology, queue: &str) -> bool {
        let deleting = async {
            let connection = connect(&self.broker, &self.name).await?;
            let deleted = topology.delete(&connection, queue).await;
            close_connection(&connection).await;
            deleted
        };
        let direction = topology.queues.direction.as_str();
        match deleting.await {
            Ok(Deletion::Done) => {
                self.figures.remove_leftover(queue);
                tracing::info!(direction, queue, "deleted a queue of an earlier generation");
                return true;
            }
            Ok(Deletion::Hangs) => {
                tracing::warn!(
                    direction,
                    queue,
                    "the queue cannot be deleted yet: RabbitMQ did not answer in time"
                );
            }
            Err(error) => {
                tracing::warn!(direction, queue, %error, "the queue cannot be deleted yet");
            }
        }
        false
    }
}
