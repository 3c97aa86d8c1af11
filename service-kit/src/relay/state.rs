//! How the relay is doing, and how the rest of the program speaks to it.

use std::sync::Arc;

use tokio::sync::{Notify, watch};

use super::counts::{Counts, RelayCounts};

/// How the rest of the program speaks to the relay.
#[derive(Clone, Debug)]
pub struct RelayHandle {
    wake: Arc<Notify>,
    state: watch::Receiver<RelayState>,
    counts: Arc<Counts>,
}

/// How the relay is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RelayState {
    /// It has not begun yet.
    Starting,
    /// Another process publishes for this database.
    Standby,
    /// It publishes nothing until somebody resumes it.
    Paused,
    /// It publishes.
    Publishing,
    /// RabbitMQ has no queue for what it publishes: the binding is missing.
    Unroutable,
    /// RabbitMQ is there but takes no messages, for this reason.
    Blocked(String),
    /// It cannot publish now, for this reason; changes wait in the outbox.
    Waiting(String),
}

impl RelayHandle {
    pub(super) const fn new(
        wake: Arc<Notify>,
        state: watch::Receiver<RelayState>,
        counts: Arc<Counts>,
    ) -> Self {
        Self { wake, state, counts }
    }

    /// Tells the relay that something was committed.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// How the relay is doing.
    #[must_use]
    pub fn state(&self) -> RelayState {
        self.state.borrow().clone()
    }

    /// What it has done.
    #[must_use]
    pub fn counts(&self) -> RelayCounts {
        self.counts.now()
    }
}

impl RelayState {
    /// The names of all states.
    pub const NAMES: [&'static str; 7] =
        ["starting", "standby", "paused", "publishing", "unroutable", "blocked", "waiting"];

    /// The state's name, as a person reads it.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Standby => "standby",
            Self::Paused => "paused",
            Self::Publishing => "publishing",
            Self::Unroutable => "unroutable",
            Self::Blocked(_) => "blocked",
            Self::Waiting(_) => "waiting",
        }
    }

    /// What there is to say about it.
    #[must_use]
    pub fn detail(&self) -> Option<&str> {
        match self {
            Self::Starting | Self::Publishing => None,
            Self::Standby => Some("another process publishes"),
            Self::Paused => Some("until somebody resumes it"),
            Self::Unroutable => Some("no queue is bound; the sync worker binds it"),
            Self::Blocked(reason) | Self::Waiting(reason) => Some(reason),
        }
    }

    /// Tells whoever asks, and the log once.
    pub(super) fn tell(self, told: &watch::Sender<Self>) {
        told.send_if_modified(|told| {
            if *told == self {
                return false;
            }
            match &self {
                Self::Blocked(reason) | Self::Waiting(reason) => {
                    tracing::warn!(reason, "relay: {}", self.as_str());
                }
                Self::Starting
                | Self::Standby
                | Self::Paused
                | Self::Publishing
                | Self::Unroutable => tracing::info!("relay: {}", self.as_str()),
            }
            *told = self;
            true
        });
    }
}

#[cfg(test)]
mod tests {
    use super::RelayState::{Blocked, Paused, Publishing, Standby, Starting, Unroutable, Waiting};
    use super::*;

    #[test]
    fn every_state_has_a_name_among_the_names() {
        let (blocked, waiting) = (Blocked("low on memory".into()), Waiting("odd".into()));
        let all = [Starting, Standby, Paused, Publishing, Unroutable, blocked, waiting];
        assert_eq!(all.map(|state| state.as_str()), RelayState::NAMES);
    }
}
