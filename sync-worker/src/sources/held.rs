//! A run that is under way: held at its side, and renewed there, while its work is done.

use std::time::Duration;

use shared_models::runs::{Cursors, RunFailure};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

use super::lease::{HOLD, Lease};
use crate::side_client::SideClient;
use crate::side_client::jobs::RunError;

/// The interval at which a run is renewed.
const RENEWAL: Duration = Duration::from_secs(5);

/// A run that is under way, held at its side until it is dropped.
pub struct Held {
    /// The id of the run.
    pub id: Uuid,
    /// The name of the job.
    pub job: String,
    /// How far the job had come.
    pub cursors: Cursors,
    /// Set if a person requested it.
    pub requested: bool,
    /// The time until which it may send something outside.
    pub lease: Lease,
    /// Cancelled when the worker stops.
    pub stop: CancellationToken,
    pub(super) lost: CancellationToken,
    _renewing: AbortOnDropHandle<()>,
}

impl Held {
    pub(super) fn new(
        side: &SideClient,
        job: &str,
        begun: BegunRun,
        stop: CancellationToken,
    ) -> Self {
        let BegunRun { id, cursors, requested, asked } = begun;
        let (lost, lease) = (CancellationToken::new(), Lease::new(asked));
        let renewing = renew(side.clone(), job.to_owned(), id, (lease.clone(), lost.clone()));
        let _renewing = AbortOnDropHandle::new(tokio::spawn(renewing));
        Self { id, job: job.to_owned(), cursors, requested, lease, stop, lost, _renewing }
    }
}

/// A run that has begun, and is to be performed before its hold ends.
pub struct BegunRun {
    /// The id of the run.
    pub id: Uuid,
    /// How far the job had come.
    pub cursors: Cursors,
    pub(super) requested: bool,
    pub(super) asked: Instant,
}

/// Renews a run until it is lost: another one may have begun, or may begin before the side answers.
async fn renew(side: SideClient, job: String, id: Uuid, (lease, lost): (Lease, CancellationToken)) {
    loop {
        sleep(RENEWAL).await;
        let asked = Instant::now();
        match side.renew_run(&job, id, HOLD).await {
            Err(RunError::Lost) => return lost.cancel(),
            Err(error) => {
                let RunFailure { detail, .. } = error.into();
                tracing::warn!(job, detail, "a run is not renewed");
            }
            Ok(()) => lease.renew(asked),
        }
        if !lease.lasts() {
            return lost.cancel();
        }
    }
}
