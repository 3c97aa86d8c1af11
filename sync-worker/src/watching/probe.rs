//! Asking a queue whether it answers.
//!
//! RabbitMQ answers a declaration without asking the queue (3.10 does, within a moment, with a
//! count of zero), and a binding as well. So a message is fetched and given back: message order and
//! delivery counts mean nothing here.

use std::time::Duration;

use lapin::options::BasicGetOptions;
use program_kit::broker::{BrokerError, BrokerSettings, Connection, connect, in_time};

use super::silence::Heard;
use crate::topology::{Topology, goodbye, is_internal};

/// A client that probes queues, on a connection of its own: a queue without a process makes
/// RabbitMQ close the connection on which a message is fetched.
pub(super) struct Probe {
    broker: BrokerSettings,
    /// The connection's name in the management UI.
    name: String,
    open: Option<Connection>,
}

impl Probe {
    pub(super) const fn new(broker: BrokerSettings, name: String) -> Self {
        Self { broker, name, open: None }
    }

    /// Asks a queue, with the timeout `patience`; if it does not answer, asks RabbitMQ for
    /// something that needs no queue.
    pub(super) async fn ask(
        &mut self,
        topology: &Topology,
        queue: &str,
        patience: Duration,
    ) -> Heard {
        let Ok(connection) = self.connection().await else { return Heard::NoBroker };
        let heard = match self.get(&connection, queue, patience).await {
            Ok(heard) => heard,
            Err(error) => {
                tracing::debug!(%error, queue, "the queue cannot be asked");
                Heard::NoBroker
            }
        };
        match heard {
            Heard::Answer | Heard::Missing => {
                self.open = Some(connection);
                heard
            }
            Heard::NoBroker => {
                goodbye(&connection).await;
                Heard::NoBroker
            }
            Heard::Silence => {
                // Its channel waits for the queue; RabbitMQ closes it with the connection.
                goodbye(&connection).await;
                match self.broker_answers(topology).await {
                    Ok(()) => Heard::Silence,
                    Err(_) => Heard::NoBroker,
                }
            }
        }
    }

    async fn connection(&mut self) -> Result<Connection, BrokerError> {
        match self.open.take().filter(|connection| connection.status().connected()) {
            Some(connection) => Ok(connection),
            None => connect(&self.broker, &self.name).await,
        }
    }

    async fn get(
        &self,
        connection: &Connection,
        queue: &str,
        patience: Duration,
    ) -> Result<Heard, BrokerError> {
        let limit = self.broker.reply_timeout;
        let channel = in_time(limit, connection.create_channel()).await?;
        let getting = channel.basic_get(queue.into(), BasicGetOptions::default());
        match in_time(patience, getting).await {
            // The message returns to the queue when the channel closes.
            Ok(_) => {
                in_time(limit, channel.close(200, "done".into())).await.map(|()| Heard::Answer)
            }
            Err(BrokerError::Silent(_)) => Ok(Heard::Silence),
            Err(error) if is_internal(&error) => Ok(Heard::Silence),
            Err(error) if error.is_not_found() => Ok(Heard::Missing),
            Err(error) => Err(error),
        }
    }

    async fn broker_answers(&mut self, topology: &Topology) -> Result<(), BrokerError> {
        let connection = self.connection().await?;
        topology.declare_exchange(&connection).await?;
        self.open = Some(connection);
        Ok(())
    }
}
