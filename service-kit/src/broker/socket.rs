//! The socket under a connection to RabbitMQ.
//!
//! lapin runs every connection on a thread that ends when the connection does; so one that is given
//! up while RabbitMQ has not answered yet must be ended from outside, or a RabbitMQ that is frozen
//! would cost a thread and a socket with every try.

use std::io;
use std::net::{Shutdown, TcpStream};
use std::os::fd::{AsFd as _, OwnedFd};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use lapin::uri::AMQPUri;
use lapin::{AsyncTcpStream, Connection, ConnectionProperties, runtime};
use rustix::net::sockopt;
use tokio::net::lookup_host;

/// When to ask whether the other end of a quiet connection is still there, and how often then.
const KEEPALIVE: Duration = Duration::from_secs(10);

/// Connects. Dropped before it is done, it leaves nothing behind.
pub(super) async fn connect(
    url: &str,
    properties: ConnectionProperties,
) -> lapin::Result<Connection> {
    let uri: AMQPUri = url.parse().map_err(|_| invalid("the URL is not one of RabbitMQ"))?;
    let runtime = runtime::default_runtime()?;
    let addresses = lookup_host((uri.authority.host.as_str(), uri.authority.port)).await?;
    let stream = AsyncTcpStream::connect(&runtime, addresses.collect::<Vec<_>>()).await?;
    let AsyncTcpStream::Plain(plain) = &stream else {
        return Err(invalid("the connection is not a plain one").into());
    };
    let handle = plain.get_ref().as_fd().try_clone_to_owned()?;
    keep_alive(&handle)?;
    let unfinished = Unfinished(Some(handle.into()));
    let stream = Mutex::new(Some(stream));
    let take = async move |_, _| {
        let stream = stream.lock().unwrap_or_else(PoisonError::into_inner).take();
        // lapin asks for a second one only where RabbitMQ has hung up on the first.
        stream.ok_or_else(|| invalid("RabbitMQ hung up").into())
    };
    let connection = Connection::connector(uri, runtime, take, properties).await?;
    unfinished.finished();
    Ok(connection)
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

/// Ends the socket of a connection that is given up before it is one.
struct Unfinished(Option<TcpStream>);

impl Unfinished {
    fn finished(mut self) {
        self.0 = None;
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if let Some(socket) = &self.0
            && let Err(error) = socket.shutdown(Shutdown::Both)
        {
            tracing::debug!(%error, "the socket was closed already");
        }
    }
}
