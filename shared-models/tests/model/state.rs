//! The state of the two sides and of the messages between them.

use std::fmt;

use shared_models::merge::{Cause, Choice, Conflict};
use shared_models::order::Touched;
use shared_models::side::Side;
use shared_models::sync::OrderChange;
use uuid::Uuid;

use crate::edits::Edits;
use crate::values::{SmallDelivery, SmallOrder, SmallProgress};

/// The state of the world. Of each pair, the store's is first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct State {
    pub(crate) orders: [SmallOrder; 2],
    /// The messages of each side that are under way, sorted. A set: that a message is there twice
    /// is that it arrives without being settled, which it may at any time and any number of times.
    pub(crate) under_way: [Vec<Message>; 2],
    /// The edits that a record at either side shows as having given way, with all that their
    /// authors had seen: of delivery, of progress.
    pub(crate) shown: [Edits; 2],
    /// The edits that were made: of delivery, of progress.
    pub(crate) made: [Edits; 2],
    /// The number of edits at each side, without the creation.
    pub(crate) edited: [u8; 2],
    /// The sides that have been asked for an offer and have not made it, because a queue of theirs
    /// was lost.
    pub(crate) owes: [bool; 2],
    /// The number of offers of each side.
    pub(crate) offered: [u8; 2],
    /// A side's order as it was noted, to be set back to.
    pub(crate) backup: [Option<SmallOrder>; 2],
    /// The sides that were set back.
    pub(crate) set_back: [bool; 2],
    /// The edits that a set-back removed from both sides: of delivery, of progress.
    pub(crate) forgotten: [Edits; 2],
    /// Set if the order was changed and has not been compared since, once a side was set back.
    pub(crate) is_uncompared: bool,
    /// The number of offers of each side that a comparison caused.
    pub(crate) compared: [u8; 2],
    /// The number of times that each side has decided between changes with the same count.
    pub(crate) decided: [u8; 2],
    /// The number of messages that each side has sent.
    pub(crate) sent: [u8; 2],
    pub(crate) seen: Seen,
}

/// The violations that have been seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Seen {
    /// A revision that was not covered by the one after it.
    pub(crate) fell: bool,
    /// A known change that changed something again, and was recorded once more.
    pub(crate) repeated: bool,
    /// A change that had arrived and was not covered by the order after it.
    pub(crate) forgot: bool,
    /// A batch with another result in another order, or not made smaller.
    pub(crate) bundled_otherwise: bool,
    /// A message with which a side told a change that it had not decided.
    pub(crate) returned: bool,
    /// A message with progress that nobody had touched.
    pub(crate) default_sent: bool,
    /// A closed order with another delivery, and no record of it.
    pub(crate) silent: bool,
    /// A side that was taken for one that was set back to an earlier state.
    pub(crate) seems_set_back: bool,
}

/// A message from one side to the other.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Message {
    pub(crate) delivery: SmallDelivery,
    pub(crate) progress: Option<SmallProgress>,
    /// The other facts for the rules, if they have not been asked yet.
    pub(crate) undecided: Option<Undecided>,
}

/// The side that decided a change, and the facets that it touched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Undecided {
    pub(crate) origin: Side,
    pub(crate) delivery: bool,
    pub(crate) progress: bool,
}

impl Undecided {
    pub(crate) const fn touched(self) -> Touched {
        Touched::new(self.delivery, self.progress)
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.progress {
            Some(progress) => write!(f, "[{:?} | {progress:?}]", self.delivery)?,
            None => write!(f, "[{:?}]", self.delivery)?,
        }
        match self.undecided {
            Some(undecided) => write!(f, " decided at the {}", undecided.origin),
            None => Ok(()),
        }
    }
}

impl Message {
    pub(crate) fn of(change: &OrderChange) -> Self {
        Self {
            delivery: SmallDelivery::of(&change.delivery),
            progress: change.progress.as_ref().map(SmallProgress::of),
            undecided: None,
        }
    }

    pub(crate) fn change(self) -> OrderChange {
        OrderChange {
            event_id: Uuid::nil(),
            order_id: Uuid::nil(),
            delivery: self.delivery.real(),
            progress: self.progress.map(SmallProgress::real),
        }
    }

    /// Returns whether the order has seen all that the message tells.
    pub(crate) fn is_stale_for(self, order: SmallOrder) -> bool {
        let progress = self.progress.unwrap_or_default();
        let is_another = (order.delivery.counts == self.delivery.counts
            && order.delivery.edits != self.delivery.edits)
            || (order.progress.counts == progress.counts && order.progress.edits != progress.edits);
        order.delivery.counts.cover(self.delivery.counts)
            && order.progress.counts.cover(progress.counts)
            && !is_another
    }
}

impl State {
    /// Returns whether nothing is under way, and no offer is owed.
    pub(crate) fn is_quiet(&self) -> bool {
        self.nothing_is_under_way() && self.owes == [false; 2] && !self.is_uncompared
    }

    pub(crate) fn nothing_is_under_way(&self) -> bool {
        self.under_way.iter().all(Vec::is_empty)
    }

    /// Loses a queue with its messages; the worker may notice.
    pub(crate) fn lose(&mut self, from: Side, is_noticed: bool) {
        self.under_way[from as usize].clear();
        self.owes[from as usize] = is_noticed;
    }

    pub(crate) fn order(&self, side: Side) -> SmallOrder {
        self.orders[side as usize]
    }

    /// Puts a message under way, unless the same is under way already.
    pub(crate) fn put_under_way(&mut self, from: Side, message: Message) {
        let under_way = &mut self.under_way[from as usize];
        if let Err(place) = under_way.binary_search(&message) {
            under_way.insert(place, message);
        }
    }

    /// Puts another order in the place of a side's.
    pub(crate) fn replace(&mut self, side: Side, after: SmallOrder) {
        let before = self.order(side);
        self.seen.fell |= !after.delivery.counts.cover(before.delivery.counts)
            || !after.progress.counts.cover(before.progress.counts);
        self.orders[side as usize] = after;
    }

    /// Records the edits that lost to one whose author did not know of them.
    pub(crate) fn show(&mut self, conflict: &Conflict) {
        let (facet, cause, lost) = match conflict {
            Conflict::Delivery(Choice { cause, lost, .. }) => {
                (0, cause, SmallDelivery::of(lost).edits)
            }
            Conflict::Progress(Choice { cause, lost, .. }) => {
                (1, cause, SmallProgress::of(lost).edits)
            }
        };
        match cause {
            Cause::Concurrent | Cause::Diverged | Cause::Restored => {
                self.shown[facet] = self.shown[facet].and(lost);
            }
            Cause::Late => {}
        }
    }
}
