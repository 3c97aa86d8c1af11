//! Writes what callers create and edit, in group commits: edits of one order together, and orders
//! that are created together.

mod attempts;
mod creating;
mod queue;

use actix_web::rt;
use diesel::result::Error as QueryError;
use service_kit::change_log::recorded;
use service_kit::database::{Database, DatabaseError, PAUSE, now};
use service_kit::error::Error;
use service_kit::relay::RelayHandle;
use tokio::time::sleep;
use uuid::Uuid;

use crate::local_change::{Edit, Edited, Written, apply_edits};
use crate::order::{Domain, Order, RESOURCE};
use crate::resource::unknown;
use crate::storage;
use attempts::{Attempts, Conclusion};
use creating::New;
pub use queue::WriteQueues;
use queue::{Leader, OutcomeSender, outcome_channel};

/// Writes orders for callers: new ones, and edits.
pub struct Writer<D: Domain> {
    database: Database,
    relay: RelayHandle,
    edits: WriteQueues<Uuid, WaitingEdit<D::Private>>,
    creating: WriteQueues<(), New<D::Private>>,
}

/// A waiting write: an edit, and its caller.
pub struct WaitingEdit<P> {
    edit: Edit<P>,
    caller: OutcomeSender<Written<P>>,
}

impl<D: Domain> Writer<D> {
    /// Creates a writer that shares its queues of edits with all others that have the same.
    #[must_use]
    pub fn new(
        database: Database,
        relay: RelayHandle,
        edits: WriteQueues<Uuid, WaitingEdit<D::Private>>,
    ) -> Self {
        Self { database, relay, edits, creating: WriteQueues::default() }
    }

    /// Writes an edit with its record, and returns the result. An edit without effect writes
    /// nothing.
    ///
    /// The edit may be written even if the caller stops waiting for the answer, because others may
    /// be in the same write.
    pub async fn edit(
        &self,
        id: Uuid,
        edit: Edit<D::Private>,
    ) -> Result<Written<D::Private>, Error> {
        let (caller, outcome) = outcome_channel();
        if let Some(leader) = self.edits.queue(id, WaitingEdit { edit, caller }) {
            rt::spawn(self.clone().lead_edits(leader));
        }
        outcome.wait(&self.database).await
    }

    async fn lead_edits(self, mut leader: Leader<Uuid, WaitingEdit<D::Private>>) {
        let mut cached = None;
        while let Some(waiting) = leader.next() {
            cached = match self.edit_group(leader.key, cached, waiting).await {
                Ok(order) => order,
                Err(failed) => {
                    self.edit_one_by_one(leader.key, failed).await;
                    None
                }
            };
        }
    }

    /// Writes all waiting edits, and returns the order that results, if it exists.
    async fn edit_group(
        &self,
        id: Uuid,
        cached: Option<Order<D::Private>>,
        mut waiting: Vec<WaitingEdit<D::Private>>,
    ) -> Result<Option<Order<D::Private>>, Failed<D::Private>> {
        waiting.retain(|waiting| waiting.caller.begin());
        if waiting.is_empty() {
            return Ok(cached);
        }
        let edited = match self.edit_until_known(id, cached, &waiting).await {
            Ok(edited) => edited,
            Err(error) => return Err(Failed { error, waiting }),
        };
        if edited.as_ref().is_some_and(|edited| !edited.changes.is_empty()) {
            self.relay.wake();
        }
        let (order, outcomes) = match edited {
            Some(edited) => (Some(edited.order), edited.outcomes),
            None => (None, waiting.iter().map(|_| Err(unknown(id))).collect()),
        };
        for (waiting, outcome) in waiting.into_iter().zip(outcomes) {
            waiting.caller.answer(outcome);
        }
        Ok(order)
    }

    /// Writes each edit by itself: the cause of the failure may be one of them only. Nothing of
    /// them was written, or no caller waits any more.
    async fn edit_one_by_one(&self, id: Uuid, failed: Failed<D::Private>) {
        if failed.waiting.len() == 1 {
            return failed.answer();
        }
        for one in failed.waiting {
            if let Err(failed) = self.edit_group(id, None, vec![one]).await {
                failed.answer();
            }
        }
    }

    /// Writes the edits, at first without a lock, because concurrent writes of one order are rare.
    /// The order is locked only after a concurrent write by another process, or after an attempt
    /// whose outcome is unknown; such an outcome is looked up as long as a caller waits. Returns
    /// `None` if there is no such order.
    async fn edit_until_known(
        &self,
        id: Uuid,
        cached: Option<Order<D::Private>>,
        waiting: &[WaitingEdit<D::Private>],
    ) -> Result<Option<Edited<D::Private>>, Error> {
        let edits = waiting.iter().map(|waiting| &waiting.edit).collect::<Vec<_>>();
        let (mut attempts, mut is_logged) = (Attempts::default(), false);
        let mut ended = self.attempt_unlocked(id, cached, &edits, &mut attempts).await;
        loop {
            match attempts.conclude(ended) {
                Conclusion::Known(outcome) => return outcome,
                Conclusion::Overtaken => {}
                Conclusion::Unknown(error) => {
                    if !std::mem::replace(&mut is_logged, true) {
                        tracing::warn!(order_id = %id, %error, "checking whether edits were written");
                    }
                    if !waiting.iter().any(|waiting| waiting.caller.is_waiting()) {
                        return Err(error);
                    }
                    sleep(PAUSE).await;
                }
            }
            ended = self.attempt_locked(id, &edits, &mut attempts).await;
        }
    }

