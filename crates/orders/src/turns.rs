//! Group commit: writes that arrive while others are in progress wait, and are written together
//! next.
//!
//! Without that, concurrent edits of one order would all read it, and all but one would be written
//! in vain; one after the other, each would wait for the disk by itself. Correctness does not
//! depend on it: each write compares the version, because other processes write too.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::hash::Hash;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The most writes in one group.
const MOST: usize = 50;

/// The queues of waiting writes (`W`), one for each key (`K`) that is being written.
pub struct Turns<K, W>(Arc<Mutex<HashMap<K, Vec<W>>>>);

/// The leader's role in the queue of one key: the right to write, among those that share these
/// queues, and the duty to write everything that waits.
pub(super) struct Turn<K: Copy + Eq + Hash, W> {
    turns: Turns<K, W>,
    pub(super) key: K,
    is_over: bool,
}

impl<K: Copy + Eq + Hash, W> Turns<K, W> {
    /// Queues a write. If the key has no leader, the caller becomes the leader.
    pub(super) fn queue(&self, key: K, waiting: W) -> Option<Turn<K, W>> {
        match self.lock().entry(key) {
            Entry::Occupied(queue) => {
                queue.into_mut().push(waiting);
                None
            }
            Entry::Vacant(place) => {
                place.insert(vec![waiting]);
                Some(Turn { turns: self.clone(), key, is_over: false })
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, Vec<W>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Copy + Eq + Hash, W> Turn<K, W> {
    /// Returns the waiting writes, in the order of their arrival. If there are none, the role ends.
    pub(super) fn next(&mut self) -> Option<Vec<W>> {
        let mut turns = self.turns.lock();
        let Entry::Occupied(mut queue) = turns.entry(self.key) else { return None };
        if queue.get().is_empty() {
            queue.remove();
            self.is_over = true;
            return None;
        }
        let most = queue.get().len().min(MOST);
        let rest = queue.get_mut().split_off(most);
        Some(mem::replace(queue.get_mut(), rest))
    }
}

impl<K: Copy + Eq + Hash, W> Drop for Turn<K, W> {
    /// Removes the queue if the leader ends early: its waiting callers then see their channels
    /// closed.
    fn drop(&mut self) {
        if !self.is_over {
            self.turns.lock().remove(&self.key);
        }
    }
}

impl<K, W> Default for Turns<K, W> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K, W> Clone for Turns<K, W> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K, W> fmt::Debug for Turns<K, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Turns").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_gets_the_turn_and_the_others_are_its_to_write() {
        let turns = Turns::default();
        let mut turn = turns.queue('a', 1).expect("the turn");
        assert!(turns.queue('a', 2).is_none());
        assert!(turns.queue('b', 3).is_some(), "of another one");
        assert_eq!(turn.next(), Some(vec![1, 2]));
        assert!(turns.queue('a', 4).is_none());
        assert_eq!(turn.next(), Some(vec![4]));
        assert!(turn.next().is_none());
        assert!(turns.queue('a', 5).is_some(), "it was over");
    }

    #[test]
    fn no_more_are_written_together_than_fit() {
        let turns = Turns::default();
        let mut turn = turns.queue('a', 0).expect("the turn");
        for waiting in 1..=MOST {
            assert!(turns.queue('a', waiting).is_none());
        }
        let sizes = std::iter::from_fn(|| turn.next()).map(|waiting| waiting.len());
        assert_eq!(sizes.collect::<Vec<_>>(), [MOST, 1]);
    }

    #[test]
    fn a_turn_that_ends_early_leaves_nobody_waiting() {
        let (turns, someone) = (Turns::default(), Arc::new(()));
        let turn = turns.queue('a', Arc::clone(&someone));
        turns.queue('a', Arc::clone(&someone));
        drop(turn);
        assert_eq!(Arc::strong_count(&someone), 1);
        assert!(turns.lock().is_empty());
    }
}
