//! Observing whether RabbitMQ blocks a connection. It blocks the connections of publishers while it
//! is short of memory or disk, and reports that with the first message that it does not take.

use futures_util::stream::BoxStream;
use futures_util::{FutureExt as _, StreamExt as _};
use lapin::{ConnectionStatus, Event};

use super::Connection;

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
