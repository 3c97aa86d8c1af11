//! A request whose end is not written down yet.

use std::time::Instant;

use crate::steering::Steering;

/// A request that was written down. Dropped, it is over.
pub(super) struct Open {
    steering: Steering,
    number: u64,
    arrived: Instant,
    is_answered: bool,
}

impl Open {
    pub(super) fn new(steering: &Steering, number: u64) -> Self {
        Self { steering: steering.clone(), number, arrived: Instant::now(), is_answered: false }
    }

    /// Writes down which fault it meets, and whether it changed records.
    pub(super) fn note(&self, fault: Option<&'static str>, applied: bool) {
        self.steering.note(self.number, fault, applied);
    }

    /// Writes down that it gets no answer. It is under way until it is dropped.
    pub(super) fn hang(&mut self) {
        self.answer(None);
    }

    /// Ends it with an answer.
    pub(super) fn end(mut self, status: u16) {
        self.answer(Some(status));
    }

    fn answer(&mut self, status: Option<u16>) {
        self.is_answered = true;
        self.steering.answer(self.number, status);
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if !self.is_answered {
            self.answer(None);
        }
        let micros = u64::try_from(self.arrived.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.steering.finish(self.number, micros);
    }
}
