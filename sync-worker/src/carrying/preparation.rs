//! The preparation of a direction's queues before its messages are consumed, and their healing
//! meanwhile. Where a queue is missing, its source is asked for an offer.

use std::sync::Arc;
use std::time::Duration;

use program_kit::backoff;
use program_kit::broker::Connection;
use shared_models::names::QueueGeneration;
use tokio::time::sleep;

use super::SessionError;
use crate::figures::{Figures, State};
use crate::settings::CarrySettings;
use crate::side_client::SideClient;
use crate::topology::{QueueKind, QueueLock, Topology, has_other_arguments};

/// Prepares the queues of one direction, in each session anew.
pub(super) struct Preparation {
    source: SideClient,
    settings: CarrySettings,
    reply_timeout: Duration,
    figures: Arc<Figures>,
    /// The queues whose arguments are known to be right.
    declared: Option<QueueGeneration>,
}

impl Preparation {
    pub(super) const fn new(
        source: SideClient,
        settings: CarrySettings,
        reply_timeout: Duration,
        figures: Arc<Figures>,
    ) -> Self {
        Self { source, settings, reply_timeout, figures, declared: None }
    }

    /// Declares the exchange and the queues that this direction needs.
    ///
    /// A missing queue means that its messages were lost, or that there never was one. The source
    /// is asked for an offer *first*, and the queue is declared when it has agreed. So a crash in
    /// between only repeats the request, and nothing that the source publishes meanwhile is lost:
    /// it is returned as unroutable, and waits in the outbox until the queue is bound. (Messages to
    /// be parked wait in the sync queue.) The other way round, a crash in between would leave a
    /// queue that nobody knows to be incomplete.
    ///
    /// All of it happens under the lock, on the connection that holds it: a queue that is found to
    /// be there is not deleted by a watcher before it is declared, which would hide the loss. For
    /// the same reason a queue that is there is only bound, once its arguments are known. (Also, two
    /// versions with other arguments then replace each other's queue once, not for ever.)
    pub(super) async fn prepare(
        &mut self,
        connection: &Connection,
    ) -> Result<Topology, SessionError> {
        let (direction, limit) = (self.figures.direction, self.reply_timeout);
        let lock = QueueLock::take(connection, direction, limit).await?;
        let lock = lock.ok_or(SessionError::Locked)?;
        let topology = Topology::current(connection, direction, limit).await?;
        self.figures.set_queues_in_use(topology.queues);
        topology.declare_exchange(connection).await?;
        let missing = topology.missing(connection).await?;
        if !missing.is_empty() {
            if topology.queues.older().next().is_some() {
                // A queue of an earlier generation may have taken what this one would have.
                topology.delete_offer_marker(connection).await?;
            }
            self.request_offer().await;
            // That may have taken long.
            lock.check().await?;
            if !topology.is_current(connection).await? {
                return Err(SessionError::Locked);
            }
            self.declare(connection, &topology, &missing).await?;
        }
        if !missing.contains(&QueueKind::Sync) && self.declared != Some(topology.queues) {
            check_arguments(connection, &topology).await?;
        }
        self.declared = Some(topology.queues);
        topology.bind_queue(connection).await?;
        lock.release().await?;
        Ok(topology)
    }

    /// Declares the missing queues, of which the source has agreed to an offer.
    async fn declare(
        &self,
        connection: &Connection,
        topology: &Topology,
        missing: &[QueueKind],
    ) -> Result<(), SessionError> {
        for kind in missing {
            if let Err(error) = topology.declare_queue(connection, *kind).await {
                let is_refused = error.refusal().is_some();
                return Err(if is_refused {
                    SessionError::NotDeclared(error)
                } else {
                    error.into()
                });
            }
        }
        Ok(())
    }

    /// Asks the source for an offer of all its records until it agrees.
    async fn request_offer(&self) {
        self.figures.enter(State::AskingForOffer(None));
        let (min, max) = (self.settings.backoff_min, self.settings.backoff_max);
        let mut failures = 0;
        while let Err(reason) = self.source.request_offer().await {
            self.figures.enter(State::AskingForOffer(Some(reason)));
            sleep(backoff::wait(failures, min, max, fastrand::f64())).await;
            failures += 1;
        }
    }
}

/// Deletes a sync queue with other arguments, as earlier versions declared it: then it counts as
/// missing.
async fn check_arguments(connection: &Connection, topology: &Topology) -> Result<(), SessionError> {
    match topology.declare_queue(connection, QueueKind::Sync).await {
        Err(error) if has_other_arguments(&error) => {
            topology.discard(connection, QueueKind::Sync).await?;
            Err(SessionError::OtherArguments)
        }
        declared => Ok(declared?),
    }
}

/// Declares again, every `interval`, the exchange and the binding, also while nothing is consumed.
/// Returns when that fails, or when a queue itself is gone: then the session starts anew, with an
/// offer. A broker that does not answer is noticed here too.
pub(super) async fn heal(
    topology: &Topology,
    connection: &Connection,
    figures: &Figures,
    interval: Duration,
) -> SessionError {
    loop {
        match topology.heal(connection).await {
            Ok(Some(depth)) => figures.set_depth(depth),
            Ok(None) => return SessionError::QueueGone,
            Err(error) => return error.into(),
        }
        sleep(interval).await;
    }
}
