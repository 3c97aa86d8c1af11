//! A caller that waits for another task's write, and the stage that decides whether it is written.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use service_kit::database::{Database, DatabaseError};
use service_kit::error::Error;
use tokio::sync::oneshot;

/// The stage of a write in the queue.
const QUEUED: u8 = 0;
/// The stage of a write that has begun, or ended.
const BEGUN: u8 = 1;
/// The stage of a write whose caller gave up while it was in the queue: it is never written.
const LEFT: u8 = 2;

/// The writer's end: a caller who waits.
pub(super) struct Waiter<T> {
    answer: oneshot::Sender<Result<T, Error>>,
    stage: Arc<AtomicU8>,
}

/// The caller's end: the answer that it waits for.
pub(super) struct Awaited<T> {
    answered: oneshot::Receiver<Result<T, Error>>,
    stage: Arc<AtomicU8>,
}

/// Creates both ends.
pub(super) fn waiter<T>() -> (Waiter<T>, Awaited<T>) {
    let (answer, answered) = oneshot::channel();
    let stage = Arc::new(AtomicU8::new(QUEUED));
    (Waiter { answer, stage: Arc::clone(&stage) }, Awaited { answered, stage })
}

/// Moves a stage on from the queue; returns the stage that results.
fn leave_queue(stage: &AtomicU8, next: u8) -> u8 {
    let taken = stage.compare_exchange(QUEUED, next, Ordering::AcqRel, Ordering::Acquire);
    taken.map_or_else(|current| current, |_| next)
}

impl<T> Waiter<T> {
    /// Returns whether the caller still waits.
    pub(super) fn waits(&self) -> bool {
        !self.answer.is_closed()
    }

    /// Begins the write, unless the caller has given up; returns whether it has begun.
    pub(super) fn begin(&self) -> bool {
        self.waits() && leave_queue(&self.stage, BEGUN) == BEGUN
    }

    /// Sends the outcome to the caller, if it still waits.
    pub(super) fn tell(self, outcome: Result<T, Error>) {
        _ = self.answer.send(outcome);
    }
}

impl<T> Awaited<T> {
    /// Returns the outcome, at the latest at the deadline of the database.
    pub(super) async fn outcome(self, database: &Database) -> Result<T, Error> {
        let reason = match database.in_time(self.answered).await {
            Ok(Ok(outcome)) => return outcome,
            Ok(Err(_)) => "the service is stopping".to_owned(),
            Err(silent) => silent.to_string(),
        };
        Err(given_up(&self.stage, reason).into())
    }
}

/// Returns the error for a caller that gave up waiting.
fn given_up(stage: &AtomicU8, reason: String) -> DatabaseError {
    match leave_queue(stage, LEFT) {
        LEFT => DatabaseError::Unavailable(reason),
        _ => DatabaseError::OutcomeUnknown(reason),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_that_its_caller_left_in_the_queue_does_not_begin() {
        let (waiter, awaited) = waiter::<()>();
        let told = given_up(&awaited.stage, "late".into());
        assert!(matches!(told, DatabaseError::Unavailable(_)), "{told:?}");
        assert!(!waiter.begin());
    }

    #[test]
    fn a_write_that_has_begun_has_an_unknown_outcome_when_its_caller_leaves() {
        let (waiter, awaited) = waiter::<()>();
        assert!(waiter.begin());
        assert!(waiter.begin(), "it may begin again");
        let told = given_up(&awaited.stage, "late".into());
        assert!(matches!(told, DatabaseError::OutcomeUnknown(_)), "{told:?}");
    }
}
