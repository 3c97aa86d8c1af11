//! The lease of a run: until when it may send something outside.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::settings::LEASE_MARGIN;

/// The seconds for which a run is held without being renewed.
pub(super) const HOLD: u32 = 60;

/// The time until which a run may send something outside: no other one has begun before.
#[derive(Clone, Debug)]
pub struct Lease(Arc<Mutex<Instant>>);

impl Lease {
    /// Creates the lease of a run that was asked for at `asked`.
    pub(super) fn new(asked: Instant) -> Self {
        Self(Arc::new(Mutex::new(lasts_until(asked))))
    }

    pub(super) fn renew(&self, asked: Instant) {
        *self.until() = lasts_until(asked);
    }

    /// Returns whether it lasts. A process that was frozen finds out here.
    #[must_use]
    pub fn lasts(&self) -> bool {
        Instant::now() < *self.until()
    }

    fn until(&self) -> MutexGuard<'_, Instant> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn lasts_until(asked: Instant) -> Instant {
    asked + Duration::from_secs(HOLD.into()) - LEASE_MARGIN
}
