//! The handle to the relay: its state, its counters, and how the rest of the program wakes it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::sync::{Notify, watch};

use super::answers::BatchOutcome;

/// A handle to the relay for the rest of the program.
#[derive(Clone, Debug)]
pub struct RelayHandle {
    wake: Arc<Notify>,
    tasks_requested: Arc<AtomicBool>,
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
        tasks_requested: Arc<AtomicBool>,
        state: watch::Receiver<RelayState>,
        counts: Arc<Counts>,
    ) -> Self {
        Self { wake, tasks_requested, state, counts }
    }

    /// Wakes the relay after a commit.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// Wakes the relay after a commit that gives one of its tasks something to do. The relay of another
    /// process finds that with its next tick.
    pub fn wake_tasks(&self) {
        self.tasks_requested.store(true, Ordering::Relaxed);
        self.wake();
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
            Self::Standby => Some("another process is publishing for this database"),
            Self::Paused => Some("paused until POST /v1/relay/resume"),
            Self::Unroutable => {
                Some("no queue is bound to the exchange; the sync worker binds it when it runs")
            }
            Self::Blocked(reason) | Self::Waiting(reason) => Some(reason),
        }
    }

    /// Publishes the state to the handles, and logs it if it is new.
    pub(super) fn report_to(self, state: &watch::Sender<Self>) {
        state.send_if_modified(|current| {
            if *current == self {
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
            *current = self;
            true
        });
    }
}

/// The counters of a relay.
#[derive(Debug, Default)]
pub(super) struct Counts {
    confirmed: AtomicU64,
    returned: AtomicU64,
    refused: AtomicU64,
}

/// The counters of a relay at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RelayCounts {
    /// Changes that RabbitMQ has confirmed.
    pub confirmed: u64,
    /// Changes that RabbitMQ returned because no queue was bound for them.
    pub returned: u64,
    /// Changes that RabbitMQ refused.
    pub refused: u64,
}

impl Counts {
    pub(super) fn add(&self, outcome: &BatchOutcome) {
        let add = |counter: &AtomicU64, count: usize| {
            counter.fetch_add(u64::try_from(count).unwrap_or(u64::MAX), Ordering::Relaxed);
        };
        add(&self.confirmed, outcome.confirmed.len());
        add(&self.returned, outcome.returned);
        add(&self.refused, outcome.refused);
    }

    pub(super) fn now(&self) -> RelayCounts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        RelayCounts {
            confirmed: read(&self.confirmed),
            returned: read(&self.returned),
            refused: read(&self.refused),
        }
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
