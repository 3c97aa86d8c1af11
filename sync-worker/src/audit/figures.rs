//! The figures of audits: the newest receipt, whoever made it, and the runs of this worker.

use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use shared_models::runs::{Run, RunState};

use super::shown::receipt;

/// What the figures tell of a receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewestReceipt {
    /// The number of the audit.
    pub number: u64,
    /// The time at which it ended.
    pub to: DateTime<Utc>,
    /// The orders that differed.
    pub found: u64,
    /// The orders that still differ.
    pub left: u64,
}

/// The figures at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AuditSnapshot {
    /// The newest receipt; the inner one is `None` if there is none, the outer one if that is not known.
    pub newest: Option<Option<NewestReceipt>>,
    /// The runs of this worker that succeeded.
    pub succeeded: u64,
    /// The runs of this worker that failed.
    pub failed: u64,
}

/// The figures of audits.
#[derive(Debug, Default)]
pub struct AuditFigures(Mutex<AuditSnapshot>);

impl AuditFigures {
    /// Returns the figures at this moment.
    #[must_use]
    pub fn snapshot(&self) -> AuditSnapshot {
        *self.lock()
    }

    /// Learns of the newest runs, newest first, whichever worker did them.
    pub(super) fn saw(&self, runs: &[Run]) {
        let seen = runs.iter().find_map(newest_receipt);
        let mut figures = self.lock();
        // The newest runs may all have failed.
        figures.newest = Some(seen.or(figures.newest.flatten()));
    }

    /// Learns of a run that this worker has done.
    pub(super) fn ended(&self, run: &Run) {
        let receipt = newest_receipt(run);
        let mut figures = self.lock();
        match run.state {
            RunState::Succeeded => figures.succeeded += 1,
            RunState::Running | RunState::Failed | RunState::Abandoned => figures.failed += 1,
        }
        if receipt.is_some() {
            figures.newest = Some(receipt);
        }
    }

    fn lock(&self) -> MutexGuard<'_, AuditSnapshot> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn newest_receipt(run: &Run) -> Option<NewestReceipt> {
    let report = receipt(run)?;
    let (found, left) = (report.findings.found, report.findings.left);
    Some(NewestReceipt { number: report.number, to: report.to?, found, left })
}
