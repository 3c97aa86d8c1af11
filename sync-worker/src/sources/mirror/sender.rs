//! Sending records, several at once, until the remote as a whole is not available.

use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::{StreamExt as _, stream};
use shared_models::mirror::{Mirrored, PreparedItem};
use tokio::sync::{Mutex, mpsc};

use super::client::RemoteClient;
use super::missing::ListedIds;
use super::permit::Permit;
use super::sending::Sent;
use super::steps::{Ended, Wanted};
use crate::sources::outbound::{Failure, Reason};

/// The records in a row that the remote may not take. After so many it is not the records: no further one
/// is parked, and the run ends.
const FAILURES_IN_A_ROW: usize = 5;

/// A record, and what is wanted of the remote.
pub(super) type ToSend = (Wanted, PreparedItem);

/// Sends records, several at once.
pub(super) struct Sender<'a> {
    pub(super) client: &'a RemoteClient,
    pub(super) kind: Mirrored,
    pub(super) permit: &'a Permit,
    /// The records in a row that the remote did not take.
    pub(super) in_a_row: &'a AtomicUsize,
    /// The ids that the remote lists.
    pub(super) listed: Mutex<ListedIds>,
}

impl Sender<'_> {
    /// Sends records as they are prepared, `mirror.parallel` at once. After a failure of the remote as a whole,
    /// which it returns, what is under way is waited for, and nothing else is begun.
    pub(super) async fn send(
        &self,
        mut prepared: mpsc::Receiver<Vec<ToSend>>,
        results: mpsc::Sender<Sent>,
    ) -> Option<Failure> {
        let items = stream::poll_fn(|context| prepared.poll_recv(context)).flat_map(stream::iter);
        let sending = items.map(|item| self.send_one(item));
        let parallel = self.client.remote.settings.parallel.get();
        let mut sending = sending.buffer_unordered(parallel);
        let mut unavailable = None;
        while let Some(mut sent) = sending.next().await {
            self.judge(&mut sent);
            let is_first = unavailable.is_none();
            if let Ended::Unavailable(failure) = &sent.ended {
                unavailable.get_or_insert_with(|| failure.clone());
                self.permit.halt();
            }
            let Some(sent) = to_settle(sent, is_first) else { continue };
            // The other end is gone only if the store does not answer: then the run fails.
            if results.send(sent).await.is_err() {
                break;
            }
        }
        unavailable
    }

    /// Sends a record. That it is gone is believed of a remote that lists the others.
    async fn send_one(&self, (wanted, item): ToSend) -> Sent {
        let mut sent = self.client.send(self.kind, item, wanted, self.permit).await;
        let Ended::Gone(answer) = &sent.ended else { return sent };
        let record = (self.kind, sent.item.remote_id.unwrap_or_default());
        let failures = sent.item.failures;
        let judging = async {
            let mut listed = self.listed.lock().await;
            listed.refuse_gone(self.client, record, answer, failures).await
        };
        let refused = match self.permit.wait(judging).await {
            Some(refused) => refused,
            None => Some(Ended::Unavailable(self.permit.ended())),
        };
        match refused {
            Some(ended) => sent.ended = ended,
            None if wanted == Wanted::Delete => sent.ended = Ended::Sent(None),
            None => {}
        }
        sent
    }

    /// Takes a record that the remote did not take for a failure of the remote, if it is one of too many.
    fn judge(&self, sent: &mut Sent) {
        let failure = match &sent.ended {
            Ended::Failed(failure) | Ended::Refused(failure) => failure.clone(),
            Ended::Undecided(Some(failure)) => failure.clone(),
            // Whether it is one is known when the store is told.
            Ended::Found { failure: Some(_), .. } => return,
            Ended::Sent(_) | Ended::Found { .. } | Ended::NotCreated | Ended::Gone(_) => {
                return self.in_a_row.store(0, Ordering::Relaxed);
            }
            Ended::Undecided(None) | Ended::Unavailable(_) => return,
        };
        if self.in_a_row.fetch_add(1, Ordering::Relaxed) + 1 >= FAILURES_IN_A_ROW {
            sent.ended = Ended::Unavailable(failure);
        }
    }
}

/// Returns the record as the store is told of it; `None` if it is not. The failure of the remote as a whole is
/// one of the record that met it first. Of the others, a create that the remote has not got is known to have
/// created nothing: it was prepared, and never begun.
fn to_settle(sent: Sent, is_first: bool) -> Option<Sent> {
    match &sent.ended {
        Ended::Unavailable(failure) if is_first && failure.reason != Reason::Abandoned => {
            Some(sent)
        }
        Ended::Unavailable(_) if sent.item.attempt.is_some() && sent.not_created => {
            Some(Sent { ended: Ended::NotCreated, ..sent })
        }
        // Another run is told when it was sent: the remote may be carrying it out.
        Ended::Unavailable(_) if sent.created_at.is_some() => {
            Some(Sent { ended: Ended::Undecided(None), ..sent })
        }
        Ended::Unavailable(_) => None,
        Ended::Sent(_) | Ended::Found { .. } | Ended::NotCreated => Some(sent),
        Ended::Undecided(_) | Ended::Gone(_) | Ended::Failed(_) | Ended::Refused(_) => Some(sent),
    }
}
