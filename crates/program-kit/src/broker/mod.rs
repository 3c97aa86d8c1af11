//! A connection to RabbitMQ, named after the program and its purpose.

mod connection;
mod reactor;
mod settings;
mod socket;
mod url;

use std::future::Future;
use std::io;
use std::time::Duration;

use lapin::protocol::{AMQPError, AMQPErrorKind, AMQPSoftError};
use lapin::{ConnectionProperties, ErrorKind};
use thiserror::Error;
use tokio::time::timeout;

pub use connection::{Blocking, Connection, is_blocked};
pub use settings::BrokerSettings;
pub use url::BrokerUrl;

/// The texts by which RabbitMQ reports that something does not exist.
const NOT_FOUND_TEXTS: [&str; 2] = ["no queue", "no exchange"];

/// The error of a request to RabbitMQ.
#[derive(Debug, Error)]
pub enum BrokerError {
    /// RabbitMQ refused, or the connection broke.
    #[error("RabbitMQ: {0}")]
    Lapin(#[from] lapin::Error),
    /// RabbitMQ could not be reached.
    #[error("RabbitMQ: {0}")]
    Socket(#[from] io::Error),
    /// The TLS connection failed.
    #[error("RabbitMQ: {0}")]
    Tls(String),
    /// RabbitMQ did not answer in time.
    #[error("RabbitMQ did not answer within {0:?}")]
    Timeout(Duration),
}

impl BrokerError {
    /// Returns whether RabbitMQ answered that nothing of that name exists.
    ///
    /// RabbitMQ answers 404 also for a queue that exists and has no process, or is on a node that is
    /// down. Only the text distinguishes the two.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.refusal().is_some_and(|refusal| {
            *refusal.kind() == AMQPErrorKind::Soft(AMQPSoftError::NOTFOUND)
                && NOT_FOUND_TEXTS.iter().any(|text| refusal.get_message().as_str().contains(text))
        })
    }

    /// Returns RabbitMQ's refusal, if it is one.
    #[must_use]
    pub fn refusal(&self) -> Option<&AMQPError> {
        let Self::Lapin(error) = self else { return None };
        let ErrorKind::ProtocolError(refusal) = error.kind() else { return None };
        Some(refusal)
    }
}

/// Connects to RabbitMQ; its management UI shows the connection as `name`.
///
/// lapin's own recovery is switched off: it is slow and knows nothing of our topology. The owner of
/// the connection opens a new one.
pub async fn connect(settings: &BrokerSettings, name: &str) -> Result<Connection, BrokerError> {
    let properties = ConnectionProperties::default().with_connection_name(name.into());
    let limit = settings.connect_timeout;
    let connecting = timeout(limit, socket::connect(settings, properties));
    let (connection, socket) = connecting.await.unwrap_or(Err(BrokerError::Timeout(limit)))?;
    Ok(Connection::new(connection, socket))
}

/// Awaits an answer from RabbitMQ, with a timeout.
pub async fn in_time<T>(
    limit: Duration,
    answer: impl Future<Output = lapin::Result<T>>,
) -> Result<T, BrokerError> {
    match timeout(limit, answer).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(BrokerError::Timeout(limit)),
    }
}