    /// Writes to the cached order or, if that is stale, to the order as it is read; in both cases
    /// only if its version has not changed, by one statement that is a transaction by itself. What
    /// was tried is in `attempts`, whose `conclude` says what came of it; nothing, if there is no
    /// such order.
    async fn attempt_unlocked(
        &self,
        id: Uuid,
        cached: Option<Order<D::Private>>,
        edits: &[&Edit<D::Private>],
        attempts: &mut Attempts<D::Private>,
    ) -> Result<(), Error> {
        let writing = self.database.write(async |connection| {
            // The cached order may be stale: only a write based on it that succeeds counts.
            if let Some(cached) = cached {
                let changes =
                    attempts.begin(apply_edits::<D>(cached, edits.iter().copied(), now()));
                let changes_something = !changes.is_empty();
                if storage::update_one(connection, changes).await? && changes_something {
                    return Ok(Unlocked::Ended);
                }
                attempts.rolled_back();
            }
            let found = match storage::find(connection, id).await {
                Ok(Some(found)) => found,
                Ok(None) => return Ok(Unlocked::Ended),
                // As the error of a write it would leave the outcome in doubt.
                Err(error) => return Ok(Unlocked::NotRead(error)),
            };
            let changes = attempts.begin(apply_edits::<D>(found, edits.iter().copied(), now()));
            match storage::update_one(connection, changes).await? {
                true => Ok(Unlocked::Ended),
                false => Ok(Unlocked::Overtaken),
            }
        });
        match writing.await {
            Ok(Unlocked::Ended) => Ok(()),
            Ok(Unlocked::NotRead(error)) => Err(DatabaseError::from(error).into()),
            Ok(Unlocked::Overtaken) => {
                attempts.rolled_back();
                Err(Error::Overtaken)
            }
            Err(error) => {
                if error.proves_rollback() {
                    attempts.rolled_back();
                }
                Err(error.into())
            }
        }
    }

    /// Locks the order, looks in the log for an earlier attempt whose outcome is unknown, and writes
    /// if there is none. The lock waits until such an attempt has ended, if it has reached the row.
    ///
    /// An earlier attempt that reaches the row only after this is harmless: it updates the version
    /// that it was based on, which this attempt or another write has replaced. Where this attempt had
    /// nothing to change, another one had: the same edits would have changed that version again.
    ///
    /// If one is found, the edits are written, however this transaction ends.
    async fn attempt_locked(
        &self,
        id: Uuid,
        edits: &[&Edit<D::Private>],
        attempts: &mut Attempts<D::Private>,
    ) -> Result<(), Error> {
        let locked = self.database.transaction(async |connection| {
            let Some(found) = storage::lock(connection, &[id]).await?.pop() else { return Ok(()) };
            let unknown = attempts.events();
            if !unknown.is_empty() {
                let newest = attempts.entries_since(found.version);
                if attempts.find(
                    &recorded(connection, (RESOURCE, &id.to_string()), newest, &unknown).await?,
                ) {
                    return Ok(());
                }
            }
            let changes = attempts.begin(apply_edits::<D>(found, edits.iter().copied(), now()));
            if storage::update_one(connection, changes).await? {
                return Ok(());
            }
            Err(Error::Overtaken)
        });
        let ended = locked.await;
        match &ended {
            Err(Error::Database(error)) if !error.proves_rollback() => {}
            Ok(()) => {}
            Err(_) => attempts.rolled_back(),
        }
        ended
    }
}

/// The end of an attempt without a lock.
enum Unlocked {
    /// The edits are written, or there is no such order.
    Ended,
    /// The order has changed since it was read.
    Overtaken,
    /// The order could not be read, so nothing was tried.
    NotRead(QueryError),
}

/// Edits that could not be written together, and the error.
struct Failed<P> {
    error: Error,
    waiting: Vec<WaitingEdit<P>>,
}

impl<P> Failed<P> {
    /// Answers the single caller with the error.
    fn answer(mut self) {
        if let Some(only) = self.waiting.pop() {
            only.caller.answer(Err(self.error));
        }
    }
}

impl<D: Domain> Clone for Writer<D> {
    fn clone(&self) -> Self {
        let (database, relay) = (self.database.clone(), self.relay.clone());
        Self { database, relay, edits: self.edits.clone(), creating: self.creating.clone() }
    }
}
