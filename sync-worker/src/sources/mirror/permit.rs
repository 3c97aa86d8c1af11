//! Whether a run may go on sending requests to the remote.

use tokio_util::sync::CancellationToken;

use crate::sources::lease::Lease;
use crate::sources::outbound::{Failure, Reason};
use crate::sources::run::Held;

/// The permit of a pass to send requests. It ends with the lease of the run, when the worker stops, and when
/// the remote is not available.
pub(super) struct Permit {
    lease: Lease,
    stop: CancellationToken,
    halt: CancellationToken,
}

impl Permit {
    pub(super) fn of(run: &Held) -> Self {
        let (lease, stop) = (run.lease.clone(), run.stop.clone());
        Self { lease, halt: stop.child_token(), stop }
    }

    /// Ends it. Requests under way are waited for, and none follows them.
    pub(super) fn halt(&self) {
        self.halt.cancel();
    }

    /// Returns whether another request may be sent.
    pub(super) fn lasts(&self) -> bool {
        !self.halt.is_cancelled() && self.lease.lasts()
    }

    /// Waits for something before a request; `None` if none may follow.
    pub(super) async fn wait<T>(&self, waiting: impl Future<Output = T>) -> Option<T> {
        self.halt.run_until_cancelled(waiting).await.filter(|_| self.lasts())
    }

    /// Waits for the answer to a request; `None` if the lease ends first. A process that was frozen in the middle of a
    /// request sends nothing more of it.
    pub(super) async fn guard<T>(&self, request: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.lease.ends() => None,
            answer = request => Some(answer),
        }
    }

    /// Returns the failure of a record for which no further request may be sent.
    pub(super) fn ended(&self) -> Failure {
        let detail = match self.stop.is_cancelled() {
            true => "the worker was asked to stop",
            false => "the store was not heard of for so long that another run may have begun",
        };
        Failure { reason: Reason::Abandoned, detail: detail.to_owned(), retry_after: None }
    }
}
