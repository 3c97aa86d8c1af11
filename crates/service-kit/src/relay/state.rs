//! The state of the relay, and the handle to it.

use std::sync::Arc;

use tokio::sync::{Notify, watch};

use super::counts::{Counts, RelayCounts};

/// A handle to the relay for the rest of the program.
#[derive(Clone, Debug)]
pub struct RelayHandle {
    wake: Arc<Notify>,
    state: watch::Receiver<RelayState>,
    counts: Arc<Counts>,
}

/// The state of the relay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RelayState {
    /// The relay has not begun yet.
    Starting,
    /// Another process publishes for this database.
    Standby,
    /// The relay publishes nothing until somebody resumes it.
    Paused,
    /// The relay publishes.
    Publishing,
    /// RabbitMQ has no queue for the changes: the binding is missing.
    Unroutable,
    /// RabbitMQ is connected but takes no messages, for this reason.
    Blocked(String),
    /// The relay cannot publish now, for this reason; changes wait in the outbox.
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

    /// Wakes the relay after a commit.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// Returns the state of the relay.
    #[must_use]
    pub fn state(&self) -> RelayState {
        self.state.borrow().clone()
    }

    /// Returns the counters of the relay.
    #[must_use]
    pub fn counts(&self) -> RelayCounts {
        self.counts.now()
    }
}

impl RelayState {
    /// The names of all states.
    pub const NAMES: [&'static str; 7] =
        ["starting", "standby", "paused", "publishing", "unroutable", "blocked", "waiting"];

    /// Returns the state's name, as shown to people.
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

    /// Returns the explanation of the state, if there is one.
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

    /// Publishes the state to the handles, and logs it if it is new.
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
