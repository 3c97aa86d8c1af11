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
mod tests {
    use super::*;

    use TaskOutcome::{Deleted, Failed, Nothing, Offered};

    /// A task of which only its place in the schedule matters.
    #[derive(Debug)]
    struct Named {
        waits: bool,
    }

    impl Task for Named {
        fn waits_for_publishing(&self) -> bool {
            self.waits
        }

        fn step<'a>(
            &'a self,
            _: &'a mut AsyncPgConnection,
            _: Duration,
        ) -> BoxFuture<'a, Result<TaskOutcome, DatabaseError>> {
            Box::pin(async { Ok(Nothing) })
        }
    }

    fn schedule(rate: u32) -> Schedule {
        let task = |index| Arc::new(Named { waits: index == 1 }) as Arc<dyn Task>;
        let tasks = (0..3).map(task).collect();
        Schedule::new(tasks, NonZeroU32::new(rate).unwrap(), Arc::default())
    }

    fn order(schedule: &Schedule) -> Vec<usize> {
        schedule.begin(true).into_iter().map(|(index, _)| index).collect()
    }

    const LONG: Duration = Duration::from_millis(200);

    #[test]
    fn something_to_do_is_looked_for_with_the_tick_and_on_request() {
        let (mut schedule, now) = (schedule(1_000), Instant::now());
        assert!(schedule.is_tick_due(now));
        schedule.ticked(now);
        assert!(!schedule.is_tick_due(now + TICK / 2) && schedule.is_tick_due(now + TICK));
        assert!(!schedule.is_step_due(now, false) && schedule.is_step_due(now, true));
        schedule.requested.store(true, Ordering::Relaxed);
        schedule.found(true);
        assert!(!schedule.is_step_due(now, false), "what waits in the outbox comes first");
        schedule.found(false);
        assert!(schedule.is_step_due(now, false));
        schedule.begin(false);
        assert!(schedule.is_step_due(now, false), "a task that waits could not meet it");
        schedule.begin(true);
        schedule.stepped(0, now, now, Nothing);
        assert!(!schedule.is_step_due(now, false), "the request is met");
        assert_eq!(schedule.shorten(LONG, true, now), LONG);
    }

    #[test]
    fn a_task_that_did_something_comes_last_in_the_next_step() {
        let (mut schedule, now) = (schedule(1_000), Instant::now());
        assert_eq!(order(&schedule), [0, 1, 2]);
        schedule.stepped(1, now, now, Offered { records: 1 });
        assert_eq!(order(&schedule), [2, 0, 1]);
        schedule.stepped(2, now, now, Failed);
        assert_eq!(order(&schedule), [0, 1, 2]);
        schedule.stepped(2, now, now, Nothing);
        assert_eq!(order(&schedule), [0, 1, 2], "none did anything");
    }

    #[test]
    fn a_task_that_waits_for_publishing_is_passed_over_without_it() {
        let schedule = schedule(1_000);
        let asked = schedule.begin(false).into_iter().map(|(index, _)| index);
        assert_eq!(asked.collect::<Vec<_>>(), [0, 2]);
    }

    #[test]
    fn so_many_records_a_second_are_offered_also_where_steps_come_late() {
        let (mut schedule, begin) = (schedule(1_000), Instant::now());
        let (mut now, mut offered) = (begin, 0_u32);
        while offered < 10_000 {
            assert!(schedule.is_step_due(now, offered == 0));
            schedule.stepped(0, now, now, Offered { records: 100 });
            offered += 100;
            now += schedule.shorten(LONG, true, now) + Duration::from_millis(30);
        }
        let took = now - begin;
        assert!((9_900..=10_200).contains(&took.as_millis()), "{took:?}");
    }

    #[test]
    fn an_outbox_that_is_behind_has_a_task_go_on_with_the_tick_only() {
        let (mut schedule, now) = (schedule(1_000), Instant::now());
        schedule.stepped(0, now, now, Offered { records: 100 });
        schedule.found(true);
        let later = now + TICK;
        assert!(!schedule.is_step_due(later, false) && schedule.is_step_due(later, true));
        assert_eq!(schedule.shorten(LONG, true, later), LONG);
        schedule.found(false);
        assert!(schedule.is_step_due(later, false) && !schedule.is_step_due(now, true));
    }

    #[test]
    fn tasks_take_a_fifth_of_the_relays_time_at_the_most() {
        for outcome in [Offered { records: 0 }, Offered { records: 100 }] {
            let (mut schedule, begin) = (schedule(1_000_000), Instant::now());
            let (mut now, mut stepping) = (begin, Duration::ZERO);
            while now < begin + Duration::from_secs(100) {
                assert!(schedule.is_step_due(now, stepping.is_zero()));
                let took = Duration::from_millis(40);
                schedule.stepped(0, now, now + took, outcome);
                stepping += took;
                now += took;
                now += schedule.shorten(LONG, true, now);
            }
            assert!((18..=20).contains(&stepping.as_secs()), "{outcome:?}: {stepping:?}");
        }
    }

    #[test]
    fn deleting_what_is_old_takes_a_tenth_of_the_relays_time() {
        let (mut schedule, now) = (schedule(1), Instant::now());
        let took = Duration::from_millis(20);
        schedule.stepped(2, now, now + took, Deleted);
        assert!(!schedule.is_step_due(now + took * 9, true));
        assert!(schedule.is_step_due(now + took * 10, false));
        assert_eq!(order(&schedule), [0, 1, 2], "it comes last in the next step");
    }

    #[test]
    fn a_step_that_failed_is_followed_by_a_rest_that_the_tick_does_not_cut_short() {
        let (mut schedule, now) = (schedule(1_000), Instant::now());
        let long = Duration::from_secs(3);
        schedule.stepped(0, now, now + long, Failed);
        assert!(!schedule.is_step_due(now + long * 4, true));
        assert!(schedule.is_step_due(now + long * 5, true));
        assert_eq!(order(&schedule), [1, 2, 0], "another one comes first");
    }

    #[test]
    fn a_back_off_is_not_cut_short() {
        let (mut schedule, now) = (schedule(1_000), Instant::now());
        schedule.stepped(0, now, now, Failed);
        assert_eq!(schedule.shorten(LONG, false, now), LONG);
        assert_eq!(schedule.shorten(LONG, true, now), AFTER_FAILURE);
        assert_eq!(schedule.shorten(LONG, true, now + AFTER_FAILURE), Duration::ZERO);
    }
}
