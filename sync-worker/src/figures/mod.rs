//! How each direction is doing: its state, and what it has done since the program began.

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
use shared_models::site::{Direction, Site};

use crate::breaker::Breaker;
use crate::carrying::batch::Fate;
use crate::site_client::answer::Answer;
use crate::topology::{Depth, QueueKind};

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
    /// Its circuit breaker.
    pub breaker: Circuit,
    /// Its queues.
    pub queues: Queues,
    /// What waits in its queues, once that is known.
    pub depth: Option<Waiting>,
    /// How fast it is.
    pub rates: Rates,
    /// What it has done.
    pub counters: Counters,
    /// How far the two sites have been compared.
    pub comparison: Comparison,
}

/// How one direction is doing.
#[derive(Debug)]
pub struct Figures {
    /// Which one.
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
    depth: Option<Waiting>,
    pace: Pace,
    counters: Counters,
    comparison: Comparison,
}

impl Figures {
    /// Nothing has been done yet.
    #[must_use]
    pub fn new(direction: Direction) -> Self {
        let (breaker, counters) = (Circuit::default(), Counters::default());
        let (state, pace) = (State::Connecting(None), Pace::new(Instant::now()));
        let (in_use, depth, comparison) = (None, None, Comparison::default());
        let (sync, parked) = (QueueFigures::default(), QueueFigures::default());
        let inner =
            Inner { state, breaker, in_use, sync, parked, depth, pace, counters, comparison };
        Self { direction, inner: Mutex::new(inner) }
    }

    /// How it is doing now.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let inner = &*self.lock();
        let Inner { state, breaker, in_use, sync, parked, depth, pace, counters, comparison } =
            inner;
        let queue = |kind, figures: &QueueFigures| Queue::of(kind, *in_use, *figures);
        let (sync, parked) = (queue(QueueKind::Sync, sync), queue(QueueKind::Parked, parked));
        Snapshot {
            name: self.direction.as_str(),
            from: self.direction.from,
            to: self.direction.to(),
            state: state.as_str(),
            reason: state.reason().map(str::to_owned),
            breaker: breaker.clone(),
            queues: Queues { sync, parked },
            depth: depth.clone(),
            rates: pace.rates(Instant::now()),
            counters: counters.clone(),
            comparison: comparison.clone(),
        }
    }

    /// Whether it carries what comes; so it does only while the peer was ready when last asked, and
    /// its queue answers.
    #[must_use]
    pub fn is_consuming(&self) -> bool {
        let inner = self.lock();
        let queue_answers = match inner.sync.state {
            QueueState::Unknown | QueueState::Answering => true,
            QueueState::Silent(_) | QueueState::Replacing(_) => false,
        };
        inner.state == State::Consuming && queue_answers
    }

    /// These queues are in use now.
    pub fn uses(&self, queues: QueueGeneration) {
        self.lock().in_use = Some(queues);
    }

    /// Which queues are in use, once that is known.
    #[must_use]
    pub fn queues_in_use(&self) -> Option<QueueGeneration> {
        self.lock().in_use
    }

    /// A queue of it is so now. Said in the log where that is new.
    pub fn queue_is(&self, kind: QueueKind, state: QueueState) {
        let mut inner = self.lock();
        let queue = inner.queue(kind);
        let before = std::mem::replace(&mut queue.state, state);
        if before.as_str() == state.as_str() {
            return;
        }
        let (direction, queue) = (self.direction.as_str(), kind.as_str());
        match state.reason() {
            Some(reason) => tracing::warn!(direction, queue, reason, "the queue is silent"),
            None => tracing::info!(direction, queue, "the queue's state: {}", state.as_str()),
        }
    }

    /// A queue of it was replaced.
    pub fn queue_replaced(&self, kind: QueueKind) {
        let mut inner = self.lock();
        let queue = inner.queue(kind);
        queue.replaced += 1;
        queue.state = QueueState::Unknown;
    }

    /// It is in this state now. Said once in the log.
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

    /// Its circuit breaker is so now.
    pub fn breaker(&self, breaker: &Breaker) {
        self.lock().breaker = Circuit::of(breaker, Instant::now(), Utc::now());
    }

    /// So many messages wait in its queues now.
    pub fn depth(&self, depth: Depth) {
        self.lock().depth = Some(Waiting::of(depth, Utc::now()));
    }

    /// Whether something was in its parked queue when that was last counted.
    #[must_use]
    pub fn holds_parked(&self) -> bool {
        self.lock().depth.as_ref().is_some_and(|depth| depth.parked > 0)
    }

    /// Whether it carries, and at most so many messages wait; else the reason.
    pub fn is_calm(&self, most: u32) -> Result<(), String> {
        let inner = self.lock();
        match (&inner.state, &inner.depth) {
            (State::Consuming, Some(depth)) if depth.queue <= most => Ok(()),
            (State::Consuming, Some(depth)) => {
                Err(format!("{} messages wait in the sync queue", depth.queue))
            }
            (State::Consuming, None) => Err("what waits is not counted yet".to_owned()),
            (state, _) => Err(format!("the direction is {}", state.as_str())),
        }
    }

    /// Changes what is known of how far the sites have been compared.
    pub fn comparison(&self, change: impl FnOnce(&mut Comparison)) {
        change(&mut self.lock().comparison);
    }

    /// A request was sent, and this came of it.
    pub fn requested(&self, answer: &Answer) {
        let counters = &mut self.lock().counters;
        counters.requests += 1;
        match answer {
            Answer::Taken(outcomes) => counters.results.add(outcomes),
            Answer::Refused(_) | Answer::Failed(_) | Answer::Away(_) => {}
        }
    }

    /// A batch was settled: this became of its messages.
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
