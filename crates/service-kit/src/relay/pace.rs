//! The wait before the next step, and the batch size. Pure.

use std::time::Duration;

use program_kit::{backoff, batching};

/// The wait while another process is active, before its lock is tried again.
const STANDBY: Duration = Duration::from_secs(1);
/// The longest wait after a failure: a recovery is noticed within this time.
const MAX_BACKOFF: Duration = Duration::from_secs(1);

/// The number of changes by which the batch size grows.
const GROWTH: u16 = 10;

/// A wait, and whether a commit in this process ends it, once the least time has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wait {
    pub(super) at_least: Duration,
    pub(super) at_most: Duration,
    pub(super) may_be_woken: bool,
}

impl Wait {
    /// Returns the wait with an earlier end, but not before its least time.
    pub(super) fn ending_within(self, at_most: Duration) -> Self {
        Self { at_most: at_most.max(self.at_least), ..self }
    }
}

/// The polling interval: it grows while the outbox is quiet, and from failure to failure.
#[derive(Debug)]
pub(super) struct Pace {
    min: Duration,
    max: Duration,
    quiet: Duration,
    failures: u32,
    found: usize,
}

impl Pace {
    pub(super) const fn new(min: Duration, max: Duration) -> Self {
        Self { min, max, quiet: min, failures: 0, found: 0 }
    }

    /// Records the number of changes that were found.
    pub(super) const fn found(&mut self, count: usize) {
        self.found = count;
    }

    /// Returns no wait: there may be more changes.
    pub(super) const fn busy(&mut self) -> Wait {
        self.quiet = self.min;
        Wait { may_be_woken: true, ..wait(Duration::ZERO) }
    }

    /// Records that a batch is confirmed.
    pub(super) const fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// Returns the wait while all changes are in flight. It is not known yet whether publishing
    /// works.
    pub(super) fn in_flight(&mut self) -> Wait {
        let at_least = batching::delay(self.found);
        let at_most = self.quiet.max(at_least);
        self.quiet = (self.quiet * 2).min(self.max);
        Wait { at_least, at_most, may_be_woken: true }
    }

    /// Returns the wait after an empty read: longer each time.
    pub(super) fn idle(&mut self) -> Wait {
        self.failures = 0;
        self.in_flight()
    }

    /// Returns the wait while the side is paused: a commit does not end it. In-flight batches are
    /// confirmed meanwhile.
    pub(super) const fn paused(&mut self) -> Wait {
        self.failures = 0;
        rest(self.max)
    }

    /// Returns the wait while RabbitMQ takes no messages: a commit does not end it either, but
    /// batches sent before may be confirmed, and an unblocked RabbitMQ is soon noticed.
    pub(super) fn blocked(&self) -> Wait {
        rest(self.max.min(MAX_BACKOFF))
    }

    /// Returns the wait while another process is active.
    pub(super) const fn standby(&mut self) -> Wait {
        self.failures = 0;
        wait(STANDBY)
    }

    /// Returns the wait after a failure: longer each time, with jitter, so that many do not retry
    /// at once.
    pub(super) fn failed(&mut self, chance: f64) -> Wait {
        let at_most = backoff::wait(self.failures, self.min, MAX_BACKOFF, chance);
        self.failures = self.failures.saturating_add(1);
        wait(at_most)
    }
}

/// Returns a wait that no commit ends, but the outcome of an in-flight batch may.
const fn rest(time: Duration) -> Wait {
    Wait { at_least: time, at_most: time, may_be_woken: true }
}

/// Returns a wait that nothing ends early.
const fn wait(at_most: Duration) -> Wait {
    Wait { at_least: Duration::ZERO, at_most, may_be_woken: false }
}

/// The batch size. Changes that RabbitMQ cannot confirm in time are published again; with an
/// unchanged size, that would never end, and would also fill the queue.
#[derive(Debug)]
pub(super) struct BatchSize {
    most: u16,
    now: u16,
}

impl BatchSize {
    pub(super) const fn new(most: u16) -> Self {
        Self { most, now: most }
    }

    pub(super) const fn now(&self) -> u16 {
        self.now
    }

    /// Returns whether the size is at its maximum; otherwise only one batch is in flight at a time.
    pub(super) const fn is_full(&self) -> bool {
        self.now == self.most
    }

    /// Halves the size: a batch was not confirmed in time.
    pub(super) fn halve(&mut self) {
        self.now = (self.now / 2).max(1);
    }

    /// Grows the size: a batch was confirmed.
    pub(super) fn grow(&mut self) {
        self.now = self.now.saturating_add(GROWTH).min(self.most);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIN: Duration = Duration::from_millis(5);
    const MAX: Duration = Duration::from_millis(200);

    #[test]
    fn reads_become_rarer_while_it_is_quiet_and_frequent_again_after_work() {
        let mut pace = Pace::new(MIN, MAX);
        let waits = (0..8).map(|_| pace.idle().at_most.as_millis()).collect::<Vec<_>>();
        assert_eq!(waits, [5, 10, 20, 40, 80, 160, 200, 200]);
        assert_eq!(pace.busy().at_most, Duration::ZERO);
        assert_eq!(pace.idle().at_most, MIN);
    }

    #[test]
    fn failures_wait_longer_each_time_but_never_over_a_second() {
        let mut pace = Pace::new(MIN, MAX);
        let waits = (0..20).map(|_| pace.failed(1.0).at_most).collect::<Vec<_>>();
        assert!(waits.is_sorted() && waits[0] == MIN && waits[19] == MAX_BACKOFF, "{waits:?}");
        pace.busy();
        pace.in_flight();
        assert_eq!(pace.failed(1.0).at_most, MAX_BACKOFF, "nothing of that is a success yet");
        pace.succeeded();
        assert_eq!(pace.failed(1.0).at_most, MIN);
    }

    #[test]
    fn a_commit_cuts_neither_a_back_off_nor_a_pause_short() {
        let mut pace = Pace::new(MIN, MAX);
        assert!(!pace.failed(0.5).may_be_woken && !pace.standby().may_be_woken);
        for resting in [pace.paused(), pace.blocked()] {
            assert_eq!((resting.at_least, resting.at_most), (MAX, MAX));
        }
        let slow = Pace::new(MIN, MAX_BACKOFF * 10);
        assert_eq!(slow.blocked().at_most, MAX_BACKOFF, "the release is noticed soon");
        assert!(pace.idle().may_be_woken);
    }

    #[test]
    fn a_step_of_a_task_that_is_due_does_not_end_the_rest_of_a_relay_that_is_paused_or_blocked() {
        let mut pace = Pace::new(MIN, MAX);
        for resting in [pace.paused(), pace.blocked()] {
            assert_eq!(resting.ending_within(Duration::ZERO), resting);
        }
        assert_eq!(pace.idle().ending_within(Duration::ZERO).at_most, Duration::ZERO);
    }

    #[test]
    fn the_batch_size_halves_down_to_one_and_grows_again_to_the_most() {
        let mut size = BatchSize::new(25);
        let halves = (0..6).map(|_| (size.halve(), size.now()).1);
        assert_eq!(halves.collect::<Vec<_>>(), [12, 6, 3, 1, 1, 1]);
        let grown = (0..4).map(|_| (size.grow(), size.now()).1);
        assert_eq!(grown.collect::<Vec<_>>(), [11, 21, 25, 25]);
    }
}
