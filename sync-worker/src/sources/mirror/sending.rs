//! Sending one record to the remote: the requests that the steps say, with pauses after failures.

use std::time::{Duration, Instant};

use program_kit::backoff;
use shared_models::mirror::{Action, Fields, Mirrored, Outcome, PreparedItem, SettleItem};
use tokio::time::sleep;

use super::client::RemoteClient;
use super::names::written;
use super::permit::Permit;
use super::steps::{Answer, Ended, Next, Recognition, STUBBORN, Sending, Step, Wanted};
use crate::sources::outbound::{Failure, Reason};
use crate::sources::pace;

/// The detail of a create that may still be under way.
const UNDECIDED: &str =
    "the remote has not answered whether it creates the record, and may still do so";

/// A record that was sent, or could not be.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) item: PreparedItem,
    pub(super) ended: Ended,
    /// Set if it is certain that a create has created nothing.
    pub(super) not_created: bool,
    /// The time at which a create was last sent.
    pub(super) created_at: Option<Instant>,
}

impl Sent {
    /// Returns what the store is told.
    pub(super) fn settle_item(&self, parked: bool) -> SettleItem {
        let PreparedItem { id, version, attempt, .. } = self.item;
        SettleItem { id, version, attempt, outcome: self.outcome(parked) }
    }

    /// Returns whether it is parked if others have all that a look-up found: it fails in every run.
    pub(super) fn parks_if_undecided(&self) -> bool {
        matches!(self.ended, Ended::Found { failure: Some(_), .. })
            && self.item.failures >= STUBBORN
    }

    fn sent_ago(&self) -> Option<u64> {
        self.created_at.and_then(|at| at.elapsed().as_millis().try_into().ok())
    }

    fn outcome(&self, parked: bool) -> Outcome {
        match &self.ended {
            Ended::Sent(remote_id) => Outcome::Sent { remote_id: *remote_id },
            Ended::Found { remote_ids, is_over, failure } => Outcome::Found {
                remote_ids: remote_ids.clone(),
                is_over: *is_over,
                detail: failure.as_ref().map(|failure| failure.detail.clone()),
                parks: self.parks_if_undecided(),
            },
            Ended::NotCreated => Outcome::NotCreated {},
            Ended::Gone(_) => Outcome::Gone {},
            Ended::Undecided(None) => {
                Outcome::Undecided { detail: UNDECIDED.to_owned(), sent_ago: self.sent_ago() }
            }
            Ended::Failed(failure)
            | Ended::Refused(failure)
            | Ended::Undecided(Some(failure))
            | Ended::Unavailable(failure) => {
                let not_created = self.not_created;
                let (detail, sent_ago) = (failure.detail.clone(), self.sent_ago());
                Outcome::Failed { detail, parked, not_created, sent_ago }
            }
        }
    }
}

/// Returns what is wanted of the remote; `None` if nothing is to be sent.
pub(super) const fn wanted(item: &PreparedItem) -> Option<Wanted> {
    match item.action {
        Action::Create => Some(Wanted::Create { begun: item.outcome_unknown }),
        Action::Update => Some(Wanted::Update),
        Action::Delete => Some(Wanted::Delete),
        Action::Resolve => Some(Wanted::Resolve),
        Action::Wait | Action::Nothing => None,
    }
}

impl RemoteClient {
    /// Sends a record. A request follows the answer to the one before; none is sent after the permit.
    pub(super) async fn send(
        &self,
        kind: Mirrored,
        item: PreparedItem,
        wanted: Wanted,
        permit: &Permit,
    ) -> Sent {
        let settings = &self.remote.settings;
        let recognition = Recognition {
            heeds_keys: settings.idempotency_header.is_some(),
            keeps_markers: settings.marker_field.is_some(),
        };
        let mut sending = Sending::new(wanted, settings.tries.get(), item.failures, recognition);
        let mut created_at = None;
        let sent = |item, ended, sending: &Sending, created_at| Sent {
            item,
            ended,
            not_created: sending.not_created(),
            created_at,
        };
        loop {
            let Some(begun) = permit.wait(self.pace.begin()).await else {
                return sent(item, Ended::Unavailable(permit.ended()), &sending, created_at);
            };
            if sending.step() == Step::Create {
                created_at = Some(Instant::now());
            }
            let Some(answer) = permit.guard(self.answer(kind, &item, sending.step())).await else {
                sending.broken_off();
                return sent(item, Ended::Unavailable(permit.ended()), &sending, created_at);
            };
            let throttled = throttled(&answer).map(|after| self.bounded(after));
            self.pace.answered(begun, throttled);
            // Of one that is throttled, the pace is the pause.
            let pause = match &answer {
                Answer::Failed(failure) if throttled.is_none() => self.pause(&sending, failure),
                Answer::Failed(_) | Answer::Done(_) | Answer::Found(..) | Answer::NotFound => {
                    Duration::ZERO
                }
            };
            match sending.after(answer, self.is_late(&item)) {
                Next::End(ended) => return sent(item, ended, &sending, created_at),
                Next::Go(_) => drop(permit.wait(sleep(pause)).await),
            }
        }
    }

