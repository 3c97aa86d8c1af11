//! A direction's circuit breaker, as it is shown.

use std::time::Instant;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

use crate::breaker::{Breaker, State};

/// A circuit breaker at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Circuit {
    /// `closed`, `open` or `half-open`.
    pub state: &'static str,
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

impl Default for Circuit {
    /// Returns the circuit of a peer about which nothing is known.
    fn default() -> Self {
        let state = State::HalfOpen.as_str();
        Self { state, failures: 0, next_try: None, opened: 0, half_opened: 0, closed: 0 }
    }
}

impl Circuit {
    /// Returns `breaker` as it is shown at this instant, which is `date` by the wall clock.
    #[must_use]
    pub fn of(breaker: &Breaker, now: Instant, date: DateTime<Utc>) -> Self {
        let next_try = match breaker.state() {
            State::Open { until } => Some(date + until.saturating_duration_since(now)),
            State::Closed | State::HalfOpen => None,
        };
        let transitions = breaker.transitions();
        Self {
            state: breaker.state().as_str(),
            failures: breaker.failures(),
            next_try: next_try.map(|date| date.to_rfc3339_opts(SecondsFormat::Millis, true)),
            opened: transitions.opened,
            half_opened: transitions.half_opened,
            closed: transitions.closed,
        }
    }
}
