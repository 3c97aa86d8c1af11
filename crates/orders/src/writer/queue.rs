//! Group commit: writes that arrive while others are in progress wait in a queue, and are written
//! together next. A caller waits for the leader of its queue to write for it.
//!
//! Without that, concurrent edits of one order would all read it, and all but one would be written
//! in vain; one after the other, each would wait for the disk by itself. Correctness does not
//! depend on it: each write compares the version, because other processes write too. (For orders that
//! are created a bounded channel would do; edits need a queue for each order, and one mechanism is
//! simpler than two.)

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::hash::Hash;
use std::mem;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use service_kit::database::{Database, DatabaseError};
use service_kit::error::Error;
use tokio::sync::oneshot;

/// The most writes in one group.
const MAX_GROUP: usize = 50;

/// The queues of waiting writes (`W`), one for each key (`K`) that is being written.
pub struct WriteQueues<K, W>(Arc<Mutex<HashMap<K, Vec<W>>>>);

/// The leader's role in the queue of one key: the right to write, among those that share these
/// queues, and the duty to write everything that waits.
pub(super) struct Leader<K: Copy + Eq + Hash, W> {
    queues: WriteQueues<K, W>,
    pub(super) key: K,
    is_over: bool,
}

impl<K: Copy + Eq + Hash, W> WriteQueues<K, W> {
    /// Queues a write. If the key has no leader, the caller becomes the leader.
    pub(super) fn queue(&self, key: K, waiting: W) -> Option<Leader<K, W>> {
        match self.lock().entry(key) {
            Entry::Occupied(queue) => {
                queue.into_mut().push(waiting);
                None
            }
            Entry::Vacant(place) => {
                place.insert(vec![waiting]);
                Some(Leader { queues: self.clone(), key, is_over: false })
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, Vec<W>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Copy + Eq + Hash, W> Leader<K, W> {
    /// Returns the waiting writes, in the order of their arrival. If there are none, the role ends.
    pub(super) fn next(&mut self) -> Option<Vec<W>> {
        let mut queues = self.queues.lock();
        let Entry::Occupied(mut queue) = queues.entry(self.key) else { return None };
        if queue.get().is_empty() {
            queue.remove();
            self.is_over = true;
            return None;
        }
        let most = queue.get().len().min(MAX_GROUP);
        let rest = queue.get_mut().split_off(most);
        Some(mem::replace(queue.get_mut(), rest))
    }
}

impl<K: Copy + Eq + Hash, W> Drop for Leader<K, W> {
    /// Removes the queue if the leader ends early: its waiting callers then see their channels
    /// closed.
    fn drop(&mut self) {
        if !self.is_over {
            self.queues.lock().remove(&self.key);
        }
    }
}

impl<K, W> Default for WriteQueues<K, W> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K, W> Clone for WriteQueues<K, W> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K, W> fmt::Debug for WriteQueues<K, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WriteQueues").finish_non_exhaustive()
    }
}

/// The stage of a write in the queue.
const QUEUED: u8 = 0;
/// The stage of a write that has begun, or ended.
const BEGUN: u8 = 1;
/// The stage of a write whose caller gave up while it was in the queue: it is never written.
const ABANDONED: u8 = 2;

/// The writer's end: a caller who waits.
pub(super) struct OutcomeSender<T> {
    answer: oneshot::Sender<Result<T, Error>>,
    stage: Arc<AtomicU8>,
}

/// The caller's end: the answer that it waits for.
pub(super) struct OutcomeReceiver<T> {
    answered: oneshot::Receiver<Result<T, Error>>,
    stage: Arc<AtomicU8>,
}

/// Creates both ends.
pub(super) fn outcome_channel<T>() -> (OutcomeSender<T>, OutcomeReceiver<T>) {
    let (answer, answered) = oneshot::channel();
    let stage = Arc::new(AtomicU8::new(QUEUED));
    (OutcomeSender { answer, stage: Arc::clone(&stage) }, OutcomeReceiver { answered, stage })
}

/// Moves a stage on from the queue; returns the stage that results.
fn leave_queue(stage: &AtomicU8, next: u8) -> u8 {
    let taken = stage.compare_exchange(QUEUED, next, Ordering::AcqRel, Ordering::Acquire);
    taken.map_or_else(|current| current, |_| next)
}

impl<T> OutcomeSender<T> {
    /// Returns whether the caller still waits.
    pub(super) fn is_waiting(&self) -> bool {
        !self.answer.is_closed()
    }

    /// Begins the write, unless the caller has given up; returns whether it has begun.
    pub(super) fn begin(&self) -> bool {
        self.is_waiting() && leave_queue(&self.stage, BEGUN) == BEGUN
    }

    /// Sends the outcome to the caller, if it still waits.
    pub(super) fn answer(self, outcome: Result<T, Error>) {
        _ = self.answer.send(outcome);
    }
}

impl<T> OutcomeReceiver<T> {
    /// Returns the outcome, at the latest at the deadline of the database.
    pub(super) async fn wait(self, database: &Database) -> Result<T, Error> {
        let reason = match database.in_time(self.answered).await {
            Ok(Ok(outcome)) => return outcome,
            Ok(Err(_)) => "the service is stopping".to_owned(),
            Err(timeout) => timeout.to_string(),
        };
        Err(abandon(&self.stage, reason).into())
    }
}

/// Marks a write as abandoned by its caller, if it is still queued; returns the caller's error.
fn abandon(stage: &AtomicU8, reason: String) -> DatabaseError {
    match leave_queue(stage, ABANDONED) {
        ABANDONED => DatabaseError::Unavailable(reason),
        _ => DatabaseError::OutcomeUnknown(reason),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_leads_and_the_writes_of_the_others_are_its_to_do() {
        let queues = WriteQueues::default();
        let mut leader = queues.queue('a', 1).expect("the lead");
        assert!(queues.queue('a', 2).is_none());
        assert!(queues.queue('b', 3).is_some(), "of another one");
        assert_eq!(leader.next(), Some(vec![1, 2]));
        assert!(queues.queue('a', 4).is_none());
        assert_eq!(leader.next(), Some(vec![4]));
        assert!(leader.next().is_none());
        assert!(queues.queue('a', 5).is_some(), "its lead was over");
    }

    #[test]
    fn no_more_are_written_together_than_fit() {
        let queues = WriteQueues::default();
        let mut leader = queues.queue('a', 0).expect("the lead");
        for waiting in 1..=MAX_GROUP {
            assert!(queues.queue('a', waiting).is_none());
        }
        let sizes = std::iter::from_fn(|| leader.next()).map(|waiting| waiting.len());
        assert_eq!(sizes.collect::<Vec<_>>(), [MAX_GROUP, 1]);
    }

    #[test]
    fn a_leader_that_ends_early_leaves_nobody_waiting() {
        let (queues, someone) = (WriteQueues::default(), Arc::new(()));
        let leader = queues.queue('a', Arc::clone(&someone));
        queues.queue('a', Arc::clone(&someone));
        drop(leader);
        assert_eq!(Arc::strong_count(&someone), 1);
        assert!(queues.lock().is_empty());
    }

    #[test]
    fn a_write_that_its_caller_left_in_the_queue_does_not_begin() {
        let (caller, pending) = outcome_channel::<()>();
        let error = abandon(&pending.stage, "late".into());
        assert!(matches!(error, DatabaseError::Unavailable(_)), "{error:?}");
        assert!(!caller.begin());
    }

    #[test]
    fn a_write_that_has_begun_has_an_unknown_outcome_when_its_caller_leaves() {
        let (caller, pending) = outcome_channel::<()>();
        assert!(caller.begin());
        assert!(caller.begin(), "it may begin again");
        let error = abandon(&pending.stage, "late".into());
        assert!(matches!(error, DatabaseError::OutcomeUnknown(_)), "{error:?}");
    }
}
