//! Deleting the queues of earlier generations, which could not be deleted when they were replaced.
//!
//! Such a queue may have come to life again and taken messages that no other queue has, until the
//! next generation was bound. So it is unbound first, then the source is asked for an offer, and
//! only then is it deleted: the offer covers everything in it. While a queue of an earlier
//! generation exists, each worker that starts repeats these steps.

use lapin::Connection;
use service_kit::broker::{BrokerError, connect};
use service_kit::settings::BrokerSettings;
use shared_models::names::QueueGeneration;
use thiserror::Error;

use crate::site_client::SiteClient;
use crate::topology::{QueueKind, Topology, goodbye};

/// The reason why the queues of earlier generations still exist.
#[derive(Debug, Error)]
pub(super) enum NotRetired {
    #[error("{0}")]
    Broker(#[from] BrokerError),
    #[error("its source agrees to no offer: {0}")]
    NoOffer(String),
}

/// Deletes the queues of earlier generations, in one direction.
pub(super) struct Retiring {
    pub(super) broker: BrokerSettings,
    /// The connection's name in the management UI.
    pub(super) name: String,
    pub(super) source: SiteClient,
    /// The generation for which the source was asked for an offer, after it was bound and the
    /// earlier ones were unbound.
    pub(super) offered: Option<QueueGeneration>,
}

impl Retiring {
    /// Deletes the queues of all generations before the one in use.
    pub(super) async fn retire(&mut self, current: QueueGeneration) -> Result<(), NotRetired> {
        let connection = connect(&self.broker, &self.name).await?;
        let topology = Topology::new(current, self.broker.reply_timeout);
        let retired = self.retire_over(&connection, &topology).await;
        goodbye(&connection).await;
        retired
    }

    async fn retire_over(
        &mut self,
        connection: &Connection,
        current: &Topology,
    ) -> Result<(), NotRetired> {
        for queues in current.queues.older() {
            let old = Topology::new(queues, self.broker.reply_timeout);
            for name in QueueKind::ALL.map(|kind| kind.name_in(queues)) {
                if old.is_there(connection, &name).await? {
                    self.remove(connection, current, &old, &name).await?;
                }
            }
        }
        Ok(())
    }

    async fn remove(
        &mut self,
        connection: &Connection,
        current: &Topology,
        old: &Topology,
        name: &str,
    ) -> Result<(), NotRetired> {
        // Fails if the queue does not exist yet.
        current.bind_queue(connection).await?;
        old.unbind_queue(connection).await?;
        if self.offered != Some(current.queues) {
            self.source.ask_for_offer().await.map_err(NotRetired::NoOffer)?;
            self.offered = Some(current.queues);
        }
        old.delete(connection, name).await?;
        let direction = current.queues.direction.as_str();
        tracing::info!(direction, queue = name, "a queue of an earlier generation is deleted");
        Ok(())
    }
}
