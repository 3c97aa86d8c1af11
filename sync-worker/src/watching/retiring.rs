//! Deleting the queues of earlier generations, which could not be deleted when they were replaced.
//!
//! Such a queue may have come to life again and taken messages that no other queue has, until the
//! next generation was bound. So it is unbound first, then the source is asked for an offer, and
//! only then is it deleted: the offer covers everything that it alone holds. RabbitMQ stores, as a
//! marker, that the source has agreed: the deletion may hang for ever, and each worker that starts
//! would ask for all orders again. The marker holds as long as the queues in use do: the carrier
//! deletes it before it declares one of them anew.

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
}

impl Retiring {
    /// Deletes the queues of all generations before the one in use.
    pub(super) async fn retire(&self, current: QueueGeneration) -> Result<(), NotRetired> {
        let connection = connect(&self.broker, &self.name).await?;
        let topology = Topology::new(current, self.broker.reply_timeout);
        let retired = self.retire_over(&connection, &topology).await;
        goodbye(&connection).await;
        retired
    }

    async fn retire_over(
        &self,
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
        &self,
        connection: &Connection,
        current: &Topology,
        old: &Topology,
        name: &str,
    ) -> Result<(), NotRetired> {
        // Fails if the queue does not exist yet.
        current.bind_queue(connection).await?;
        old.unbind_queue(connection).await?;
        if !current.earlier_are_offered(connection).await? {
            // Fails where RabbitMQ's permissions do not include the marker: else the source would
            // be asked in every round.
            current.forget_offer(connection).await?;
            self.source.ask_for_offer().await.map_err(NotRetired::NoOffer)?;
            current.note_offer(connection).await?;
        }
        old.delete(connection, name).await?;
        let direction = current.queues.direction.as_str();
        tracing::info!(direction, queue = name, "a queue of an earlier generation is deleted");
        Ok(())
    }
}
