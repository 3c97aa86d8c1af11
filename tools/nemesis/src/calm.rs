//! The faults that go on just now: while there are any, a slow program has an excuse.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The faults that go on, and the end of the last one.
#[derive(Clone, Debug, Default)]
pub struct Calm(Arc<Mutex<Faults>>);

#[derive(Debug, Default)]
struct Faults {
    going_on: usize,
    ended: Option<Instant>,
}

/// A fault that goes on until this is dropped.
#[derive(Debug)]
pub struct Disturbance(Calm);

impl Calm {
    /// A fault begins.
    #[must_use]
    pub fn disturb(&self) -> Disturbance {
        self.lock().going_on += 1;
        Disturbance(self.clone())
    }

    /// Returns whether no fault goes on, or has gone on within this time.
    #[must_use]
    pub fn has_lasted(&self, time: Duration) -> bool {
        let faults = self.lock();
        faults.going_on == 0 && faults.ended.is_none_or(|ended| ended.elapsed() >= time)
    }

    fn lock(&self) -> MutexGuard<'_, Faults> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Disturbance {
    fn drop(&mut self) {
        let mut faults = self.0.lock();
        faults.going_on -= 1;
        faults.ended = Some(Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_calm_until_a_fault_begins_and_again_some_time_after_the_last_has_ended() {
        let calm = Calm::default();
        assert!(calm.has_lasted(Duration::MAX));
        let [first, second] = [calm.disturb(), calm.disturb()];
        drop(first);
        assert!(!calm.has_lasted(Duration::ZERO));
        drop(second);
        assert!(calm.has_lasted(Duration::ZERO));
        assert!(!calm.has_lasted(Duration::MAX));
    }
}
