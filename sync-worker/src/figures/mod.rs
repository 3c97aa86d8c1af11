//! The state of each direction, and its counters since the program began.

mod comparison;
mod counters;
mod delay;
mod histograms;
mod lag;
mod queues;
mod state;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use program_kit::http::metrics::Registry;
use schemars::JsonSchema;
use serde::Serialize;
use shared_models::names::QueueGeneration;
use shared_models::side::{Direction, Side};

use crate::breaker::Breaker;
use crate::lanes::Fate;
use crate::side_client::answer::Answer;
use crate::topology::{Depth, QueueKind};

use counters::RateCounts;

pub use comparison::Comparison;
pub use counters::{Counters, Rates, Results};
pub use delay::BatchInHand;
pub use histograms::Histograms;
pub use lag::{Lag, Lags, Quantiles};
pub use queues::{Queue, QueueFigures, QueueState, Queues};
pub use state::{Circuit, State, Waiting};

/// A direction as it is at one moment.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Direction")]
pub struct Snapshot {
    /// The direction's name.
    pub name: &'static str,
    /// The source.
    pub from: Side,
    /// The peer.
    pub to: Side,
    /// The name of the direction's state.
    pub state: &'static str,
    /// The reason for the state, if something is wrong.
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
    /// The metrics that only Prometheus reads.
    pub histograms: Histograms,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    state: State,
    /// The time since which the state has had this name.
    since: DateTime<Utc>,
    breaker: Circuit,
    in_use: Option<QueueGeneration>,
    sync: QueueFigures,
    parked: QueueFigures,
    leftover: Vec<String>,
    depth: Option<Waiting>,
    rates: RateCounts,
    lags: Lags,
    counters: Counters,
    comparison: Comparison,
    /// The time since which a batch has been in hand, if one is.
    batch_since: Option<Instant>,
}

impl Figures {
    /// Creates the figures of a direction that has done nothing yet. Its messages are dropped by
    /// these rules.
    #[must_use]
    pub fn new(
        direction: Direction,
        rules: impl Iterator<Item = &'static str>,
        registry: &Registry,
    ) -> Self {
        let inner = Inner {
            state: State::Connecting(None),
            since: Utc::now(),
            breaker: Circuit::default(),
            in_use: None,
            sync: QueueFigures::default(),
            parked: QueueFigures::default(),
            leftover: vec![],
            depth: None,
            rates: RateCounts::new(Instant::now()),
            lags: Lags::new(Instant::now()),
            counters: Counters::new(rules),
            comparison: Comparison::default(),
            batch_since: None,
        };
        let histograms = Histograms::new(direction.as_str(), registry);
        Self { direction, histograms, inner: Mutex::new(inner) }
    }

    /// Returns the figures of this moment.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let inner = &*self.lock();
        let Inner { state, breaker, in_use, sync, parked, depth, rates, counters, .. } = inner;
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
            rates: rates.per_second(Instant::now()),
            counters: counters.clone(),
            comparison: inner.comparison.clone(),
        }
    }

    /// Returns the time since which the direction's state has had its name.
    #[must_use]
    pub fn state_since(&self) -> DateTime<Utc> {
        self.lock().since
    }

    /// Returns the lag of the changes that were carried lately.
    #[must_use]
    pub fn lag(&self) -> Lag {
        self.lock().lags.at(Instant::now())
    }

    /// Records the lag of those changes of a request, made at these times, that the peer has
    /// committed before `now`.
    pub fn record_lag(
        &self,
        answer: &Answer,
        made: impl Iterator<Item = DateTime<Utc>>,
        now: DateTime<Utc>,
    ) {
        if let Answer::Processed(outcomes) = answer {
            let lags = histograms::lags(outcomes, made, now).collect::<Vec<_>>();
            self.histograms.record_lags(&lags);
            self.lock().lags.add(Instant::now(), lags);
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
    pub fn set_queues_in_use(&self, queues: QueueGeneration) {
        self.lock().in_use = Some(queues);
    }

    /// Returns the queues in use, once known.
    #[must_use]
    pub fn queues_in_use(&self) -> Option<QueueGeneration> {
        self.lock().in_use
    }

    /// Records the names of the queues of earlier generations that still exist.
    pub fn set_leftover(&self, queues: Vec<String>) {
        self.lock().leftover = queues;
    }

    /// Records that one of them was deleted.
    pub fn remove_leftover(&self, queue: &str) {
        self.lock().leftover.retain(|name| name != queue);
    }

    /// Records the state of a queue, and logs it if it is new.
    pub fn set_queue_state(&self, kind: QueueKind, state: QueueState) {
        let mut inner = self.lock();
        let queue = inner.queue(kind);
        let before = std::mem::replace(&mut queue.state, state);
        if before.as_str() == state.as_str() {
            return;
        }
        let (direction, queue) = (self.direction.as_str(), kind.as_str());
        match state.reason() {
            Some(reason) => {
                tracing::warn!(direction, queue, reason, "the queue is {}", state.as_str());
            }
            None => tracing::info!(direction, queue, "the queue is {}", state.as_str()),
        }
    }

    /// Records that a queue promptly answered a probe that was sent at `probed`.
    pub fn record_prompt_answer(&self, kind: QueueKind, probed: Instant) {
        self.lock().queue(kind).answered_promptly = Some(probed);
    }

    /// Returns whether a queue of the direction promptly answered a probe that was sent at this time
    /// or later.
    #[must_use]
    pub fn has_answered_since(&self, since: Instant) -> bool {
        let inner = self.lock();
        let answered = [inner.sync, inner.parked].map(|queue| queue.answered_promptly);
        answered.into_iter().flatten().any(|probed| probed >= since)
    }

    /// Records that a queue was replaced.
    pub fn count_replacement(&self, kind: QueueKind) {
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
            Some(reason) => tracing::warn!(direction, reason, "the direction is {name}"),
            None => tracing::info!(direction, "the direction is {name}"),
        }
        if inner.state.as_str() != name {
            inner.since = Utc::now();
        }
        inner.state = state;
    }

    /// Records the state of the circuit breaker.
    pub fn set_breaker(&self, breaker: &Breaker) {
        self.lock().breaker = Circuit::of(breaker, Instant::now(), Utc::now());
    }

    /// Records how many messages wait in the queues.
    pub fn set_depth(&self, depth: Depth) {
        self.lock().depth = Some(Waiting::of(depth, Utc::now()));
    }

    /// Returns whether the parked queue held messages when last counted.
    #[must_use]
    pub fn holds_parked(&self) -> bool {
        self.lock().depth.as_ref().is_some_and(|depth| depth.parked > 0)
    }

    /// Updates the progress of comparing.
    pub fn update_comparison(&self, change: impl FnOnce(&mut Comparison)) {
        change(&mut self.lock().comparison);
    }

    /// Counts a request that took this long, and the outcomes in its answer.
    pub fn count_request(&self, answer: &Answer, took: Duration) {
        self.histograms.record_request(answer, took);
        let counters = &mut self.lock().counters;
        counters.requests += 1;
        match answer {
            Answer::Processed(outcomes) => counters.results.add(outcomes),
            Answer::Refused(_) | Answer::Failed(_) | Answer::Unavailable(_) => {}
        }
    }

    /// Counts the messages of a settled batch by their fates.
    pub fn count_settled(&self, fates: &[Fate]) {
        self.histograms.record_batch(fates.len());
        let inner = &mut *self.lock();
        inner.counters.add(fates);
        inner.rates.add(Instant::now(), fates);
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
