//! A connection that leaves nothing behind when it is dropped.
//!
//! lapin runs every connection on a thread that ends when the connection does, and ends it by asking
//! RabbitMQ to close it. A RabbitMQ that is frozen never answers to that, and while it blocks the
//! connection lapin does not even ask. So the socket is shut down from here: the thread then reads
//! the end of the connection.

use std::fmt;
use std::ops::Deref;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::sleep;

use super::socket::Socket;

/// How long RabbitMQ may take to close a connection that is dropped.
const GOODBYE: Duration = Duration::from_secs(1);

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
    /// lapin says goodbye when this has returned, where RabbitMQ can hear it; so the socket waits a
    /// moment. Without a runtime it is shut down at once, and so it is when the runtime ends.
    fn drop(&mut self) {
        let socket = self.socket.take();
        let status = self.connection.status();
        if status.connected()
            && !status.blocked()
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn(async move {
                sleep(GOODBYE).await;
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
