//! The changes that a side publishes, and those of them that the worker carries. What a side
//! publishes and what it only logs is as in `crates/orders/src/record.rs`.

use chrono::DateTime;
use shared_models::SCHEMA;
use shared_models::event::{EventKind, OrderEvent};
use shared_models::order::{Shared, Touched};
use shared_models::rules::{Facts, Verdict, decide};
use shared_models::side::Side;
use shared_models::sync::OrderChange;
use uuid::Uuid;

use crate::state::{Message, State, Undecided};
use crate::values::{SmallOrder, SmallProgress};
use crate::world::{Guard, World};

/// A change that has just come to stand at a side.
#[derive(Clone, Copy, Debug)]
pub(crate) struct News {
    /// The side that decided it.
    pub(crate) origin: Side,
    pub(crate) touched: Touched,
    /// The order before it.
    pub(crate) before: SmallOrder,
    /// Set if it arrived with something that the side had to decide; not all that it touched is
    /// the side's.
    pub(crate) settles: bool,
}

impl World {
    /// Publishes a change if it was decided at the side, and nothing else.
    pub(crate) fn publish(&self, state: &mut State, side: Side, news: News) {
        if news.origin != side && !self.publishes_all {
            return;
        }
        if self.say(state, side, news.origin, news.touched) {
            state.seen.returned |= is_return(side, news, state.order(side));
        }
    }

    pub(crate) fn tell_again(&self, state: &mut State, side: Side) {
        self.say(state, side, side, Touched::Both);
    }

    /// Sends a change, and returns whether it is carried. The rules depend on the event alone; so
    /// they may be asked when it is published, and those that are dropped need not wait for their
    /// turn.
    fn say(&self, state: &mut State, side: Side, origin: Side, touched: Touched) -> bool {
        let order = state.order(side);
        if self.without == Some(Guard::DecidingFirst) {
            state.put_under_way(side, undecided(order, origin, touched));
            return false;
        }
        match self.decided(side, order, origin, touched) {
            Some(message) => {
                state.sent[side as usize] += 1;
                state.seen.default_sent |= message.progress.is_some_and(SmallProgress::is_default);
                state.put_under_way(side, message);
                true
            }
            None => false,
        }
    }

    /// Returns what the real rules let through of an event.
    pub(crate) fn decided(
        &self,
        source: Side,
        order: SmallOrder,
        origin: Side,
        touched: Touched,
    ) -> Option<Message> {
        let event = event(origin, touched, order.real());
        match decide(&self.rules, Facts::of(source, &event)) {
            Verdict::Carry(cargo) => Some(Message::of(&OrderChange::of(event, cargo))),
            Verdict::Drop(_) => None,
        }
    }
}

/// Returns whether a message takes back to the peer what was not decided at its side: a facet that
/// the change has touched has no more of this side's changes than before.
fn is_return(side: Side, news: News, after: SmallOrder) -> bool {
    let grew = |before: u8, after: u8| after > before;
    let delivery = grew(news.before.delivery.counts.at(side), after.delivery.counts.at(side));
    let progress = grew(news.before.progress.counts.at(side), after.progress.counts.at(side));
    match news.touched {
        Touched::Nothing => true,
        Touched::Delivery => !delivery,
        Touched::Progress => !progress,
        Touched::Both if news.settles => !delivery && !progress,
        Touched::Both => !delivery || !progress,
    }
}

fn undecided(order: SmallOrder, origin: Side, touched: Touched) -> Message {
    let (delivery, progress) = match touched {
        Touched::Nothing => (false, false),
        Touched::Delivery => (true, false),
        Touched::Progress => (false, true),
        Touched::Both => (true, true),
    };
    Message {
        delivery: order.delivery,
        progress: Some(order.progress),
        undecided: Some(Undecided { origin, delivery, progress }),
    }
}

fn event(origin: Side, touched: Touched, shared: Shared) -> OrderEvent {
    OrderEvent {
        schema: SCHEMA,
        id: Uuid::nil(),
        kind: EventKind::Updated,
        origin,
        order_id: Uuid::nil(),
        version: 1,
        at: DateTime::UNIX_EPOCH,
        touched,
        shared,
    }
}
