//! Creates orders: those that come while others are just being written are written together.
//! docs/decisions/0014 has what that saves.

use std::collections::HashSet;

use actix_web::rt;
use futures_util::future::join_all;
use tokio::sync::oneshot;

use super::change::Changed;
use super::order::{Domain, Order};
use super::storage;
use super::turns::Turn;
use super::writer::Writer;
use crate::error::Error;

/// Somebody who waits until an order is created.
pub(super) struct New<P> {
    new: Changed<P>,
    answer: Answer<P>,
}

type Answer<P> = oneshot::Sender<Result<Option<Order<P>>, Error>>;

impl<D: Domain> Writer<D> {
    /// Creates an order with its record, and gives it; `None` where there is one with its id.
    ///
    /// It is written also where the caller does not wait for the answer: others may be written
    /// together with it.
    pub async fn create(
        &self,
        new: Changed<D::Private>,
    ) -> Result<Option<Order<D::Private>>, Error> {
        let (answer, answered) = oneshot::channel();
        if let Some(turn) = self.arriving.queue((), New { new, answer }) {
            rt::spawn(self.clone().create_all_in(turn));
        }
        self.answer(answered).await
    }

    async fn create_all_in(self, mut turn: Turn<(), New<D::Private>>) {
        let is_waited_for = |new: &New<_>| !new.answer.is_closed();
        while let Some(waiting) = turn.next() {
            let (first, again) = first_of_each(waiting.into_iter().filter(is_waited_for));
            let failed = self.create_together(first).await;
            // Each on a connection of its own: one that waits, for a lock or for a database that is
            // gone, does not have the others wait for it.
            let alone = failed.into_iter().chain(again).filter(is_waited_for);
            join_all(alone.map(|one| self.create_together(vec![one]))).await;
        }
    }

    /// Creates for all who wait. Gives back those that failed together: what stands in the way of
    /// all may be one of them only.
    async fn create_together(&self, waiting: Vec<New<D::Private>>) -> Vec<New<D::Private>> {
        if waiting.is_empty() {
            return vec![];
        }
        let split = |New { new, answer }| (new, answer);
        let (new, answers): (Vec<_>, Vec<_>) = waiting.into_iter().map(split).unzip();
        let creating = self
            .database
            .with::<_, Error>(async |connection| Ok(storage::create(connection, &new).await?));
        let created = match creating.await {
            Ok(created) => created,
            Err(error) => return tell(error, new, answers),
        };
        if !created.is_empty() {
            self.relay.wake();
        }
        let created = created.into_iter().collect::<HashSet<_>>();
        for (Changed { order, .. }, answer) in new.into_iter().zip(answers) {
            _ = answer.send(Ok(created.contains(&order.id).then_some(order)));
        }
        vec![]
    }
}

/// The first that came of each id, and the others: one statement would write a change for each.
fn first_of_each<P>(waiting: impl Iterator<Item = New<P>>) -> (Vec<New<P>>, Vec<New<P>>) {
    let mut ids = HashSet::new();
    waiting.partition(|New { new, .. }| ids.insert(new.order.id))
}

/// Tells the only one what went wrong; gives back several.
fn tell<P>(error: Error, new: Vec<Changed<P>>, mut answers: Vec<Answer<P>>) -> Vec<New<P>> {
    if answers.len() == 1 {
        _ = answers.remove(0).send(Err(error));
        return vec![];
    }
    new.into_iter().zip(answers).map(|(new, answer)| New { new, answer }).collect()
}
