//! Writes what callers want of orders.

use actix_web::rt;
use diesel_async::AsyncPgConnection;
use tokio::sync::oneshot;
use uuid::Uuid;

use super::creating::New;
use super::edit::{Edit, Edited, Written, edit};
use super::order::{Domain, Order, now};
use super::storage;
use super::turns::{Turn, Turns};
use crate::database::{Database, DatabaseError};
use crate::error::Error;
use crate::relay::RelayHandle;

/// Writes what callers want of orders.
pub struct Writer<D: Domain> {
    pub(super) database: Database,
    pub(super) relay: RelayHandle,
    turns: Turns<Uuid, Waiting<D::Private>>,
    pub(super) arriving: Turns<(), New<D::Private>>,
}

/// Somebody who waits until an edit is written.
pub struct Waiting<P> {
    edit: Edit<P>,
    answer: oneshot::Sender<Result<Written<P>, Error>>,
}

impl<P> Waiting<P> {
    /// Tells what came of it, if somebody still waits.
    fn tell(self, outcome: Result<Written<P>, Error>) {
        _ = self.answer.send(outcome);
    }
}

impl<D: Domain> Writer<D> {
    /// One that takes turns with all others that have the same `turns`.
    #[must_use]
    pub fn new(
        database: Database,
        relay: RelayHandle,
        turns: Turns<Uuid, Waiting<D::Private>>,
    ) -> Self {
        Self { database, relay, turns, arriving: Turns::default() }
    }

    /// Writes one edit with its record, and tells what came of it. An edit that changes nothing
    /// changes nothing.
    ///
    /// It is written also where the caller does not wait for the answer: others may be written
    /// together with it.
    pub async fn write(
        &self,
        id: Uuid,
        edit: Edit<D::Private>,
    ) -> Result<Written<D::Private>, Error> {
        let (answer, answered) = oneshot::channel();
        if let Some(turn) = self.turns.queue(id, Waiting { edit, answer }) {
            rt::spawn(self.clone().write_all_in(turn));
        }
        self.answer(answered).await
    }

    /// What came of something that somebody else writes.
    pub(super) async fn answer<T>(
        &self,
        answered: oneshot::Receiver<Result<T, Error>>,
    ) -> Result<T, Error> {
        let nobody = |_| DatabaseError::Unavailable("the service is stopping".into());
        self.database.in_time(answered).await?.map_err(nobody)?
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

    /// Writes for all who wait, and gives the order as it was left, where there is one.
    async fn write_together(
        &self,
        id: Uuid,
        left: Option<Order<D::Private>>,
        mut waiting: Vec<Waiting<D::Private>>,
    ) -> Result<Option<Order<D::Private>>, Failed<D::Private>> {
        waiting.retain(|waiting| !waiting.answer.is_closed());
        if waiting.is_empty() {
            return Ok(left);
        }
        let edits = waiting.iter().map(|waiting| &waiting.edit).collect::<Vec<_>>();
        let edited = match self.try_to_write(id, left, &edits).await {
            Ok(edited) => edited,
            Err(error) => return Err(Failed { error, waiting }),
        };
        if edited.as_ref().is_some_and(|edited| !edited.changes.is_empty()) {
            self.relay.wake();
        }
        let (order, outcomes) = match edited {
            Some(edited) => (Some(edited.order), edited.outcomes),
            None => (None, edits.iter().map(|_| Err(Error::Unknown(id))).collect()),
        };
        for (waiting, outcome) in waiting.into_iter().zip(outcomes) {
            waiting.tell(outcome);
        }
        Ok(order)
    }

    /// What stood in the way of all may be one of them only.
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

    /// Most often nobody else writes the same order. So it is read without a lock, or taken as it
    /// was left here just before, and written where it is still of that version; only where somebody
    /// was faster, it is locked. `None`: there is no such order.
    async fn try_to_write(
        &self,
        id: Uuid,
        left: Option<Order<D::Private>>,
        edits: &[&Edit<D::Private>],
    ) -> Result<Option<Edited<D::Private>>, Error> {
        let written = self.database.with(async |connection| {
            // It may be as it was left no more: only what could be written from there counts.
            if let Some(left) = left {
                match write_from::<D>(connection, left, edits).await {
                    Ok(edited) if !edited.changes.is_empty() => return Ok(Some(edited)),
                    Err(error @ Error::Database(_)) => return Err(error),
                    Ok(_) | Err(_) => {}
                }
            }
            match storage::find(connection, id).await? {
                Some(found) => write_from::<D>(connection, found, edits).await.map(Some),
                None => Ok(None),
            }
        });
        match written.await {
            Err(Error::Overtaken) => {}
            done => return done,
        }
        let locked = self.database.transaction(async |connection| {
            match storage::lock(connection, &[id]).await?.pop() {
                Some(found) => write_from::<D>(connection, found, edits).await.map(Some),
                None => Ok(None),
            }
        });
        locked.await
    }
}

async fn write_from<D: Domain>(
    connection: &mut AsyncPgConnection,
    order: Order<D::Private>,
    edits: &[&Edit<D::Private>],
) -> Result<Edited<D::Private>, Error> {
    let edited = edit::<D>(order, edits.iter().copied(), now());
    storage::update_one(connection, &edited.changes).await?;
    Ok(edited)
}

/// Edits that could not be written together, and why.
struct Failed<P> {
    error: Error,
    waiting: Vec<Waiting<P>>,
}

impl<P> Failed<P> {
    /// Tells the one who waits.
    fn tell(mut self) {
        if let Some(only) = self.waiting.pop() {
            only.tell(Err(self.error));
        }
    }
}

impl<D: Domain> Clone for Writer<D> {
    fn clone(&self) -> Self {
        let (database, relay) = (self.database.clone(), self.relay.clone());
        Self { database, relay, turns: self.turns.clone(), arriving: self.arriving.clone() }
    }
}
