//! Sending records, several at once, until the remote as a whole is not available.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::{StreamExt as _, stream};
use shared_models::mirror::{Mirrored, PreparedItem};
use tokio::sync::mpsc;

use super::client::RemoteClient;
use super::sending::Sent;
use super::steps::{Ended, Wanted};
use crate::sources::outbound::{Failure, Reason};
use crate::sources::run::Held;

/// The records in a row that the remote may not take. After so many it is not the records: no further one
/// is parked, and the run ends.
const FAILURES_IN_A_ROW: usize = 5;

/// Sends records, several at once.
pub(super) struct Sender<'a> {
    pub(super) client: &'a RemoteClient,
    pub(super) kind: Mirrored,
    pub(super) parallel: usize,
    pub(super) run: &'a Held,
    /// The records in a row that the remote did not take.
    pub(super) in_a_row: Arc<AtomicUsize>,
}

impl Sender<'_> {
    /// Sends records until the remote as a whole is not available.
    pub(super) async fn send(
        &self,
        items: Vec<(Wanted, PreparedItem)>,
        results: mpsc::Sender<Sent>,
    ) -> Option<Failure> {
        let lease = &self.run.lease;
        let sending = items
            .into_iter()
            .map(|(wanted, item)| self.client.send(self.kind, item, wanted, lease));
        let mut sending = stream::iter(sending).buffer_unordered(self.parallel);
        let mut unavailable = None;
        while let Some(mut sent) = sending.next().await {
            self.judge(&mut sent);
            if let Ended::Unavailable(failure) = &sent.ended {
                unavailable = Some(failure.clone());
            }
            // The other end is gone only if the store does not answer: then the run fails.
            if results.send(sent).await.is_err() || unavailable.is_some() {
                break;
            }
        }
        unavailable
    }

    /// Takes a record that the remote did not take for a failure of the remote, if it is one of too many.
    fn judge(&self, sent: &mut Sent) {
        let failure = match &sent.ended {
            Ended::Failed(failure) | Ended::Refused(failure) => failure.clone(),
            Ended::Gone => gone(),
            Ended::Sent(_) | Ended::Found { .. } | Ended::NotCreated => {
                return self.in_a_row.store(0, Ordering::Relaxed);
            }
            Ended::Undecided | Ended::Unavailable(_) => return,
        };
        if self.in_a_row.fetch_add(1, Ordering::Relaxed) + 1 >= FAILURES_IN_A_ROW {
            sent.ended = Ended::Unavailable(failure);
        }
    }
}

/// Creates the failure of a remote that lacks one record after the other.
fn gone() -> Failure {
    let detail = "it answered 404 to several updates in a row".to_owned();
    Failure { reason: Reason::Status(404), detail, retry_after: None }
}
