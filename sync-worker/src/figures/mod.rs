//! The state of each direction, and its counters since the program began.

mod calm;
mod circuit;
mod comparison;
mod counters;
mod pace;
mod queues;
mod rate;
mod state;
mod waiting;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use chrono::Utc;
use serde::Serialize;
use shared_models::names::QueueGeneration;
use shared_models::side::{Direction, Side};

use crate::breaker::Breaker;
use crate::carrying::batch::Fate;
use crate::side_client::answer::Answer;
use crate::topology::{Depth, QueueKind};

pub use calm::InHand;
pub use circuit::Circuit;
pub use comparison::Comparison;
pub use counters::{Counters, Results};
pub use pace::{Pace, Rates};
pub use queues::{Queue, QueueFigures, QueueState, Queues};
pub use state::State;
pub use waiting::Waiting;

/// A direction as it is at one moment.
#[derive(Clone, Debug, Serialize)]
pub struct Snapshot {
    /// The direction's name.
    pub name: &'static str,
    /// The source.
    pub from: Side,
    /// The peer.
    pub to: Side,
    /// The name of the direction's state.
    pub state: &'static str,
    /// The reason for the state, if something is amiss.
    pub reason: Option<String>,
    /// The peer's circuit breaker.
    pub breaker: Circuit,
    /// The direction's queues.
    pub queues: Queues,
    /// The messages that wait in the queues, once counted.
    pub depth: Option<Waiting>,
    /// The rates over the last ten seconds.
    pub rates: Rates,
    /// The counters since the program began.
    pub counters: Counters,
    /// The progress of comparing the two sides.
    pub comparison: Comparison,
}

/// The current state and the counters of one direction.
#[derive(Debug)]
pub struct Figures {
    /// The direction.
    pub direction: Direction,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    state: State,
    breaker: Circuit,
    in_use: Option<QueueGeneration>,
    sync: QueueFigures,
    parked: QueueFigures,
    leftover: Vec<String>,
    depth: Option<Waiting>,
    pace: Pace,
    counters: Counters,
    comparison: Comparison,
    /// The time since which the oldest batch that is not settled has been in hand.
    in_hand: Option<Instant>,
}

impl Figures {
    /// Creates the figures of a direction that has done nothing yet.
    #[must_use]
    pub fn new(direction: Direction) -> Self {
        let (breaker, counters) = (Circuit::default(), Counters::default());
        let (state, pace) = (State::Connecting(None), Pace::new(Instant::now()));
        let (in_use, depth, comparison) = (None, None, Comparison::default());
        let (sync, parked) = (QueueFigures::default(), QueueFigures::default());
        let (leftover, in_hand) = (vec![], None);
        let inner = Inner {
            state,
            breaker,
            in_use,
            sync,
            parked,
            leftover,
            depth,
            pace,
            counters,
            comparison,
            in_hand,
        };
        Self { direction, inner: Mutex::new(inner) }
    }

