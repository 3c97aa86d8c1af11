//! A connection to RabbitMQ, named after the program and its purpose.

mod blocking;
mod connection;
mod reactor;
mod socket;

use std::future::Future;
use std::io;
use std::time::Duration;

use lapin::protocol::{AMQPErrorKind, AMQPSoftError};
use lapin::{ConnectionProperties, ErrorKind};
use thiserror::Error;
use tokio::time::timeout;

pub(crate) use blocking::{Blocking, is_blocked};
pub use connection::Connection;

use crate::settings::BrokerSettings;

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
    Silent(Duration),
}

impl BrokerError {
    /// Returns whether RabbitMQ answered that nothing of that name exists.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        match self {
            Self::Socket(_) | Self::Tls(_) | Self::Silent(_) => false,
            Self::Lapin(error) => matches!(
                error.kind(),
                ErrorKind::ProtocolError(refusal)
                    if *refusal.kind() == AMQPErrorKind::Soft(AMQPSoftError::NOTFOUND)
            ),
        }
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
    let (connection, socket) = connecting.await.unwrap_or(Err(BrokerError::Silent(limit)))?;
    Ok(Connection::new(connection, socket))
}

/// Awaits an answer from RabbitMQ, with a timeout.
pub async fn in_time<T>(
    limit: Duration,
    answer: impl Future<Output = lapin::Result<T>>,
) -> Result<T, BrokerError> {
    match timeout(limit, answer).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(BrokerError::Silent(limit)),
    }
}
