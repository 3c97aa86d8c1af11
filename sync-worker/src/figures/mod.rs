//! How each direction is doing: its state, and what it has done since the program began.

mod counters;
mod state;

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use shared_models::site::{Direction, Site};

use crate::carrying::answer::Answer;
use crate::carrying::batch::Fate;

pub use counters::{Counters, Results};
pub use state::State;

/// A direction as it is at one moment.
#[derive(Clone, Debug, Serialize)]
pub struct Snapshot {
    /// Its name.
    pub name: &'static str,
    /// The source.
    pub from: Site,
    /// The peer.
    pub to: Site,
    /// What it is doing.
    pub state: &'static str,
    /// Why, where something is amiss.
    pub reason: Option<String>,
    /// What it has done.
    pub counters: Counters,
}

/// How one direction is doing.
#[derive(Debug)]
pub struct Figures {
    /// Which one.
    pub direction: Direction,
    inner: Mutex<(State, Counters)>,
}

impl Figures {
    /// Nothing has been done yet.
    #[must_use]
    pub fn new(direction: Direction) -> Self {
        Self { direction, inner: Mutex::new((State::Connecting(None), Counters::default())) }
    }

    /// How it is doing now.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let (state, counters) = &*self.lock();
        Snapshot {
            name: self.direction.as_str(),
            from: self.direction.from,
            to: self.direction.to(),
            state: state.as_str(),
            reason: state.reason().map(str::to_owned),
            counters: counters.clone(),
        }
    }

    /// Whether it carries what comes; so it does only while the peer was ready when last asked.
    #[must_use]
    pub fn is_consuming(&self) -> bool {
        self.lock().0 == State::Consuming
    }

    /// It is in this state now. Said once in the log.
    pub fn enter(&self, state: State) {
        let mut inner = self.lock();
        if inner.0 == state {
            return;
        }
        let (direction, name) = (self.direction.as_str(), state.as_str());
        match state.reason() {
            Some(reason) => tracing::warn!(direction, reason, "{name}"),
            None => tracing::info!(direction, "{name}"),
        }
        inner.0 = state;
    }

    /// A request was sent, and this came of it.
    pub fn requested(&self, answer: &Answer) {
        let counters = &mut self.lock().1;
        counters.requests += 1;
        match answer {
            Answer::Taken(outcomes) => counters.results.add(outcomes),
            Answer::Refused(_) | Answer::Away(_) => {}
        }
    }

    /// A batch was settled: this became of its messages.
    pub fn settled(&self, fates: &[Fate]) {
        self.lock().1.add(fates);
    }

    fn lock(&self) -> MutexGuard<'_, (State, Counters)> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
