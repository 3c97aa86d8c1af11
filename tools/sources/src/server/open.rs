//! A request whose outcome is not written down yet.

use std::time::Instant;

use crate::steering::Steering;

/// A request that was written down. Dropped, it is over: without an answer, unless one was set.
pub(super) struct Open {
    steering: Steering,
    number: u64,
    arrived: Instant,
    status: Option<u16>,
}

impl Open {
    pub(super) fn new(steering: &Steering, number: u64) -> Self {
        Self { steering: steering.clone(), number, arrived: Instant::now(), status: None }
    }

    /// Writes down which fault it meets, and whether it changed records.
    pub(super) fn note(&self, fault: Option<&'static str>, applied: bool) {
        self.steering.note(self.number, fault, applied);
    }

    /// Ends it with an answer.
    pub(super) fn end(mut self, status: u16) {
        self.status = Some(status);
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let micros = u64::try_from(self.arrived.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.steering.finish(self.number, self.status, micros);
    }
}
