//! Whether anything is hurt just now, for whoever wants to know whether a slow program has an excuse.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The faults that go on.
#[derive(Clone, Debug, Default)]
pub struct Calm(Arc<Mutex<Faults>>);

#[derive(Debug, Default)]
struct Faults {
    going_on: usize,
    /// When the last one ended.
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

    fn lock(&self) -> MutexGuard<'_, Faults> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Disturbance {
    /// Whether no other fault goes on, or has gone on within this time.
    #[must_use]
    pub fn is_alone_since(&self, time: Duration) -> bool {
        let faults = self.0.lock();
        faults.going_on == 1 && faults.ended.is_none_or(|ended| ended.elapsed() >= time)
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
    fn a_fault_is_alone_until_another_begins_and_again_some_time_after_that_has_ended() {
        let calm = Calm::default();
        let first = calm.disturb();
        assert!(first.is_alone_since(Duration::MAX));
        let second = calm.disturb();
        assert!(!first.is_alone_since(Duration::ZERO));
        drop(second);
        assert!(first.is_alone_since(Duration::ZERO));
        assert!(!first.is_alone_since(Duration::MAX));
    }
}