    /// Returns whether a create that was begun is over by now, also where it was never answered.
    fn is_late(&self, item: &PreparedItem) -> bool {
        let age = item.attempt_age.map(Duration::from_millis);
        age.is_some_and(|age| age >= self.remote.settings.create_grace)
    }

    fn pause(&self, sending: &Sending, failure: &Failure) -> Duration {
        let (min, max) = (self.remote.settings.backoff_min, self.remote.settings.backoff_max);
        let pause = backoff::wait(sending.failures(), min, max, fastrand::f64());
        failure.retry_after.map_or(pause, |after| self.bounded(after))
    }

    fn bounded(&self, after: Duration) -> Duration {
        after.min(self.remote.settings.retry_after_max).max(self.remote.settings.backoff_min)
    }

    async fn answer(&self, kind: Mirrored, item: &PreparedItem, step: Step) -> Answer {
        let done = match step {
            Step::Create => self.create_item(kind, item).await.map(Some),
            Step::Update => self.update_item(kind, item).await.map(|()| None),
            Step::Delete => match item.remote_id {
                Some(remote_id) => self.delete(kind, remote_id).await.map(|()| None),
                None => Ok(None),
            },
            Step::Exists => match item.remote_id {
                Some(remote_id) => match self.exists(kind, remote_id).await {
                    Ok(false) => return Answer::NotFound,
                    found => found.map(|_| None),
                },
                None => return Answer::NotFound,
            },
            Step::LookUp => {
                return self.look_up_item(kind, item).await.unwrap_or_else(Answer::Failed);
            }
        };
        done.map_or_else(Answer::Failed, Answer::Done)
    }

    async fn create_item(&self, kind: Mirrored, item: &PreparedItem) -> Result<i64, Failure> {
        let (Some(attempt), Some(fields)) = (item.attempt, &item.fields) else {
            return Err(incomplete());
        };
        self.create(kind, written(fields, &self.remote.settings.fields), attempt).await
    }

    async fn update_item(&self, kind: Mirrored, item: &PreparedItem) -> Result<(), Failure> {
        let (Some(remote_id), Some(fields)) = (item.remote_id, &item.fields) else {
            return Err(incomplete());
        };
        self.update(kind, remote_id, written(fields, &self.remote.settings.fields)).await
    }

    async fn look_up_item(&self, kind: Mirrored, item: &PreparedItem) -> Result<Answer, Failure> {
        let (Some(attempt), Some(fields)) = (item.attempt, &item.fields) else {
            return Err(incomplete());
        };
        let sent = written(fields, &self.remote.settings.fields);
        let found = self.look_up(kind, &sent, attempt).await?;
        Ok(match (found.ids.first(), &self.remote.settings.marker_field) {
            (None, _) => Answer::NotFound,
            (Some(newest), Some(_)) => Answer::Done(Some(*newest)),
            (Some(_), None) => Answer::Found(found.ids, found.is_whole),
        })
    }
}

/// Returns how long to wait if the remote says that there are too many requests.
fn throttled(answer: &Answer) -> Option<Duration> {
    match answer {
        Answer::Failed(failure) => pace::throttled(failure),
        Answer::Done(_) | Answer::Found(..) | Answer::NotFound => None,
    }
}

/// Creates the failure of an item that does not say what is to be sent.
fn incomplete() -> Failure {
    let detail = "the store does not say what is to be sent".to_owned();
    Failure { reason: Reason::Status(422), detail, retry_after: None }
}

/// Returns the fields of a record, for a person.
pub(super) fn shown(fields: Option<&Fields>) -> serde_json::Value {
    serde_json::json!(fields)
}
