//! The socket under a connection to RabbitMQ.

use std::io;
use std::net::Shutdown;
use std::os::fd::{AsFd as _, OwnedFd};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lapin::uri::AMQPUri;
use lapin::{AsyncTcpStream, Connection, ConnectionProperties};
use rustix::net::sockopt;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_util::compat::TokioAsyncReadCompatExt as _;
use tokio_util::either::Either;

use super::BrokerSettings;
use super::{BrokerError, reactor};
use crate::tls::Tls;

/// The TCP keepalive time and interval of a quiet connection.
const KEEPALIVE: Duration = Duration::from_secs(10);

/// The largest frame, if the URL has no `frame_max`: lapin keeps buffers for 64 frames, and with
/// the 128 KiB that RabbitMQ offers that is 8 MiB per connection. Longer messages are split into
/// frames.
const FRAME: u32 = 16 * 1024;

/// The seconds between two signs of life on a connection, if the URL has no `heartbeat`; after two of
/// them without any, either side gives it up. RabbitMQ offers 60: so long would what a program holds
/// that is frozen, messages and the lock on declaring queues, be kept from the others, or twice that.
const HEARTBEAT: u16 = 10;

/// Connects. If this is dropped before it completes, it leaves nothing behind.
pub(super) async fn connect(
    settings: &BrokerSettings,
    properties: ConnectionProperties,
) -> Result<(Connection, Socket), BrokerError> {
    let uri = settings.url.expose().parse::<AMQPUri>();
    let mut uri = uri.map_err(|_| {
        invalid("broker.url is not a URL such as amqp://user:password@host:5672/%2f")
    })?;
    uri.query.frame_max.get_or_insert(FRAME);
    uri.query.heartbeat.get_or_insert(HEARTBEAT);
    let host = uri.authority.host.as_str();
    let stream = TcpStream::connect((host, uri.authority.port)).await?;
    stream.set_nodelay(true)?;
    let handle = stream.as_fd().try_clone_to_owned()?;
    keep_alive(&handle)?;
    let socket = Socket(handle.into());
    let stream = match &settings.tls {
        None => Either::Left(stream),
        Some(tls) => Either::Right(Box::new(encrypted(tls, host, stream).await?)),
    };
    let stream = Mutex::new(Some(AsyncTcpStream::Plain(stream.compat())));
    let take = async move |_, _| {
        let stream = stream.lock().unwrap_or_else(PoisonError::into_inner).take();
        // lapin asks for a second stream only after RabbitMQ has closed the first.
        stream.ok_or_else(|| invalid("RabbitMQ closed the connection during the handshake").into())
    };
    let connection = Connection::connector(uri, reactor::runtime(), take, properties).await?;
    Ok((connection, socket))
}

async fn encrypted(
    tls: &Tls,
    host: &str,
    stream: TcpStream,
) -> Result<TlsStream<TcpStream>, BrokerError> {
    let name = ServerName::try_from(host.to_owned());
    let name =
        name.map_err(|_| invalid("the host in broker.url is not a valid host name or IP address"))?;
    let connector = TlsConnector::from(Arc::new(tls.config()));
    let failed = |error: io::Error| {
        let reason = tls.reason("broker", &error);
        BrokerError::Tls(reason.unwrap_or_else(|| format!("the TLS handshake failed: {error}")))
    };
    connector.connect(name, stream).await.map_err(failed)
}

fn keep_alive(socket: &OwnedFd) -> io::Result<()> {
    sockopt::set_socket_keepalive(socket, true)?;
    sockopt::set_tcp_keepidle(socket, KEEPALIVE)?;
    sockopt::set_tcp_keepintvl(socket, KEEPALIVE)?;
    Ok(())
}

fn invalid(problem: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, problem)
}

/// A handle of a connection's socket. Dropping it shuts the socket down, even if others hold it.
#[derive(Debug)]
pub(super) struct Socket(std::net::TcpStream);

impl Drop for Socket {
    fn drop(&mut self) {
        if let Err(error) = self.0.shutdown(Shutdown::Both) {
            tracing::debug!(%error, "a RabbitMQ connection was already closed");
        }
    }
}
