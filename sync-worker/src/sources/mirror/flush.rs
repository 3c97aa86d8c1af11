//! Sending what changed here: the changes of the store are read and folded, and what they come to is sent,
//! several records at once. The cursor moves on when all of them are settled or parked.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use shared_models::mirror::{
    Action, Folded, MAX_PREPARED, Mirrored, PreparedItem, SettleState, fold,
};
use shared_models::parked::{RecordName, ReportedChange};
use shared_models::runs::{RefusedRecord, RunFailure};
use tokio::sync::mpsc;
use uuid::Uuid;

use super::Mirror;
use super::sender::Sender;
use super::sending::{Sent, shown, wanted};
use super::steps::Ended;
use super::store::{START, Store};
use crate::side_client::jobs::RunError;
use crate::sources::outbound::{Failure, Reason};
use crate::sources::run::{Held, Outcome, Work};

/// The name of the task.
pub const FLUSH: &str = "flush";

/// The most records whose changes are folded at once. More are sent in several turns.
const MAX_FOLDED: usize = 20_000;
/// The records that are sent before the store is told what came of them.
const CHUNK: usize = 200;
/// The results in one request to the store.
const SETTLED: usize = 50;
/// The failures over a record, after which it waits for a person. Until then it is offered again by itself.
const PASSING: u32 = 3;
/// The time to the next run after one that failed, or left something undecided.
const AGAIN: Duration = Duration::from_secs(30);
/// The reason of a record to which the remote gave the id of another one.
const TAKEN: &str = "the remote gave it an id that another record here has";
/// The name of the figure of creates that may still be under way.
const UNDECIDED: &str = "undecided";
/// How often the records of a chunk are looked at: one that the remote has no more is created anew at the
/// second time.
const ROUNDS: usize = 2;

/// Sends what changed here.
pub struct Flush(pub Arc<Mirror>);

impl Work for Flush {
    async fn work(&self, run: &Held) -> Outcome {
        let mut outcome = Outcome::default();
        for name in ["changes", "created", "updated", "deleted", "parked"] {
            outcome.add(name, 0);
        }
        let mut flushing =
            Flushing { mirror: &self.0, run, outcome: &mut outcome, in_a_row: Arc::default() };
        if let Err(failure) = flushing.flush().await {
            outcome.fail(failure);
        }
        if outcome.failure.is_some() || outcome.counts.contains_key(UNDECIDED) {
            outcome.again_after = Some(AGAIN);
        }
        outcome
    }
}

/// The changes of records that come to something, and the cursor after them.
struct Window {
    ids: BTreeSet<i64>,
    /// The changes made here that came to these.
    changes: u64,
    next: String,
    more: bool,
}

struct Flushing<'a> {
    mirror: &'a Mirror,
    run: &'a Held,
    outcome: &'a mut Outcome,
    /// The records in a row that the remote did not take.
    in_a_row: Arc<AtomicUsize>,
}

