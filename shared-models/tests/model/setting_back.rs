//! Set-backs: a side is set back to an earlier state of its own, as by a backup that is restored,
//! and edits the order again before it has heard its peer.
//!
//! Only the order is set back. The change log stays, and with it the records: what they show
//! remains shown. What was changed lately is compared once nothing is under way, by revision, from
//! both sides.

use shared_models::side::Side;

use crate::edits::Edits;
use crate::state::State;
use crate::steps::Step;
use crate::world::World;

impl World {
    pub(crate) fn add_set_backs(&self, state: &State, steps: &mut Vec<Step>) {
        for side in self.set_backs.iter().copied() {
            if state.set_back[side as usize] {
                continue;
            }
            steps.push(match state.backup[side as usize] {
                None => Step::BackUp(side),
                Some(_) => Step::SetBack(side),
            });
        }
        if state.is_uncompared && state.nothing_is_under_way() {
            steps.push(Step::Compare);
        }
    }

    /// Returns whether a side may edit.
    pub(crate) fn may_edit(&self, state: &State, side: Side) -> bool {
        state.edited[side as usize] < self.edits && state.order(side).is_known()
    }

    pub(crate) fn compare(&self, state: &mut State) {
        state.is_uncompared = false;
        for side in Side::ALL {
            let (order, peer) = (state.order(side), state.order(side.peer()));
            let is_known = peer.delivery.counts.cover(order.delivery.counts)
                && peer.progress.counts.cover(order.progress.counts);
            if !is_known {
                state.compared[side as usize] += 1;
                self.tell_again(state, side);
            }
        }
    }
}

impl State {
    pub(crate) fn back_up(&mut self, side: Side) {
        self.backup[side as usize] = Some(self.order(side));
    }

    /// Puts a side's order back to what was noted; `None` if it is the same.
    pub(crate) fn set_back(&mut self, side: Side) -> Option<()> {
        let backup = self.backup[side as usize].take()?;
        if backup == self.order(side) {
            return None;
        }
        self.orders[side as usize] = backup;
        self.forget_what_nobody_has();
        self.set_back[side as usize] = true;
        self.is_uncompared = true;
        Some(())
    }

    fn forget_what_nobody_has(&mut self) {
        let mut known = self.shown;
        for order in self.orders {
            known = add(known, [order.delivery.edits, order.progress.edits]);
        }
        for message in self.under_way.iter().flatten() {
            let progress = message.progress.unwrap_or_default();
            known = add(known, [message.delivery.edits, progress.edits]);
        }
        self.forgotten = [0, 1].map(|facet| self.made[facet].without(known[facet]));
    }

    pub(crate) fn note_change(&mut self) {
        self.is_uncompared = self.set_back != [false; 2];
    }
}

const fn add(edits: [Edits; 2], others: [Edits; 2]) -> [Edits; 2] {
    [edits[0].and(others[0]), edits[1].and(others[1])]
}
