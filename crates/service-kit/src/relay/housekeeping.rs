//! Housekeeping: what the active relay does besides publishing, in small steps on its own session.
//! The schedule of the steps is pure.
//!
//! All tasks together have a limit of records a second: with more than the worker carries, messages
//! would wait in RabbitMQ, and newer changes would wait behind them. They also have a limit of the
//! relay's time: where a step takes long, because others keep PostgreSQL busy, the rest after it is
//! longer too.

use std::fmt::Debug;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use diesel_async::AsyncPgConnection;
use futures_util::future::BoxFuture;

use crate::database::DatabaseError;

/// The interval of the tick: the relay looks for a pause, scans the whole outbox, and has its tasks
/// look for something to do.
const TICK: Duration = Duration::from_secs(1);

/// The rest after a step that changed no record.
const MIN_REST: Duration = Duration::from_millis(5);

/// The least rest after a step that failed.
const AFTER_FAILURE: Duration = Duration::from_millis(100);

/// The rest after a step, in times of what the step took: tasks take a fifth of the relay's time at
/// the most, during which changes wait.
const REST_FACTOR: u32 = 4;

/// The rest after a step that deleted what is old, in times of what the step took.
const DELETED_REST_FACTOR: u32 = 9;

/// Something that the active relay of a database does besides publishing.
pub trait Task: Debug + Send + Sync + 'static {
    /// Returns whether it adds so much to the outbox that it waits while the outbox cannot be emptied.
    fn waits_for_publishing(&self) -> bool;

    /// Takes the next step, in a transaction of its own. A failed statement is no error: the task
    /// logs it and has failed, and the session continues. An error ends the session.
    fn step<'a>(
        &'a self,
        session: &'a mut AsyncPgConnection,
        deadline: Duration,
    ) -> BoxFuture<'a, Result<TaskOutcome, DatabaseError>>;
}

/// The outcome of a step of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskOutcome {
    /// The task has nothing to do, or nothing that it can do now.
    Nothing,
    /// Events of this number of records were added to the outbox; there may be more to do.
    Offered {
        /// The number of records.
        records: usize,
    },
    /// Rows were deleted that nobody needs any more; there may be more. Nobody waits for that.
    Deleted,
    /// The step failed. Something else may be done instead, after a rest.
    Failed,
}

/// The time of the next step, and the task that takes it.
#[derive(Debug)]
pub(super) struct Schedule {
    tasks: Vec<Arc<dyn Task>>,
    /// The index of the task that comes first in the next step.
    first: usize,
    rate: NonZeroU32,
    tick: Option<Instant>,
    /// The time of the next step, while there is something to do.
    next: Option<Instant>,
    /// Set by others who give a task something to do.
    requested: Arc<AtomicBool>,
    /// Set while more changes wait in the outbox than one batch holds.
    is_behind: bool,
}

impl Schedule {
    pub(super) const fn new(
        tasks: Vec<Arc<dyn Task>>,
        rate: NonZeroU32,
        requested: Arc<AtomicBool>,
    ) -> Self {
        Self { tasks, first: 0, rate, tick: None, next: None, requested, is_behind: false }
    }

    /// Returns whether it is time for the tick.
    pub(super) fn is_tick_due(&self, now: Instant) -> bool {
        self.tick.is_none_or(|tick| tick <= now)
    }

    /// Records that the tick was taken.
    pub(super) fn ticked(&mut self, now: Instant) {
        self.tick = now.checked_add(TICK);
    }

    /// Records whether the outbox holds more changes than one batch.
    pub(super) const fn found(&mut self, is_behind: bool) {
        self.is_behind = is_behind;
    }

    /// Returns whether a step is due: with the tick, on request, and while there is something to do as
    /// the limits allow. An outbox that is behind leaves the tick alone.
    pub(super) fn is_step_due(&self, now: Instant, tick: bool) -> bool {
        match self.next {
            Some(next) => next <= now && (tick || !self.is_behind),
            None => tick || (self.requested.load(Ordering::Relaxed) && !self.is_behind),
        }
    }

    /// Begins a step; returns the tasks in the order in which they are asked, until one does
    /// something. The one that did something last comes last.
    pub(super) fn begin(&self, is_publishing: bool) -> Vec<(usize, Arc<dyn Task>)> {
        if is_publishing {
            self.requested.store(false, Ordering::Relaxed);
        }
        let count = self.tasks.len();
        let indices = (0..count).map(|offset| (self.first + offset) % count);
        let tasks = indices.map(|index| (index, Arc::clone(&self.tasks[index])));
        tasks.filter(|(_, task)| is_publishing || !task.waits_for_publishing()).collect()
    }

    /// Records the outcome of a step of the task with this index, from `began` to `now`.
    pub(super) fn stepped(
        &mut self,
        task: usize,
        began: Instant,
        now: Instant,
        outcome: TaskOutcome,
    ) {
        let rested = now.checked_add(now.duration_since(began) * REST_FACTOR);
        self.next = match outcome {
            TaskOutcome::Failed => rested.max(now.checked_add(AFTER_FAILURE)),
            TaskOutcome::Offered { records: 0 } => rested.max(now.checked_add(MIN_REST)),
            TaskOutcome::Offered { records } => {
                let records = u32::try_from(records).unwrap_or(u32::MAX);
                let share = Duration::from_secs(1) * records / self.rate.get();
                // Counted from the previous step's time, so that late steps do not lower the rate.
                let from = self.next.filter(|next| now.duration_since(*next) < share);
                rested.max(from.unwrap_or(now).checked_add(share))
            }
            TaskOutcome::Deleted => {
                let took = now.duration_since(began);
                now.checked_add((took * DELETED_REST_FACTOR).max(MIN_REST))
            }
            TaskOutcome::Nothing => None,
        };
        if outcome != TaskOutcome::Nothing {
            self.first = (task + 1) % self.tasks.len().max(1);
        }
    }

    /// Shortens a wait to end when the next step is due, unless a commit cannot end it.
    pub(super) fn shorten(&self, wait: Duration, may_be_woken: bool, now: Instant) -> Duration {
        match self.next {
            Some(next) if may_be_woken && !self.is_behind => {
                wait.min(next.saturating_duration_since(now))
            }
            Some(_) | None => wait,
        }
    }
}

#[cfg(test)]
#[path = "housekeeping_tests.rs"]
mod tests;
