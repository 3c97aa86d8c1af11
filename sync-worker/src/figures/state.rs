//! The state of a direction, of its circuit breaker and of its backlog, as they are shown.

use std::time::Instant;

use chrono::{DateTime, SecondsFormat, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use crate::breaker::{self, Breaker};
use crate::topology::Depth;

/// The state of a direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// No connection to RabbitMQ yet, or something is missing there; the carrier retries.
    Connecting(Option<String>),
    /// A queue is missing, and the source is asked for an offer before the queue is declared.
    AskingForOffer(Option<String>),
    /// The peer processes no changes, for this reason; messages stay in the queue.
    WaitingForPeer(Option<String>),
    /// Messages are carried as they arrive.
    Consuming,
    /// The worker is stopping.
    Stopped,
}

impl State {
    /// The names of all states.
    pub const NAMES: [&'static str; 5] =
        ["connecting", "asking for an offer", "waiting for the peer", "consuming", "stopped"];

    /// Returns the state's name, as shown to people.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Connecting(_) => "connecting",
            Self::AskingForOffer(_) => "asking for an offer",
            Self::WaitingForPeer(_) => "waiting for the peer",
            Self::Consuming => "consuming",
            Self::Stopped => "stopped",
        }
    }

    /// Returns the reason for the state, if something is wrong.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Connecting(reason)
            | Self::AskingForOffer(reason)
            | Self::WaitingForPeer(reason) => reason.as_deref(),
            Self::Consuming | Self::Stopped => None,
        }
    }
}

/// A circuit breaker at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Circuit {
    /// `closed`, `open` or `half-open`; null before the peer was first asked.
    pub state: Option<&'static str>,
    /// The number of consecutive failures.
    pub failures: u32,
    /// The time of the next probe, while the breaker is open.
    pub next_try: Option<String>,
    /// Times that it opened.
    pub opened: u64,
    /// Times that it became half-open.
    pub half_opened: u64,
    /// Times that it closed.
    pub closed: u64,
}

impl Circuit {
    /// Returns `breaker` as it is shown at this instant, which is `date` by the wall clock.
    #[must_use]
    pub fn of(breaker: &Breaker, now: Instant, date: DateTime<Utc>) -> Self {
        let next_try = match breaker.state() {
            breaker::BreakerState::Open { until } => {
                Some(date + until.saturating_duration_since(now))
            }
            breaker::BreakerState::Closed | breaker::BreakerState::HalfOpen => None,
        };
        let transitions = breaker.transitions();
        Self {
            state: Some(breaker.state().as_str()),
            failures: breaker.failures(),
            next_try: next_try.map(|date| date.to_rfc3339_opts(SecondsFormat::Millis, true)),
            opened: transitions.opened,
            half_opened: transitions.half_opened,
            closed: transitions.closed,
        }
    }
}

/// The numbers of messages that were ready for delivery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Waiting {
    /// The number in the sync queue.
    pub queue: u32,
    /// The number in the parked queue, until the source takes them.
    pub parked: u32,
    /// The time of the count.
    pub at: String,
}

impl Waiting {
    /// Returns a depth, counted at this time, as it is shown.
    #[must_use]
    pub fn of(depth: Depth, at: DateTime<Utc>) -> Self {
        let Depth { queue, parked } = depth;
        Self { queue, parked, at: at.to_rfc3339_opts(SecondsFormat::Millis, true) }
    }
}

#[cfg(test)]
mod tests {
    use super::State::{AskingForOffer, Connecting, Consuming, Stopped, WaitingForPeer};
    use super::*;

    #[test]
    fn every_state_has_a_name_among_the_names() {
        let all =
            [Connecting(None), AskingForOffer(None), WaitingForPeer(None), Consuming, Stopped];
        assert_eq!(all.map(|state| state.as_str()), State::NAMES);
    }
}
