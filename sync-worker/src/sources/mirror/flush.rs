//! Sending what changed here: what is due, and what the changes in the feed of the store come to. The cursor
//! moves on when all of it is settled or parked.

use std::collections::HashSet;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::{Stream, StreamExt as _, stream};
use shared_models::mirror::{Mirrored, Only};
use shared_models::runs::{Cursors, RunFailure};
use tokio::sync::{Mutex, mpsc};

use super::Mirror;
use super::feed::read;
use super::permit::Permit;
use super::sender::{Sender, ToSend};
use super::sending::wanted;
use super::settler::{Settler, UNDECIDED};
use super::store::{START, Store};
use crate::side_client::jobs::RunError;
use crate::sources::outbound::Reason;
use crate::sources::run::{Held, Outcome, Work, stopped};

/// The name of the task.
pub const FLUSH: &str = "flush";

/// The records that are prepared by one request to the store.
const CHUNK: usize = 200;
/// The chunks that are prepared while another one is sent.
const AHEAD: usize = 1;
/// The time to the next run after one that failed, or left something undecided.
const AGAIN: Duration = Duration::from_secs(30);

/// Sends what changed here.
pub struct Flush(pub Arc<Mirror>);

impl Work for Flush {
    /// What is under way at the remote may end, so that its outcome is known.
    const GRACE: Duration = Duration::from_secs(3);

    async fn work(&self, run: &Held) -> Outcome {
        let mut outcome = Outcome::default();
        for name in ["changes", "created", "updated", "deleted", "parked"] {
            outcome.add(name, 0);
        }
        let in_a_row = AtomicUsize::new(0);
        let mut flushing = Flushing {
            mirror: &self.0,
            run,
            outcome: &mut outcome,
            in_a_row,
            left: 0,
            open: HashSet::new(),
            removals: None,
        };
        if let Err(failure) = flushing.flush().await {
            outcome.fail(if run.stop.is_cancelled() { stopped() } else { failure });
        }
        if outcome.failure.is_some() || outcome.counts.contains_key(UNDECIDED) {
            outcome.again_after = Some(AGAIN);
        }
        outcome
    }
}

struct Flushing<'a> {
    mirror: &'a Mirror,
    run: &'a Held,
    outcome: &'a mut Outcome,
    /// The records in a row that the remote did not take.
    in_a_row: AtomicUsize,
    /// The records that are left to a pass of the other kind.
    left: usize,
    /// The records about which nothing could be decided: they wait for the next run.
    open: HashSet<(Mirrored, i64)>,
    /// The failure of a remote that removes nothing.
    removals: Option<RunFailure>,
}

impl Flushing<'_> {
    /// Sends posts, then comments: a comment needs the id of its post there. Comments are removed before all: a remote may
    /// remove them with their post, and give their ids to others.
    async fn flush(&mut self) -> Result<(), RunFailure> {
        let mut cursors = self.mirror.cursors(self.run, false).await?;
        self.send_due(&self.mirror.store(self.run, Mirrored::Comment), Only::Removed).await?;
        for kind in Mirrored::ALL {
            self.flush_kind(&self.mirror.store(self.run, kind), &mut cursors).await?;
        }
        self.removals.take().map_or(Ok(()), Err)
    }

    /// Sends what is due; then, window by window, what the feed names. A window is read while what comes before
    /// it is sent.
    async fn flush_kind(
        &mut self,
        store: &Store<'_>,
        cursors: &mut Cursors,
    ) -> Result<(), RunFailure> {
        let name = store.kind.plural();
        let cursor = cursors.get(name).map_or(START, String::as_str).to_owned();
        let sending = async {
            // Removed comments were sent before the posts; those removed since are named by the feed.
            let is_sent = |only| store.kind == Mirrored::Comment && only == Only::Removed;
            let passes = [Only::Removed, Only::Changed, Only::New];
            for only in passes.into_iter().filter(|only| !is_sent(*only)) {
                self.left = 0;
                self.send_due(store, only).await?;
            }
            Ok::<_, RunFailure>(())
        };
        let (sent, window) = tokio::join!(sending, read(store, &cursor));
        sent?;
        let mut window = Some(window?);
        while let Some(this) = window {
            self.outcome.add("changes", this.changes);
            let ids = this.ids.into_iter().collect::<Vec<_>>();
            let next = async {
                if this.more { read(store, &this.next).await.map(Some) } else { Ok(None) }
            };
            let (sent, next) = tokio::join!(self.send_named(store, &ids), next);
            sent?;
            if cursors.get(name) != Some(&this.next) {
                cursors.insert(name.to_owned(), this.next);
                store.client.set_cursors(&self.run.job, self.run.id, cursors.clone()).await?;
            }
            window = next?;
        }
        if self.left > 0 {
            // They were removed, or edited, meanwhile.
            for only in [Only::Removed, Only::Changed] {
                self.send_due(store, only).await?;
            }
        }
        Ok(())
    }

    /// Sends what is due.
    async fn send_due(&mut self, store: &Store<'_>, only: Only) -> Result<(), RunFailure> {
        self.send(store, due(store, only), only).await
    }

    /// Sends what the feed names and has not been sent yet.
    async fn send_named(&mut self, store: &Store<'_>, ids: &[i64]) -> Result<(), RunFailure> {
        let before = std::mem::take(&mut self.left);
        self.send(store, in_chunks(ids), Only::Changed).await?;
        if self.left > 0 {
            self.left = 0;
            self.send(store, in_chunks(ids), Only::New).await?;
        }
        self.left += before;
        Ok(())
    }

    /// Sends records, and once more those that were changed meanwhile.
    async fn send(
        &mut self,
        store: &Store<'_>,
        ids: impl Stream<Item = Result<Vec<i64>, RunError>>,
        only: Only,
    ) -> Result<(), RunFailure> {
        let again = self.pass(store, ids, only).await?;
        self.pass(store, in_chunks(&again), only).await.map(drop)
    }

    /// Sends records, each of them once; returns those that have to be looked at again. While some are sent,
    /// others are prepared, and the store is told what came of those before.
    async fn pass(
        &mut self,
        store: &Store<'_>,
        ids: impl Stream<Item = Result<Vec<i64>, RunError>>,
        only: Only,
    ) -> Result<Vec<i64>, RunFailure> {
        let permit = Permit::of(self.run);
        let (chunks, prepared) = mpsc::channel(AHEAD);
        let (results, sent) = mpsc::channel(CHUNK);
        let sender = Sender {
            client: &self.mirror.client,
            kind: store.kind,
            permit: &permit,
            in_a_row: &self.in_a_row,
            listed: Mutex::default(),
        };
        let waiting = self.open.clone();
        let mut settler = Settler { store, outcome: self.outcome, open: &mut self.open };
        let (preparing, unavailable, settling) = tokio::join!(
            // Without the store nothing is sent: another run may have begun.
            halting(&permit, prepare(store, (ids, only), &waiting, &permit, chunks)),
            sender.send(prepared, results),
            halting(&permit, settler.settle_all(sent)),
        );
        let again = settling?;
        self.left += preparing?;
        match unavailable {
            Some(failure) if only == Only::Removed && is_of_removals(failure.reason) => {
                self.in_a_row.store(0, Ordering::Relaxed);
                self.removals.get_or_insert(failure.into());
                Ok(vec![])
            }
            Some(failure) => Err(failure.into()),
            None if permit.lasts() => Ok(again),
            None => Err(permit.ended().into()),
        }
    }
}

