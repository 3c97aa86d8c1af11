//! Writes callers' edits of orders, in group commits per order.

use actix_web::rt;
use service_kit::database::{Database, PAUSE};
use service_kit::error::Error;
use service_kit::relay::RelayHandle;
use tokio::time::sleep;
use uuid::Uuid;

use super::attempts::{Attempts, Conclusion};
use super::creating::New;
use super::edit::{Edit, Edited, Written};
use super::order::{Domain, Order};
use super::resource::unknown;
use super::turns::{Turn, Turns};
use super::waiter::{Waiter, waiter};

/// Writes callers' edits of orders.
pub struct Writer<D: Domain> {
    pub(super) database: Database,
    pub(super) relay: RelayHandle,
    turns: Turns<Uuid, Waiting<D::Private>>,
    pub(super) arriving: Turns<(), New<D::Private>>,
}

/// A waiting write: an edit, and its caller.
pub struct Waiting<P> {
    edit: Edit<P>,
    caller: Waiter<Written<P>>,
}

impl<D: Domain> Writer<D> {
    /// Creates a writer that shares its queues with all others that have the same `turns`.
    #[must_use]
    pub fn new(
        database: Database,
        relay: RelayHandle,
        turns: Turns<Uuid, Waiting<D::Private>>,
    ) -> Self {
        Self { database, relay, turns, arriving: Turns::default() }
    }

    /// Writes an edit with its record, and returns the result. An edit without effect writes
    /// nothing.
    ///
    /// The edit may be written even if the caller stops waiting for the answer, because others may
    /// be in the same write.
    pub async fn write(
        &self,
        id: Uuid,
        edit: Edit<D::Private>,
    ) -> Result<Written<D::Private>, Error> {
        let (caller, awaited) = waiter();
        if let Some(turn) = self.turns.queue(id, Waiting { edit, caller }) {
            rt::spawn(self.clone().write_all_in(turn));
        }
        awaited.outcome(&self.database).await
    }

    async fn write_all_in(self, mut turn: Turn<Uuid, Waiting<D::Private>>) {
        let mut left = None;
        while let Some(waiting) = turn.next() {
            left = match self.write_together(turn.key, left, waiting).await {
                Ok(order) => order,
                Err(failed) => {
                    self.write_one_by_one(turn.key, failed).await;
                    None
                }
            };
        }
    }

    /// Writes all waiting edits, and returns the order that results, if it exists.
    async fn write_together(
        &self,
        id: Uuid,
        left: Option<Order<D::Private>>,
        mut waiting: Vec<Waiting<D::Private>>,
    ) -> Result<Option<Order<D::Private>>, Failed<D::Private>> {
        waiting.retain(|waiting| waiting.caller.begin());
        if waiting.is_empty() {
            return Ok(left);
        }
        let edited = match self.try_to_write(id, left, &waiting).await {
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
            waiting.caller.tell(outcome);
        }
        Ok(order)
    }

    /// Writes each edit by itself: the cause of the failure may be one of them only. Nothing of
    /// them was written, or no caller waits any more.
    async fn write_one_by_one(&self, id: Uuid, failed: Failed<D::Private>) {
        if failed.waiting.len() == 1 {
            return failed.tell();
        }
        for one in failed.waiting {
            if let Err(failed) = self.write_together(id, None, vec![one]).await {
                failed.tell();
            }
        }
    }

    /// Writes the edits, at first without a lock, because concurrent writes of one order are rare.
    /// The order is locked only after a concurrent write by another process, or after an attempt
    /// whose outcome is unknown; such an outcome is looked up as long as a caller waits. Returns
    /// `None` if there is no such order.
    async fn try_to_write(
        &self,
        id: Uuid,
        left: Option<Order<D::Private>>,
        waiting: &[Waiting<D::Private>],
    ) -> Result<Option<Edited<D::Private>>, Error> {
        let edits = waiting.iter().map(|waiting| &waiting.edit).collect::<Vec<_>>();
        let (mut attempts, mut looks) = (Attempts::default(), false);
        let mut ended = self.write_unlocked(id, left, &edits, &mut attempts).await;
        loop {
            match attempts.conclude(ended) {
                Conclusion::Known(outcome) => return outcome,
                Conclusion::Overtaken => {}
                Conclusion::Unknown(error) => {
                    if !std::mem::replace(&mut looks, true) {
                        tracing::warn!(order_id = %id, %error, "looking whether edits were written");
                    }
                    if !waiting.iter().any(|waiting| waiting.caller.waits()) {
                        return Err(error);
                    }
                    sleep(PAUSE).await;
                }
            }
            ended = self.write_locked(id, &edits, &mut attempts).await;
        }
    }
}

/// Edits that could not be written together, and the error.
struct Failed<P> {
    error: Error,
    waiting: Vec<Waiting<P>>,
}

impl<P> Failed<P> {
    /// Answers the single caller with the error.
    fn tell(mut self) {
        if let Some(only) = self.waiting.pop() {
            only.caller.tell(Err(self.error));
        }
    }
}

impl<D: Domain> Clone for Writer<D> {
    fn clone(&self) -> Self {
        let (database, relay) = (self.database.clone(), self.relay.clone());
        Self { database, relay, turns: self.turns.clone(), arriving: self.arriving.clone() }
    }
}
