//! The circuit breaker of one direction: decides whether its peer may get requests. Pure; the
//! instant is an argument.
//!
//! ```text
//!            so many failures in a row; or the peer
//!            is not ready, or says when to come back
//!   closed ────────────────────────────────▶ open ◀──┐
//!     ▲                                        │ time │ the peer is not ready
//!     │            the peer is ready           ▼      │
//!     └─────────────────────────────────── half-open ─┘
//! ```
//!
//! The breaker starts half-open: nothing is taken from the queue before the peer has reported that
//! it is ready.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use program_kit::backoff;

/// The rules for opening the breaker, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// The number of consecutive failures that opens it.
    pub failures: NonZeroU32,
    /// The shortest time that it stays open.
    pub min: Duration,
    /// The longest time that it stays open, reached after repeated failures.
    pub max: Duration,
    /// The longest `Retry-After` of the peer that is honoured.
    pub retry_after_max: Duration,
}

/// The state of the breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakerState {
    /// Changes are sent.
    Closed,
    /// Nothing is sent before this moment.
    Open {
        /// The moment at which the peer is probed again.
        until: Instant,
    },
    /// The peer's readiness is probed; nothing else is sent.
    HalfOpen,
}

impl BreakerState {
    /// The names of all states.
    pub const NAMES: [&'static str; 3] = ["closed", "open", "half-open"];

    /// Returns the state's name, as shown to people.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open { .. } => "open",
            Self::HalfOpen => "half-open",
        }
    }
}

/// The facts about a failure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Failure {
    /// The peer's readiness was probed, and it is not ready.
    pub is_not_ready: bool,
    /// The time after which the peer wants the next request, if it gave one.
    pub retry_after: Option<Duration>,
}

/// The step that follows a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// The breaker is still closed: the same request is sent again, after this time.
    TryAgain {
        /// The time to wait.
        after: Duration,
    },
    /// The breaker is open: the messages in hand are given back.
    GiveBack,
}

/// The number of times that each state was entered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Transitions {
    /// Times that the breaker opened.
    pub opened: u64,
    /// Times that the wait ended and the peer was probed.
    pub half_opened: u64,
    /// Times that the peer was ready.
    pub closed: u64,
}

/// The breaker of one direction.
#[derive(Clone, Debug)]
pub struct Breaker {
    policy: Policy,
    state: BreakerState,
    failures: u32,
    /// The number of waits since the peer last processed or refused a change. Readiness alone does
    /// not reset it: a peer that reports to be ready and processes nothing is tried less and less
    /// often.
    waits: u32,
    transitions: Transitions,
}

impl Breaker {
    /// Creates the breaker of a peer about which nothing is known.
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        let transitions = Transitions::default();
        Self { policy, state: BreakerState::HalfOpen, failures: 0, waits: 0, transitions }
    }

    /// Returns the state at this moment.
    pub fn at(&mut self, now: Instant) -> BreakerState {
        match self.state {
            BreakerState::Open { until } if until <= now => {
                self.transitions.half_opened += 1;
                self.state = BreakerState::HalfOpen;
            }
            BreakerState::Open { .. } | BreakerState::Closed | BreakerState::HalfOpen => {}
        }
        self.state
    }

    /// Records that the peer processed or refused a change, so it works.
    pub fn succeeded(&mut self) {
        self.waits = 0;
        self.close();
    }

    /// Records that the peer is ready.
    pub fn peer_became_ready(&mut self) {
        self.close();
    }

    /// Records that the peer processed nothing. `chance`, from 0 to 1, selects the wait between the
    /// shortest and the longest.
    pub fn failed(&mut self, now: Instant, failure: Failure, chance: f64) -> Next {
        let Policy { failures, min, max, retry_after_max } = self.policy;
        let Failure { is_not_ready, retry_after } = failure;
        self.failures = self.failures.saturating_add(1);
        let wait = backoff::wait(self.waits, min, max, chance);
        self.waits = self.waits.saturating_add(1);
        let opens = match self.state {
            // Repeating a request to a peer that hangs takes long; a probe does not.
            BreakerState::Closed => {
                is_not_ready || retry_after.is_some() || self.failures >= failures.get()
            }
            BreakerState::HalfOpen | BreakerState::Open { .. } => true,
        };
        if !opens {
            return Next::TryAgain { after: wait };
        }
        let asked_for = retry_after.unwrap_or_default().min(retry_after_max);
        self.state = BreakerState::Open { until: now + wait.max(asked_for) };
        self.transitions.opened += 1;
        Next::GiveBack
    }

    /// Returns the state as of the last call.
    #[must_use]
    pub const fn state(&self) -> BreakerState {
        self.state
    }

    /// Returns the number of consecutive failures.
    #[must_use]
    pub const fn failures(&self) -> u32 {
        self.failures
    }

    /// Returns how often each state was entered.
    #[must_use]
    pub const fn transitions(&self) -> Transitions {
        self.transitions
    }

    fn close(&mut self) {
        self.failures = 0;
        match self.state {
            BreakerState::Closed => {}
            BreakerState::Open { .. } | BreakerState::HalfOpen => {
                self.state = BreakerState::Closed;
                self.transitions.closed += 1;
            }
        }
    }
}

#[cfg(test)]
#[path = "breaker_tests.rs"]
mod tests;
