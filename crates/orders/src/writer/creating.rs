//! Creates orders, in group commits: orders that arrive during a write are written together next.
//! docs/decisions/0014 has the savings.

use std::collections::HashSet;

use actix_web::rt;
use service_kit::database::{DatabaseError, PAUSE};
use service_kit::error::Error;
use tokio::time::sleep;

use super::Writer;
use super::queue::{Leader, OutcomeSender, outcome_channel};
use crate::local_change::Changed;
use crate::order::{Domain, Order};
use crate::storage;

/// A waiting write: an order to create, and its caller.
pub(super) struct New<P> {
    new: Changed<P>,
    caller: OutcomeSender<Option<Order<P>>>,
}

impl<P> New<P> {
    /// Answers the caller whether the order was created.
    fn answer(self, is_created: bool) {
        self.caller.answer(Ok(is_created.then_some(self.new.order)));
    }
}

impl<D: Domain> Writer<D> {
    /// Creates an order with its record, and returns it; `None` if its id is taken.
    ///
    /// The order may be written even if the caller stops waiting for the answer, because others may
    /// be in the same write.
    pub async fn create(
        &self,
        new: Changed<D::Private>,
    ) -> Result<Option<Order<D::Private>>, Error> {
        let (caller, outcome) = outcome_channel();
        if let Some(leader) = self.creating.queue((), New { new, caller }) {
            rt::spawn(self.clone().lead_creations(leader));
        }
        outcome.wait(&self.database).await
    }

    async fn lead_creations(self, mut leader: Leader<(), New<D::Private>>) {
        let begins = |new: &New<_>| new.caller.begin();
        while let Some(waiting) = leader.next() {
            let (first, again) = first_of_each(waiting.into_iter().filter(begins));
            let failed = self.create_group(first).await;
            // Each in a task and on a connection of its own: one that waits, for a lock or for a
            // database that is gone, does not hold up the others.
            for one in failed.into_iter().chain(again).filter(begins) {
                rt::spawn(self.clone().create_alone(one));
            }
        }
    }

    async fn create_alone(self, one: New<D::Private>) {
        // A single caller is answered, whatever comes of it.
        self.create_group(vec![one]).await;
    }

    /// Creates all waiting orders in one write. Returns those of a write that failed with nothing
    /// written: the cause may be one of them only.
    async fn create_group(&self, waiting: Vec<New<D::Private>>) -> Vec<New<D::Private>> {
        if waiting.is_empty() {
            return vec![];
        }
        let split = |New { new, caller }| (new, caller);
        let (new, callers): (Vec<_>, Vec<_>) = waiting.into_iter().map(split).unzip();
        let creating = async |connection: &mut _| storage::create(connection, &new).await;
        let created = self.database.write(creating).await;
        let waiting = new.into_iter().zip(callers).map(|(new, caller)| New { new, caller });
        match created {
            Ok(created) => {
                if !created.is_empty() {
                    self.relay.wake();
                }
                let created = created.into_iter().collect::<HashSet<_>>();
                waiting.for_each(|one| {
                    let is_created = created.contains(&one.new.order.id);
                    one.answer(is_created);
                });
                vec![]
            }
            Err(error) => self.failed(error, waiting.collect()),
        }
    }

    /// Answers a single caller with the error; returns several. If they may have been created all
    /// the same, a separate task for each finds out, so that nothing else waits for that.
    fn failed(
        &self,
        error: DatabaseError,
        mut waiting: Vec<New<D::Private>>,
    ) -> Vec<New<D::Private>> {
        if !error.proves_rollback() {
            tracing::warn!(%error, orders = waiting.len(), "checking whether orders were created");
            for one in waiting {
                rt::spawn(self.clone().create_for_certain(one));
            }
            return vec![];
        }
        match waiting.pop() {
            Some(only) if waiting.is_empty() => only.caller.answer(Err(error.into())),
            last => waiting.extend(last),
        }
        waiting
    }

    /// Creates an order unless an earlier statement has, and repeats that while the caller waits
    /// and the outcome is unknown. The order is created once, because its id is unique.
    async fn create_for_certain(self, one: New<D::Private>) {
        while one.caller.is_waiting() {
            sleep(PAUSE).await;
            let creating = async |connection: &mut _| {
                let new = std::slice::from_ref(&one.new);
                storage::create_or_find_created(connection, new).await
            };
            match self.database.write(creating).await {
                Ok(created) => {
                    self.relay.wake();
                    return one.answer(!created.is_empty());
                }
                Err(error) => {
                    tracing::debug!(%error, "a check for a created order failed; retrying");
                }
            }
        }
    }
}

/// Splits off the first order of each id: one statement would append a change for each duplicate.
fn first_of_each<P>(waiting: impl Iterator<Item = New<P>>) -> (Vec<New<P>>, Vec<New<P>>) {
    let mut ids = HashSet::new();
    waiting.partition(|New { new, .. }| ids.insert(new.order.id))
}
