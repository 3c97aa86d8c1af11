//! A connection that leaves nothing behind when it is dropped.
//!
//! lapin runs every connection on a thread that ends with the connection, and closes it by asking
//! RabbitMQ. A frozen RabbitMQ never answers that, and while it blocks the connection lapin does
//! not even ask. So the socket is shut down here: the thread then reads the end of the stream.

use std::fmt;
use std::ops::Deref;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::sleep;

use super::socket::Socket;

/// The time that RabbitMQ has to close a dropped connection.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// A connection to RabbitMQ that owns its socket.
pub struct Connection {
    connection: lapin::Connection,
    socket: Option<Socket>,
}

impl Connection {
    pub(super) const fn new(connection: lapin::Connection, socket: Socket) -> Self {
        Self { connection, socket: Some(socket) }
    }
}

impl Deref for Connection {
    type Target = lapin::Connection;

    fn deref(&self) -> &lapin::Connection {
        &self.connection
    }
}

impl Drop for Connection {
    /// Shuts the socket down. lapin closes the connection in the protocol after this has returned,
    /// if RabbitMQ can answer, so the socket is kept for a moment. Without a runtime it is shut
    /// down at once, and likewise when the runtime ends.
    fn drop(&mut self) {
        let socket = self.socket.take();
        let status = self.connection.status();
        if status.connected()
            && !status.blocked()
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn(async move {
                sleep(CLOSE_TIMEOUT).await;
                drop(socket);
            });
        }
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.connection.fmt(f)
    }
}
