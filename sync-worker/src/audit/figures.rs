//! The newest receipt, whichever worker made it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use shared_models::runs::Run;

use super::report::{Findings, Report};
use super::shown::receipt;

/// What the figures tell of a receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewestReceipt {
    /// The number of the audit.
    pub number: u64,
    /// The time at which it began.
    pub from: DateTime<Utc>,
    /// The time at which it ended.
    pub to: DateTime<Utc>,
    /// The orders that differed, without those of which a change was parked or dropped.
    pub found: u64,
    /// The orders that still differ, without those of which a change was parked or dropped.
    pub left: u64,
    /// The orders that differ because a person dropped a change of them.
    pub dropped: u64,
}

/// The newest receipt; the inner `Option` is `None` if there is none, the outer one if that is not known.
#[derive(Debug, Default)]
pub struct AuditFigures(Mutex<Option<Option<NewestReceipt>>>);

impl AuditFigures {
    /// Returns the newest receipt; the inner `Option` is `None` if there is none, the outer one if that
    /// is not known.
    #[must_use]
    pub fn newest(&self) -> Option<Option<NewestReceipt>> {
        *self.lock()
    }

    /// Learns of the newest run that succeeded, whichever worker did it, or that there is none.
    pub(super) fn saw(&self, run: Option<&Run>) {
        let seen = run.and_then(newest_receipt);
        let mut newest = self.lock();
        // A newer version may have made a report that cannot be read here, and this worker's own run may have
        // ended since it asked.
        *newest = Some(seen.or(newest.flatten()));
    }

    /// Learns of a run that this worker has done.
    pub(super) fn ended(&self, run: &Run) {
        if let Some(receipt) = newest_receipt(run) {
            *self.lock() = Some(Some(receipt));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Option<NewestReceipt>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn newest_receipt(run: &Run) -> Option<NewestReceipt> {
    let report = receipt(run)?;
    let Report { number, from, to, findings, .. } = report;
    let Findings { found, left, parked, dropped, .. } = findings;
    // What is parked has an alert and a sentence of its own, which end with it.
    let [found, left] = [found, left].map(|orders| orders.saturating_sub(parked));
    Some(NewestReceipt { number, from, to: to?, found, left, dropped })
}