impl Flushing<'_> {
    /// Sends posts, then comments: a comment needs the id of its post there.
    async fn flush(&mut self) -> Result<(), RunFailure> {
        let mut cursors = self.run.cursors.clone();
        for kind in Mirrored::ALL {
            let store = self.mirror.store(self.run, kind);
            self.send_outstanding(&store).await?;
            loop {
                let cursor = cursors.get(kind.plural()).map_or(START, String::as_str);
                let window = read(&store, cursor).await?;
                self.outcome.add("changes", window.changes);
                self.send_all(&store, window.ids).await?;
                if window.next != cursor {
                    cursors.insert(kind.plural().to_owned(), window.next);
                    let set = store.client.set_cursors(&self.run.job, self.run.id, cursors.clone());
                    set.await?;
                }
                if !window.more {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Sends what an earlier run has left, and what was offered again.
    async fn send_outstanding(&mut self, store: &Store<'_>) -> Result<(), RunFailure> {
        let mut after = None;
        loop {
            let ids = store.outstanding(after).await?.items.into_iter().map(|item| item.id);
            let ids = ids.collect::<BTreeSet<_>>();
            let is_last = ids.len() < MAX_PREPARED;
            after = ids.last().copied();
            self.send_all(store, ids).await?;
            if is_last {
                return Ok(());
            }
        }
    }

    async fn send_all(&mut self, store: &Store<'_>, ids: BTreeSet<i64>) -> Result<(), RunFailure> {
        let ids = ids.into_iter().collect::<Vec<_>>();
        for chunk in ids.chunks(CHUNK) {
            let mut left = chunk.to_vec();
            for _ in 0..ROUNDS {
                if !left.is_empty() {
                    left = self.send_chunk(store, left).await?;
                }
            }
        }
        Ok(())
    }

    /// Sends records; returns those that have to be looked at again.
    async fn send_chunk(
        &mut self,
        store: &Store<'_>,
        ids: Vec<i64>,
    ) -> Result<Vec<i64>, RunFailure> {
        let items = store.prepare(ids).await?.items.into_iter();
        // A comment whose post is not at the remote waits: the store names it again when the post is.
        let to_send = items.filter_map(|item| Some((wanted(&item)?, item))).collect();
        let (client, parallel) = (&self.mirror.client, self.mirror.parallel());
        let in_a_row = Arc::clone(&self.in_a_row);
        // Sending goes on while the store is told.
        let (results, mut settling) = mpsc::channel::<Sent>(CHUNK);
        let sender = Sender { client, kind: store.kind, parallel, run: self.run, in_a_row };
        let sending = sender.send(to_send, results);
        let settling = async {
            let (mut again, mut sent) = (vec![], Vec::with_capacity(SETTLED));
            while settling.recv_many(&mut sent, SETTLED).await > 0 {
                self.settle(store, std::mem::take(&mut sent), &mut again).await?;
            }
            Ok::<_, RunFailure>(again)
        };
        let (unavailable, again) = tokio::join!(sending, settling);
        let again = again?;
        unavailable.map_or(Ok(again), |failure| Err(failure.into()))
    }

    /// Parks what cannot be sent, and tells the store what came of all.
    async fn settle(
        &mut self,
        store: &Store<'_>,
        sent: Vec<Sent>,
        again: &mut Vec<i64>,
    ) -> Result<(), RunFailure> {
        let mut reports = vec![];
        for sent in &sent {
            self.count(sent);
            reports.extend(self.report_of(store.kind, sent));
        }
        // Before the store is told that they are parked: else nothing would send them again.
        self.park(store, reports).await?;
        let items = sent.iter().map(|sent| sent.settle_item(is_parked(sent)));
        let settled = store.settle(items.collect()).await?;
        let mut taken = vec![];
        for (sent, settled) in sent.into_iter().zip(settled.results) {
            self.count_found(&sent, settled.state);
            match (settled.state, &sent.ended) {
                (
                    SettleState::Again | SettleState::NotCreated,
                    Ended::Sent(_) | Ended::Found { .. } | Ended::NotCreated | Ended::Gone,
                ) => again.push(settled.id),
                (SettleState::Taken, _) => taken.push(sent),
                (SettleState::Again | SettleState::NotCreated, _) => {}
                (SettleState::Settled | SettleState::Refused | SettleState::Undecided, _) => {}
            }
        }
        self.park_taken(store, taken).await
    }

    /// Parks records to which the remote gave an id that another one here has. As all others, they are
    /// parked before the store is told.
    async fn park_taken(&mut self, store: &Store<'_>, taken: Vec<Sent>) -> Result<(), RunFailure> {
        let reports = taken.iter().map(|sent| report(store.kind, &sent.item, TAKEN, false));
        self.park(store, reports.collect()).await?;
        let refused = taken.into_iter().map(|sent| {
            let failure =
                Failure { reason: Reason::Malformed, detail: TAKEN.to_owned(), retry_after: None };
            Sent { ended: Ended::Refused(failure), not_created: true, ..sent }.settle_item(true)
        });
        let refused = refused.collect::<Vec<_>>();
        if !refused.is_empty() {
            store.settle(refused).await?;
        }
        Ok(())
    }

    async fn park(
        &mut self,
        store: &Store<'_>,
        reports: Vec<ReportedChange>,
    ) -> Result<(), RunFailure> {
        if reports.is_empty() {
            return Ok(());
        }
        for ReportedChange { record, reason, .. } in &reports {
            self.outcome.refuse(RefusedRecord {
                resource: record.resource.clone().unwrap_or_default(),
                id: record.key.clone().unwrap_or_default(),
                detail: reason.clone(),
            });
        }
        self.outcome.add("parked", reports.len() as u64);
        store.client.report(reports).await.map_err(|reason| RunError::Failed(reason).into())
    }

    fn report_of(&self, kind: Mirrored, sent: &Sent) -> Option<ReportedChange> {
        match &sent.ended {
            Ended::Failed(failure) => {
                let may_pass = sent.item.failures < PASSING;
                Some(report(kind, &sent.item, &failure.detail, may_pass))
            }
            Ended::Refused(failure) => Some(report(kind, &sent.item, &failure.detail, false)),
            Ended::Sent(_) | Ended::Found { .. } | Ended::NotCreated | Ended::Gone => None,
            Ended::Undecided | Ended::Unavailable(_) => None,
        }
    }

    /// Counts a record that was looked up by its contents: the store knows whether it was found.
    fn count_found(&mut self, sent: &Sent, state: SettleState) {
        let is_found = matches!(sent.ended, Ended::Found { .. });
        match (state, sent.item.action) {
            (SettleState::Settled | SettleState::Again, Action::Create) if is_found => {
                self.outcome.add("created", 1);
            }
            (SettleState::Undecided, _) => self.outcome.add(UNDECIDED, 1),
            _ => {}
        }
    }

    fn count(&mut self, sent: &Sent) {
        let done = match (&sent.ended, sent.item.action) {
            (Ended::Sent(_), Action::Create) => "created",
            (Ended::Sent(_), Action::Update) => "updated",
            (Ended::Sent(_), Action::Delete) => "deleted",
            (Ended::Undecided, _) => UNDECIDED,
            _ => return,
        };
        self.outcome.add(done, 1);
    }
}

const fn is_parked(sent: &Sent) -> bool {
    matches!(sent.ended, Ended::Failed(_) | Ended::Refused(_))
}

/// Returns the report of a record that is parked.
fn report(kind: Mirrored, item: &PreparedItem, reason: &str, may_pass: bool) -> ReportedChange {
    let body = json!({
        "resource": kind.resource(),
        "id": item.id,
        "version": item.version,
        "action": item.action,
        "remote_id": item.remote_id,
        "fields": shown(item.fields.as_ref()),
    });
    ReportedChange {
        event_id: Uuid::now_v7(),
        record: RecordName::new(kind.resource(), item.id.to_string()),
        body: STANDARD.encode(body.to_string()),
        reason: format!("mirror: {reason}"),
        may_pass,
    }
}

/// Reads the changes after a cursor, and folds them.
async fn read(store: &Store<'_>, cursor: &str) -> Result<Window, RunFailure> {
    let (mut folded, mut next) = (BTreeMap::<i64, Folded>::new(), cursor.to_owned());
    let mut changes = 0;
    loop {
        let Some(page) = store.changes(&next).await? else {
            // What came after the cursor is not kept any more, but the newest change of each record is.
            START.clone_into(&mut next);
            continue;
        };
        for (id, happened) in page.happened() {
            changes += u64::from(happened.is_made_here());
            match fold(folded.get(&id).copied(), happened) {
                Some(now) => folded.insert(id, now),
                None => folded.remove(&id),
            };
        }
        let more = page.more;
        next = page.next;
        if !more || folded.len() >= MAX_FOLDED {
            let ids = folded.into_keys().collect();
            return Ok(Window { ids, changes, next, more });
        }
    }
}
