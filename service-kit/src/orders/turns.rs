//! Whoever wants to edit an order that is just being written here waits, and all who wait are
//! written together.
//!
//! Without that, those who edit one order at once would all read it, and all but one of them write
//! in vain; one after the other, each would wait for the disk by itself. It is not what keeps them
//! apart: that is the version, which each write compares, for other processes write too.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;
use uuid::Uuid;

use super::edit::{Edit, Written};
use crate::error::Error;

/// How many are written together at the most.
const MOST: usize = 50;

/// Somebody who waits until an edit is written.
pub(super) struct Waiting<P> {
    pub(super) edit: Edit<P>,
    pub(super) answer: oneshot::Sender<Result<Written<P>, Error>>,
}

/// Who waits for each of the orders that are being written.
pub struct Turns<P>(Arc<Mutex<HashMap<Uuid, Vec<Waiting<P>>>>>);

/// The right to write an order, as far as this process goes, and the duty to do it for all who wait.
pub(super) struct Turn<P> {
    turns: Turns<P>,
    pub(super) id: Uuid,
    is_over: bool,
}

impl<P> Waiting<P> {
    /// Tells what came of it, if somebody still waits.
    pub(super) fn tell(self, outcome: Result<Written<P>, Error>) {
        _ = self.answer.send(outcome);
    }
}

impl<P> Turns<P> {
    /// Queues up. Where nobody has the turn, it is the caller's.
    pub(super) fn queue(&self, id: Uuid, waiting: Waiting<P>) -> Option<Turn<P>> {
        match self.lock().entry(id) {
            Entry::Occupied(queue) => {
                queue.into_mut().push(waiting);
                None
            }
            Entry::Vacant(place) => {
                place.insert(vec![waiting]);
                Some(Turn { turns: self.clone(), id, is_over: false })
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Uuid, Vec<Waiting<P>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<P> Turn<P> {
    /// Those who wait now, in the order in which they came. Where nobody does, the turn is over.
    pub(super) fn next(&mut self) -> Option<Vec<Waiting<P>>> {
        let mut turns = self.turns.lock();
        let Entry::Occupied(mut queue) = turns.entry(self.id) else { return None };
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

impl<P> Drop for Turn<P> {
    /// One that ends early leaves nobody waiting for it: they are told that nobody answers.
    fn drop(&mut self) {
        if !self.is_over {
            self.turns.lock().remove(&self.id);
        }
    }
}

impl<P> Default for Turns<P> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<P> Clone for Turns<P> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<P> fmt::Debug for Turns<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Turns").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::conditional::Precondition;

    fn waiting(answers: &mut Vec<oneshot::Receiver<Result<Written<()>, Error>>>) -> Waiting<()> {
        let request = actix_web::test::TestRequest::default().to_http_request();
        let precondition = Precondition::of(&request).unwrap();
        let wanted = Box::new(|_: &_| Err(Error::Overtaken));
        let (answer, answered) = oneshot::channel();
        answers.push(answered);
        Waiting { edit: Edit { principal: None, precondition, wanted }, answer }
    }

    #[test]
    fn the_first_gets_the_turn_and_the_others_are_its_to_write() {
        let (turns, mut answers) = (Turns::default(), vec![]);
        let mut turn = turns.queue(Uuid::nil(), waiting(&mut answers)).expect("the turn");
        assert!(turns.queue(Uuid::nil(), waiting(&mut answers)).is_none());
        assert!(turns.queue(Uuid::max(), waiting(&mut answers)).is_some(), "of another order");
        assert_eq!(turn.next().map(|waiting| waiting.len()), Some(2));
        assert!(turns.queue(Uuid::nil(), waiting(&mut answers)).is_none());
        assert_eq!(turn.next().map(|waiting| waiting.len()), Some(1));
        assert!(turn.next().is_none());
        assert!(turns.queue(Uuid::nil(), waiting(&mut answers)).is_some(), "it was over");
    }

    #[test]
    fn no_more_are_written_together_than_fit() {
        let (turns, mut answers) = (Turns::default(), vec![]);
        let mut turn = turns.queue(Uuid::nil(), waiting(&mut answers)).expect("the turn");
        for _ in 0..MOST {
            assert!(turns.queue(Uuid::nil(), waiting(&mut answers)).is_none());
        }
        let sizes = std::iter::from_fn(|| turn.next()).map(|waiting| waiting.len());
        assert_eq!(sizes.collect::<Vec<_>>(), [MOST, 1]);
    }

    #[test]
    fn a_turn_that_ends_early_leaves_nobody_waiting() {
        let (turns, mut answers) = (Turns::default(), vec![]);
        let turn = turns.queue(Uuid::nil(), waiting(&mut answers));
        turns.queue(Uuid::nil(), waiting(&mut answers));
        drop(turn);
        for mut answer in answers {
            assert!(matches!(answer.try_recv(), Err(oneshot::error::TryRecvError::Closed)));
        }
        assert!(turns.lock().is_empty());
    }
}
