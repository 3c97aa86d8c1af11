//! A connection that leaves nothing behind when it is dropped, and whether RabbitMQ blocks it.
//!
//! lapin runs every connection on a thread that ends with the connection, and closes it by asking
//! RabbitMQ. A frozen RabbitMQ never answers that, and while it blocks the connection lapin does
//! not even ask. So the socket is shut down here: the thread then reads the end of the stream.
//!
//! RabbitMQ blocks the connections of publishers while it is short of memory or disk, and reports
//! that with the first message that it does not take.

use std::fmt;
use std::ops::Deref;
use std::time::Duration;

use futures_util::stream::BoxStream;
use futures_util::{FutureExt as _, StreamExt as _};
use lapin::{ConnectionStatus, Event};
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

/// An observer of whether RabbitMQ blocks a connection, and why.
pub struct Blocking {
    status: ConnectionStatus,
    events: BoxStream<'static, Event>,
    reason: String,
}

impl Blocking {
    /// Creates an observer of a connection.
    pub fn of(connection: &Connection) -> Self {
        let events = connection.events_listener().boxed();
        Self { status: connection.status().clone(), events, reason: String::new() }
    }

    /// Returns whether the connection is open and blocked.
    pub fn is_on(&self) -> bool {
        is_blocked(&self.status)
    }

    /// Returns RabbitMQ's reason, if it blocks the connection.
    pub fn reason(&mut self) -> Option<&str> {
        while let Some(Some(event)) = self.events.next().now_or_never() {
            self.note(event);
        }
        self.is_on().then_some(self.reason.as_str())
    }

    /// Waits until the connection is blocked.
    pub async fn begins(&mut self) {
        while !self.is_on() {
            match self.events.next().await {
                Some(event) => self.note(event),
                None => std::future::pending().await,
            }
        }
    }

    fn note(&mut self, event: Event) {
        if let Event::ConnectionBlocked(reason) = event {
            self.reason = reason;
        }
    }
}

/// Returns whether the connection with this status is open and blocked.
pub fn is_blocked(status: &ConnectionStatus) -> bool {
    status.connected() && status.blocked()
}
