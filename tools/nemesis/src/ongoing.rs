//! The faults that go on at the moment: while there are any, a program may be slow.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The faults that go on, and the end of the last one.
#[derive(Clone, Debug, Default)]
pub struct OngoingFaults(Arc<Mutex<Faults>>);

#[derive(Debug, Default)]
struct Faults {
    going_on: usize,
    ended: Option<Instant>,
}

/// A fault that goes on until this is dropped.
#[derive(Debug)]
pub struct OngoingFault(OngoingFaults);

impl OngoingFaults {
    /// A fault begins.
    #[must_use]
    pub fn begin(&self) -> OngoingFault {
        self.lock().going_on += 1;
        OngoingFault(self.clone())
    }

    /// Returns whether no fault goes on, or has gone on within this time.
    #[must_use]
    pub fn none_for(&self, time: Duration) -> bool {
        let faults = self.lock();
        faults.going_on == 0 && faults.ended.is_none_or(|ended| ended.elapsed() >= time)
    }

    fn lock(&self) -> MutexGuard<'_, Faults> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for OngoingFault {
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
    fn there_is_none_until_one_begins_and_again_some_time_after_the_last_has_ended() {
        let ongoing = OngoingFaults::default();
        assert!(ongoing.none_for(Duration::MAX));
        let [first, second] = [ongoing.begin(), ongoing.begin()];
        drop(first);
        assert!(!ongoing.none_for(Duration::ZERO));
        drop(second);
        assert!(ongoing.none_for(Duration::ZERO));
        assert!(!ongoing.none_for(Duration::MAX));
    }
}
