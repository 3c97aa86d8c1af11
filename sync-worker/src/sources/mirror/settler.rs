//! Telling the store what came of the records that were sent, while others are.

use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use shared_models::mirror::{Action, Mirrored, SettleState};
use shared_models::parked::{RecordName, ReportedChange};
use shared_models::runs::{RefusedRecord, RunFailure};
use tokio::sync::mpsc;

use super::sending::{Sent, shown};
use super::steps::Ended;
use super::store::Store;
use crate::side_client::jobs::RunError;
use crate::sources::outbound::{Failure, Reason};
use crate::sources::run::Outcome;

/// The most results in one request to the store.
const SETTLED: usize = 50;
/// The number of times that a record which has failed is offered again by itself. After that it waits for a person.
const PASSING: u32 = 3;
/// The reason of a record to which the remote gave the id of another one.
const TAKEN: &str = "the remote gave it an id that another record here has";
/// The name of the figure of creates that may still be under way.
pub(super) const UNDECIDED: &str = "undecided";

/// Tells the store what came of records.
pub(super) struct Settler<'a> {
    pub(super) store: &'a Store<'a>,
    /// What the run counts, and the records that it parks.
    pub(super) outcome: &'a mut Outcome,
    /// The records about which nothing could be decided.
    pub(super) open: &'a mut HashSet<(Mirrored, i64)>,
}

impl Settler<'_> {
    /// Settles what was sent, until all is; returns the records that have to be looked at again.
    pub(super) async fn settle_all(
        &mut self,
        mut results: mpsc::Receiver<Sent>,
    ) -> Result<Vec<i64>, RunFailure> {
        let (mut again, mut guesses) = (vec![], vec![]);
        let mut sent = Vec::with_capacity(SETTLED);
        while results.recv_many(&mut sent, SETTLED).await > 0 {
            // What was found by its contents may be another record, whose answer is still under way.
            let (found, certain) = std::mem::take(&mut sent)
                .into_iter()
                .partition::<Vec<_>, _>(|it| matches!(it.ended, Ended::Found { .. }));
            guesses.extend(found);
            self.settle(certain, &mut again).await?;
        }
        // A removed record is settled last: it must not take what another one has created.
        guesses.sort_by_key(|sent| sent.item.action != Action::Resolve);
        while !guesses.is_empty() {
            let some = guesses.split_off(guesses.len().saturating_sub(SETTLED));
            self.settle(some, &mut again).await?;
        }
        Ok(again)
    }

    /// Parks what cannot be sent, and tells the store what came of all.
    async fn settle(&mut self, sent: Vec<Sent>, again: &mut Vec<i64>) -> Result<(), RunFailure> {
        if sent.is_empty() {
            return Ok(());
        }
        let mut reports = vec![];
        for sent in &sent {
            self.count(sent);
            reports.extend(report_of(self.store.kind, sent));
        }
        // Before the store is told that they are parked: else nothing would send them again.
        self.park(reports).await?;
        let items = sent.iter().map(|sent| sent.settle_item(is_parked(sent)));
        let settled = self.store.settle(items.collect()).await?;
        let mut stuck = vec![];
        for (sent, settled) in sent.into_iter().zip(settled.results) {
            let is_stuck = settled.state == SettleState::Undecided && sent.parks_if_undecided();
            if !is_stuck {
                self.count_found(&sent, settled.state);
            }
            if matches!(sent.ended, Ended::Undecided(_)) || settled.state == SettleState::Undecided
            {
                self.open.insert((self.store.kind, settled.id));
            }
            match (settled.state, &sent.ended) {
                (
                    SettleState::Again | SettleState::NotCreated,
                    Ended::Sent(_) | Ended::Found { .. } | Ended::NotCreated | Ended::Gone(_),
                ) => again.push(settled.id),
                (SettleState::Taken, _) => {
                    let (reason, retry_after) = (Reason::Malformed, None);
                    let failure = Failure { reason, detail: TAKEN.to_owned(), retry_after };
                    stuck.push(Sent { ended: Ended::Refused(failure), not_created: true, ..sent });
                }
                (SettleState::Undecided, Ended::Found { failure: Some(failure), .. })
                    if is_stuck =>
                {
                    stuck.push(Sent { ended: Ended::Failed(failure.clone()), ..sent });
                }
                (SettleState::Again | SettleState::NotCreated, _) => {}
                (SettleState::Settled | SettleState::Refused | SettleState::Undecided, _) => {}
            }
        }
        self.park_stuck(stuck).await
    }

    /// Parks records that have to be: the remote gave them an id that another one here has, or they may be any of several
    /// that others have, in every run. As all others, they are parked before the store is told.
    async fn park_stuck(&mut self, stuck: Vec<Sent>) -> Result<(), RunFailure> {
        let reports = stuck.iter().filter_map(|sent| report_of(self.store.kind, sent));
        self.park(reports.collect()).await?;
        let settled = stuck.iter().map(|sent| sent.settle_item(true)).collect::<Vec<_>>();
        if !settled.is_empty() {
            self.store.settle(settled).await?;
        }
        Ok(())
    }

    async fn park(&mut self, reports: Vec<ReportedChange>) -> Result<(), RunFailure> {
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
        self.store.client.report(reports).await.map_err(|reason| RunError::Failed(reason).into())
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
            (Ended::Undecided(_), _) => UNDECIDED,
            _ => return,
        };
        self.outcome.add(done, 1);
    }
}

const fn is_parked(sent: &Sent) -> bool {
    matches!(sent.ended, Ended::Failed(_) | Ended::Refused(_))
}

fn report_of(kind: Mirrored, sent: &Sent) -> Option<ReportedChange> {
    match &sent.ended {
        Ended::Failed(failure) => {
            // As long as it is the remote as a whole that is not available, no person can help.
            let is_of_remote = matches!(failure.reason, Reason::Status(429 | 502..=504));
            // Nor where the remote gives no answer: in the runs before it was not offered, but tried again.
            let is_silent = matches!(failure.reason, Reason::Timeout | Reason::Closed);
            let is_unknown = sent.item.attempt.is_some() && !sent.not_created;
            let may_pass =
                is_of_remote || (is_silent && is_unknown) || sent.item.failures < PASSING;
            Some(report(kind, sent, &failure.detail, may_pass))
        }
        Ended::Refused(failure) => Some(report(kind, sent, &failure.detail, false)),
        Ended::Sent(_) | Ended::Found { .. } | Ended::NotCreated | Ended::Gone(_) => None,
        Ended::Undecided(_) | Ended::Unavailable(_) => None,
    }
}

/// Returns the report of a record that is parked.
fn report(kind: Mirrored, sent: &Sent, reason: &str, may_pass: bool) -> ReportedChange {
    let item = &sent.item;
    let body = json!({
        "resource": kind.resource(),
        "id": item.id,
        "version": item.version,
        "action": item.action,
        "remote_id": item.remote_id,
        "fields": shown(item.fields.as_ref()),
    });
    ReportedChange {
        event_id: None,
        // Where the outcome of a create is not known, newer changes wait with it: the newest of them is parked.
        version: (item.attempt.is_none() || sent.not_created).then_some(item.version),
        record: RecordName::new(kind.resource(), item.id.to_string()),
        body: STANDARD.encode(body.to_string()),
        reason: format!("mirror: {reason}"),
        may_pass,
    }
}
