//! The orders that clients know of. A few of them are hot: everybody writes to them.

use std::sync::{Mutex, MutexGuard, PoisonError};

use fastrand::Rng;
use uuid::Uuid;

/// The number of orders that are hot at a time.
const HOT: usize = 4;
/// One order in so many becomes hot, in place of another.
const BECOMES_HOT: usize = 15;
/// Older orders than these are left in peace.
const RECENT: usize = 300;

/// The orders there are.
#[derive(Debug, Default)]
pub(super) struct Pool(Mutex<Orders>);

#[derive(Debug, Default)]
struct Orders {
    all: Vec<Uuid>,
    hot: Vec<Uuid>,
}

impl Pool {
    /// One more, which may be there.
    pub(super) fn add(&self, id: Uuid, rng: &mut Rng) {
        let mut orders = self.lock();
        orders.all.push(id);
        if orders.hot.len() < HOT {
            orders.hot.push(id);
        } else if rng.usize(..BECOMES_HOT) == 0 {
            orders.hot[rng.usize(..HOT)] = id;
        }
    }

    /// One to write to or to read.
    pub(super) fn pick(&self, rng: &mut Rng) -> Option<Uuid> {
        let orders = self.lock();
        if orders.all.is_empty() {
            return None;
        }
        Some(match rng.u8(..10) {
            0..4 => orders.hot[rng.usize(..orders.hot.len())],
            _ => {
                let recent = orders.all.len().saturating_sub(RECENT);
                orders.all[rng.usize(recent..orders.all.len())]
            }
        })
    }

    fn lock(&self) -> MutexGuard<'_, Orders> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