/// Returns whether a remote that answers removals so may take edits and creates all the same.
const fn is_of_removals(reason: Reason) -> bool {
    match reason {
        Reason::Status(status) => {
            matches!(status, 400..=501) && !matches!(status, 401 | 408 | 425 | 429)
        }
        // Of its list, which was to say whether a record is gone.
        Reason::Malformed | Reason::TooLarge => true,
        Reason::Timeout | Reason::Closed => false,
        Reason::ConnectTimeout | Reason::Refused | Reason::UnknownHost => false,
        Reason::Tls | Reason::Unreachable | Reason::Abandoned => false,
    }
}

/// Does something, and ends the permit if that fails.
async fn halting<T, E>(permit: &Permit, doing: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    doing.await.inspect_err(|_| permit.halt())
}

/// Prepares records, but for those that wait for the next run, a chunk ahead of those that are sent. Returns the number
/// of those that another pass is to send.
async fn prepare(
    store: &Store<'_>,
    (ids, only): (impl Stream<Item = Result<Vec<i64>, RunError>>, Only),
    waiting: &HashSet<(Mirrored, i64)>,
    permit: &Permit,
    chunks: mpsc::Sender<Vec<ToSend>>,
) -> Result<usize, RunError> {
    let (mut ids, mut left) = (pin!(ids), 0);
    // The place comes first: what was prepared and is not sent is to be settled all the same.
    while let Ok(place) = chunks.reserve().await {
        if !permit.lasts() {
            break;
        }
        let Some(mut ids) = ids.next().await.transpose()? else { break };
        ids.retain(|id| !waiting.contains(&(store.kind, *id)));
        if ids.is_empty() {
            continue;
        }
        let items = store.prepare(ids, only).await?.items.into_iter();
        // A comment whose post is not at the remote waits: the store names it again when the post is.
        let items = items.filter_map(|item| Some((wanted(&item)?, item)));
        let (now, other) = items.partition::<Vec<_>, _>(|(_, item)| only.has(item.action));
        left += other.len();
        place.send(now);
    }
    Ok(left)
}

/// Returns what an earlier run has left, and what was offered again, in the order of the ids.
fn due<'a>(
    store: &'a Store<'_>,
    only: Only,
) -> impl Stream<Item = Result<Vec<i64>, RunError>> + 'a {
    stream::try_unfold(Some(None), move |place: Option<Option<i64>>| async move {
        let Some(after) = place else { return Ok(None) };
        let items = store.outstanding(only, after, CHUNK).await?.items;
        let ids = items.into_iter().map(|item| item.id).collect::<Vec<_>>();
        let next = (ids.len() == CHUNK).then(|| ids.last().copied());
        Ok((!ids.is_empty()).then_some((ids, next)))
    })
}

fn in_chunks(ids: &[i64]) -> impl Stream<Item = Result<Vec<i64>, RunError>> {
    stream::iter(ids.chunks(CHUNK).map(|chunk| Ok(chunk.to_vec())))
}
