//! Whoever writes an order that somebody else is just writing here waits for their turn, and is
//! handed the order as it was left.
//!
//! Without that, those who edit one order at once would all read it, and all but one of them write
//! in vain. It is not what keeps them apart: that is the version, which each write compares, for
//! other processes write too.

use std::any::Any;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Mutex as Queue, OwnedMutexGuard};
use uuid::Uuid;

use super::order::{Order, Private};

/// How an order was left: of the one type that this site has.
type Left = Option<Box<dyn Any + Send>>;

/// The orders that are being written.
#[derive(Clone, Default)]
pub struct Turns(Arc<Mutex<HashMap<Uuid, Arc<Queue<Left>>>>>);

/// The right to write an order, as far as this process goes. Dropped, it is the next one's.
pub(crate) struct Turn<'a> {
    turns: &'a Turns,
    id: Uuid,
    left: OwnedMutexGuard<Left>,
}

impl Turns {
    /// Waits until nobody else writes this order.
    pub(crate) async fn of(&self, id: Uuid) -> Turn<'_> {
        let queue = Arc::clone(self.queues().entry(id).or_default());
        Turn { turns: self, id, left: queue.lock_owned().await }
    }

    fn queues(&self) -> MutexGuard<'_, HashMap<Uuid, Arc<Queue<Left>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn<'_> {
    /// The order as whoever was here before has left it; nobody may have been.
    pub(crate) fn take<P: Private>(&mut self) -> Option<Order<P>> {
        self.left.take()?.downcast().ok().map(|order| *order)
    }

    /// Leaves it for the next one, if anybody waits.
    pub(crate) fn leave<P: Private>(&mut self, order: &Order<P>) {
        if is_waited_for(OwnedMutexGuard::mutex(&self.left)) {
            *self.left = Some(Box::new(order.clone()));
        }
    }
}

impl Drop for Turn<'_> {
    /// The last one takes the queue along: what nobody waits for is not kept.
    fn drop(&mut self) {
        let mut queues = self.turns.queues();
        if let Entry::Occupied(queue) = queues.entry(self.id)
            && !is_waited_for(queue.get())
        {
            queue.remove();
        }
    }
}

/// The table has it, and the one whose turn it is; so has everybody who waits.
fn is_waited_for(queue: &Arc<Queue<Left>>) -> bool {
    Arc::strong_count(queue) > 2
}

impl fmt::Debug for Turns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Turns").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use futures_util::FutureExt as _;

    use super::*;

    fn order(version: i64) -> Order<()> {
        Order { version, ..Order::blank(Uuid::nil(), DateTime::UNIX_EPOCH) }
    }

    #[tokio::test]
    async fn the_next_one_waits_and_finds_the_order_as_it_was_left() {
        let turns = Turns::default();
        let mut first = turns.of(Uuid::nil()).await;
        assert_eq!(first.take::<()>(), None);
        let mut second = Box::pin(turns.of(Uuid::nil()));
        assert!((&mut second).now_or_never().is_none(), "it is the first one's turn");
        assert!(turns.of(Uuid::max()).now_or_never().is_some(), "another order is another's turn");
        first.leave(&order(7));
        drop(first);
        assert_eq!(second.await.take::<()>(), Some(order(7)));
    }

    #[tokio::test]
    async fn nothing_is_kept_when_nobody_waits() {
        let turns = Turns::default();
        let mut first = turns.of(Uuid::nil()).await;
        first.leave(&order(7));
        let given_up = turns.of(Uuid::nil()).now_or_never();
        assert!(given_up.is_none());
        drop(first);
        assert!(turns.queues().is_empty());
        assert_eq!(turns.of(Uuid::nil()).await.take::<()>(), None);
    }
}
