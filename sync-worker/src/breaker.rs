//! The circuit breaker of one direction: whether its peer may be asked anything. Pure; the instant
//! is an argument.
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
//! It begins half-open: nothing is taken from the queue before the peer has said that it is ready.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use service_kit::backoff;

/// When it opens, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// It opens after so many failures in a row.
    pub failures: NonZeroU32,
    /// It stays open for so long at the least.
    pub min: Duration,
    /// What it grows to from failure to failure.
    pub max: Duration,
    /// A peer that says when to come back is not believed beyond this.
    pub retry_after_max: Duration,
}

/// What may be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Changes are told.
    Closed,
    /// Nothing, before this moment.
    Open {
        /// When the peer is asked again.
        until: Instant,
    },
    /// The peer is asked whether it is ready; nothing else.
    HalfOpen,
}

impl State {
    /// The names of all states.
    pub const NAMES: [&'static str; 3] = ["closed", "open", "half-open"];

    /// The state's name, as a person reads it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open { .. } => "open",
            Self::HalfOpen => "half-open",
        }
    }
}

/// What is known of a failure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Failure {
    /// The peer was asked whether it is ready, and is not.
    pub is_not_ready: bool,
    /// After how long it wants to be asked again, if it said so.
    pub retry_after: Option<Duration>,
}

/// What follows from a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// It is closed still: the same again, after this.
    TryAgain {
        /// How long to wait.
        after: Duration,
    },
    /// It is open: what is in hand is given back.
    GiveBack,
}

/// How often each state was entered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Transitions {
    /// The peer was given up.
    pub opened: u64,
    /// The time had come to ask it.
    pub half_opened: u64,
    /// It was ready.
    pub closed: u64,
}

/// The breaker of one direction.
#[derive(Clone, Debug)]
pub struct Breaker {
    policy: Policy,
    state: State,
    failures: u32,
    /// How often it was waited since the peer last took or refused a change. To be ready is not
    /// enough: a peer that says so and takes nothing is to be asked less and less often.
    waits: u32,
    transitions: Transitions,
}

impl Breaker {
    /// One for a peer of which nothing is known.
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        let transitions = Transitions::default();
        Self { policy, state: State::HalfOpen, failures: 0, waits: 0, transitions }
    }

    /// What may be done at this moment.
    pub fn at(&mut self, now: Instant) -> State {
        match self.state {
            State::Open { until } if until <= now => {
                self.transitions.half_opened += 1;
                self.state = State::HalfOpen;
            }
            State::Open { .. } | State::Closed | State::HalfOpen => {}
        }
        self.state
    }

    /// The peer took or refused a change: it is well.
    pub fn succeeded(&mut self) {
        self.waits = 0;
        self.close();
    }

    /// The peer said that it is ready.
    pub fn is_ready(&mut self) {
        self.close();
    }

    /// The peer took nothing. `chance`, from 0 to 1, says where between the shortest and the
    /// longest wait.
    pub fn failed(&mut self, now: Instant, failure: Failure, chance: f64) -> Next {
        let Policy { failures, min, max, retry_after_max } = self.policy;
        let Failure { is_not_ready, retry_after } = failure;
        self.failures = self.failures.saturating_add(1);
        let wait = backoff::wait(self.waits, min, max, chance);
        self.waits = self.waits.saturating_add(1);
        let opens = match self.state {
            // To tell a peer again that hangs would take long; to ask whether it is ready does not.
            State::Closed => {
                is_not_ready || retry_after.is_some() || self.failures >= failures.get()
            }
            State::HalfOpen | State::Open { .. } => true,
        };
        if !opens {
            return Next::TryAgain { after: wait };
        }
        let asked_for = retry_after.unwrap_or_default().min(retry_after_max);
        self.state = State::Open { until: now + wait.max(asked_for) };
        self.transitions.opened += 1;
        Next::GiveBack
    }

    /// The state that it was last found in.
    #[must_use]
    pub const fn state(&self) -> State {
        self.state
    }

    /// How many failures there were in a row.
    #[must_use]
    pub const fn failures(&self) -> u32 {
        self.failures
    }

    /// How often each state was entered.
    #[must_use]
    pub const fn transitions(&self) -> Transitions {
        self.transitions
    }

    fn close(&mut self) {
        self.failures = 0;
        match self.state {
            State::Closed => {}
            State::Open { .. } | State::HalfOpen => {
                self.state = State::Closed;
                self.transitions.closed += 1;
            }
        }
    }
}

#[cfg(test)]
#[path = "breaker_tests.rs"]
mod tests;