    /// Returns the figures of this moment.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let inner = &*self.lock();
        let Inner { state, breaker, in_use, sync, parked, depth, pace, counters, .. } = inner;
        let queue = |kind, figures: &QueueFigures| Queue::of(kind, *in_use, *figures);
        let (sync, parked) = (queue(QueueKind::Sync, sync), queue(QueueKind::Parked, parked));
        Snapshot {
            name: self.direction.as_str(),
            from: self.direction.from,
            to: self.direction.to(),
            state: state.as_str(),
            reason: state.reason().map(str::to_owned),
            breaker: breaker.clone(),
            queues: Queues { sync, parked, leftover: inner.leftover.clone() },
            depth: depth.clone(),
            rates: pace.rates(Instant::now()),
            counters: counters.clone(),
            comparison: inner.comparison.clone(),
        }
    }

    /// Returns whether the direction carries messages: its peer was ready when last asked, and its
    /// sync queue answers.
    #[must_use]
    pub fn is_consuming(&self) -> bool {
        let inner = self.lock();
        let queue_answers = match inner.sync.state {
            // The carrier itself finds out that a queue is missing.
            QueueState::Unknown | QueueState::Answering | QueueState::Missing => true,
            QueueState::Silent(_) | QueueState::AllSilent(_) | QueueState::Replacing(_) => false,
        };
        inner.state == State::Consuming && queue_answers
    }

    /// Records the queues in use.
    pub fn uses(&self, queues: QueueGeneration) {
        self.lock().in_use = Some(queues);
    }

    /// Returns the queues in use, once known.
    #[must_use]
    pub fn queues_in_use(&self) -> Option<QueueGeneration> {
        self.lock().in_use
    }

    /// Records the names of the queues of earlier generations that still exist.
    pub fn leftover(&self, queues: Vec<String>) {
        self.lock().leftover = queues;
    }

    /// Records that one of them is deleted.
    pub fn leftover_deleted(&self, queue: &str) {
        self.lock().leftover.retain(|name| name != queue);
    }

    /// Records the state of a queue, and logs it if it is new.
    pub fn queue_is(&self, kind: QueueKind, state: QueueState) {
        let mut inner = self.lock();
        let queue = inner.queue(kind);
        let before = std::mem::replace(&mut queue.state, state);
        if before.as_str() == state.as_str() {
            return;
        }
        let (direction, queue) = (self.direction.as_str(), kind.as_str());
        match state.reason() {
            Some(reason) => {
                tracing::warn!(direction, queue, reason, "the queue's state: {}", state.as_str());
            }
            None => tracing::info!(direction, queue, "the queue's state: {}", state.as_str()),
        }
    }

    /// Records that a queue promptly answered a question that was asked at `asked`.
    pub fn queue_answered(&self, kind: QueueKind, asked: Instant) {
        self.lock().queue(kind).prompt = Some(asked);
    }

    /// Returns whether a queue of the direction promptly answered a question that was asked at this
    /// time or later.
    #[must_use]
    pub fn has_answered_since(&self, since: Instant) -> bool {
        let inner = self.lock();
        [&inner.sync, &inner.parked].iter().any(|queue| queue.prompt.is_some_and(|at| at >= since))
    }

    /// Records that a queue was replaced.
    pub fn queue_replaced(&self, kind: QueueKind) {
        let mut inner = self.lock();
        let queue = inner.queue(kind);
        queue.replaced += 1;
        queue.state = QueueState::Unknown;
    }

    /// Records the direction's state, and logs it if it is new.
    pub fn enter(&self, state: State) {
        let mut inner = self.lock();
        if inner.state == state {
            return;
        }
        let (direction, name) = (self.direction.as_str(), state.as_str());
        match state.reason() {
            Some(reason) => tracing::warn!(direction, reason, "{name}"),
            None => tracing::info!(direction, "{name}"),
        }
        inner.state = state;
    }

    /// Records the state of the circuit breaker.
    pub fn breaker(&self, breaker: &Breaker) {
        self.lock().breaker = Circuit::of(breaker, Instant::now(), Utc::now());
    }

    /// Records how many messages wait in the queues.
    pub fn depth(&self, depth: Depth) {
        self.lock().depth = Some(Waiting::of(depth, Utc::now()));
    }

    /// Returns whether the parked queue held messages when last counted.
    #[must_use]
    pub fn holds_parked(&self) -> bool {
        self.lock().depth.as_ref().is_some_and(|depth| depth.parked > 0)
    }

    /// Updates the progress of comparing.
    pub fn comparison(&self, change: impl FnOnce(&mut Comparison)) {
        change(&mut self.lock().comparison);
    }

    /// Counts a request, and the outcomes in its answer.
    pub fn requested(&self, answer: &Answer) {
        let counters = &mut self.lock().counters;
        counters.requests += 1;
        match answer {
            Answer::Taken(outcomes) => counters.results.add(outcomes),
            Answer::Refused(_) | Answer::Failed(_) | Answer::Away(_) => {}
        }
    }

    /// Counts the messages of a settled batch by their fates.
    pub fn settled(&self, fates: &[Fate]) {
        let inner = &mut *self.lock();
        inner.counters.add(fates);
        inner.pace.add(Instant::now(), fates);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    const fn queue(&mut self, kind: QueueKind) -> &mut QueueFigures {
        match kind {
            QueueKind::Sync => &mut self.sync,
            QueueKind::Parked => &mut self.parked,
        }
    }
}
