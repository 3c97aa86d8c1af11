//! The steps that may happen next, and the ones of people: edits and offers.

use shared_models::edit::{create, revise};
use shared_models::order::{Delivery, Facet, Progress, Shared, Status, Touched};
use shared_models::side::Side;

use crate::checking::Checked;
use crate::edits::Edits;
use crate::publishing::News;
use crate::state::State;
use crate::values::{SmallOrder, delivery_by, progress_by};
use crate::world::{Scope, World};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// A caller at a side edits the order.
    Edit(Side, Wish),
    /// A side's order is noted, to be set back to later.
    BackUp(Side),
    /// A side's order is set back to what was noted.
    SetBack(Side),
    /// The orders that were changed lately are compared, and offered where the peer has not seen
    /// them.
    Compare,
    /// A side offers the order.
    Offer(Side),
    /// A queue is lost with all that a side has sent, so the side is asked for an offer.
    Lose(Side),
    /// A batch of the messages of a side arrives. Unsettled, it is still under way afterwards: the
    /// worker stopped between the peer's commit and the acknowledgement, or it was published twice.
    Carry { from: Side, picks: u16, settled: bool },
}

/// The wish of a caller for an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    Delivery,
    /// A change to this status; if it is the present one, other tracking.
    Progress(Status),
    Both(Status),
}

impl World {
    /// Returns the first state: the order has been placed at the store, and the store has published
    /// it.
    pub(crate) fn beginning(&self) -> State {
        let mut state = State::default();
        let born = create(delivery_by(Edits::default().next_of(Side::Store)));
        self.decide(&mut state, Side::Store, SmallOrder::of(&born), Touched::Delivery);
        state
    }

    pub(crate) fn add_edits(&self, state: &State, steps: &mut Vec<Step>) {
        for side in Side::ALL {
            let order = state.order(side);
            if !self.may_edit(state, side) {
                continue;
            }
            if self.scope != Scope::Progress {
                steps.push(Step::Edit(side, Wish::Delivery));
            }
            if self.scope == Scope::Delivery {
                continue;
            }
            for status in self.statuses(side, order.progress.status) {
                steps.push(Step::Edit(side, Wish::Progress(status)));
                if self.scope == Scope::Both {
                    steps.push(Step::Edit(side, Wish::Both(status)));
                }
            }
        }
    }

    /// Returns the statuses to which an order may go, as the real table has it; the warehouse may
    /// also leave it where it is and name a carrier.
    fn statuses(&self, side: Side, from: Status) -> impl Iterator<Item = Status> {
        let stays = (side == Side::Warehouse).then_some(from);
        from.moves(side).iter().copied().chain(stays).chain(self.extra_move(side, from))
    }

    pub(crate) fn add_offers(&self, state: &State, steps: &mut Vec<Step>) {
        for side in Side::ALL {
            if state.offered[side as usize] < self.offers && state.order(side).is_known() {
                steps.push(Step::Offer(side));
                if !state.owes[side as usize] {
                    steps.push(Step::Lose(side));
                }
            }
        }
    }

    pub(crate) fn edit(&self, state: &mut State, side: Side, wish: Wish) -> Option<()> {
        let before = state.order(side);
        let (delivery, progress) = wish.of(side, before, state.made);
        let (after, touched) = match self.extra_move(side, before.progress.status) {
            Some(to) if to == progress.status => without_asking(side, before, progress),
            Some(_) | None => revise(side, &before.real(), delivery, progress).ok()?,
        };
        if touched == Touched::Nothing {
            return None;
        }
        state.edited[side as usize] += 1;
        self.decide(state, side, SmallOrder::of(&after), touched);
        Some(())
    }

    /// Applies and publishes a decision of a side.
    fn decide(&self, state: &mut State, side: Side, after: SmallOrder, touched: Touched) {
        let before = state.order(side);
        state.replace(side, after);
        state.made[0] = state.made[0].and(after.delivery.edits);
        state.made[1] = state.made[1].and(after.progress.edits);
        self.publish(state, side, News { origin: side, touched, before, settles: false });
        state.note_change();
    }

    pub(crate) fn offer(&self, state: &mut State, side: Side) {
        state.offered[side as usize] += 1;
        state.owes[side as usize] = false;
        self.tell_again(state, side);
    }
}

impl Wish {
    fn of(self, side: Side, before: SmallOrder, made: [Edits; 2]) -> (Delivery, Progress) {
        let SmallOrder { delivery, progress } = before;
        let other_delivery = || delivery_by(delivery.edits.and(made[0].next_of(side)));
        let other_progress =
            |status| progress_by(status, progress.edits.and(made[1].next_of(side)));
        match self {
            Self::Delivery => (other_delivery(), progress.real().value),
            Self::Progress(status) => (delivery.real().value, other_progress(status)),
            Self::Both(status) => (other_delivery(), other_progress(status)),
        }
    }
}

/// Makes a move that the table does not have.
fn without_asking(side: Side, before: SmallOrder, progress: Progress) -> (Shared, Touched) {
    let mut after = before.real();
    let revision = after.progress.revision.next(side);
    after.progress = Facet::unmarked(revision, progress);
    (after, Touched::Progress)
}

impl Checked for World {
    fn told(state: &State, step: Option<&Step>) -> String {
        match step {
            None => format!("= {:?}, shown {:?}", state.orders, state.shown),
            Some(Step::Edit(side, wish)) => format!("{side} edits {wish:?}"),
            Some(Step::BackUp(side)) => format!("the {side} is backed up"),
            Some(Step::SetBack(side)) => format!("the {side} is set back"),
            Some(Step::Compare) => "what changed is compared".to_owned(),
            Some(Step::Offer(side)) => format!("{side} offers"),
            Some(Step::Lose(side)) => format!("what the {side} has sent is lost"),
            Some(Step::Carry { from, picks, settled }) => {
                let sent = state.under_way[*from as usize].iter().enumerate();
                let picked = sent.filter(|(place, _)| picks & (1 << place) != 0);
                let told: Vec<_> = picked.map(|(_, message)| format!("{message:?}")).collect();
                let end = if *settled { "" } else { ", not settled" };
                format!("{from} to {}: {}{end}", from.peer(), told.join(" "))
            }
        }
    }
}
