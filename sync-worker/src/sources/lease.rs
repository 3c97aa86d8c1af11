//! The lease of a run: until when it may send something outside.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::time::{Instant, sleep_until};

use crate::settings::LEASE_MARGIN;

/// The seconds for which a run is held without being renewed.
pub(super) const HOLD: u32 = 60;

/// The time until which a run may send something outside: no other one has begun before.
#[derive(Clone, Debug)]
pub struct Lease(Arc<Mutex<Until>>);

/// The end of a lease by both clocks: that of the process stands still while the machine is suspended.
#[derive(Clone, Copy, Debug)]
struct Until {
    clock: Instant,
    wall: SystemTime,
}

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
        let until = *self.until();
        Instant::now() < until.clock && SystemTime::now() < until.wall
    }

    /// Waits for the end of the lease.
    pub(super) async fn ends(&self) {
        while self.lasts() {
            let until = self.until().clock;
            sleep_until(until).await;
        }
    }

    fn until(&self) -> MutexGuard<'_, Until> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn lasts_until(asked: Instant) -> Until {
    let clock = asked + Duration::from_secs(HOLD.into()) - LEASE_MARGIN;
    Until { clock, wall: SystemTime::now() + clock.saturating_duration_since(Instant::now()) }
}
