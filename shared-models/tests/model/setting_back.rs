//! Set-backs: a site is set back to an earlier state of its own, as by a backup that is restored,
//! and edits the order again before it has heard its peer.
//!
//! Only the order is set back. The change log stays, and with it the records: what they show
//! remains shown. What was changed lately is compared once nothing is under way, by revision, from
//! both sites.

use shared_models::site::Site;

use crate::edits::Edits;
use crate::state::State;
use crate::steps::Step;
use crate::world::World;

impl World {
    pub(crate) fn add_set_backs(&self, state: &State, steps: &mut Vec<Step>) {
        for site in self.set_backs.iter().copied() {
            if state.set_back[site as usize] {
                continue;
            }
            steps.push(match state.backup[site as usize] {
                None => Step::BackUp(site),
                Some(_) => Step::SetBack(site),
            });
        }
        if state.is_uncompared && state.nothing_is_under_way() {
            steps.push(Step::Compare);
        }
    }

    /// Returns whether a site may edit.
    pub(crate) fn may_edit(&self, state: &State, site: Site) -> bool {
        state.edited[site as usize] < self.edits && state.order(site).is_known()
    }

    pub(crate) fn compare(&self, state: &mut State) {
        state.is_uncompared = false;
        for site in Site::ALL {
            let (order, peer) = (state.order(site), state.order(site.peer()));
            let is_known = peer.delivery.counts.cover(order.delivery.counts)
                && peer.progress.counts.cover(order.progress.counts);
            if !is_known {
                state.compared[site as usize] += 1;
                self.tell_again(state, site);
            }
        }
    }
}

impl State {
    pub(crate) fn back_up(&mut self, site: Site) {
        self.backup[site as usize] = Some(self.order(site));
    }

    /// Puts a site's order back to what was noted; `None` if it is the same.
    pub(crate) fn put_back(&mut self, site: Site) -> Option<()> {
        let backup = self.backup[site as usize].take()?;
        if backup == self.order(site) {
            return None;
        }
        self.orders[site as usize] = backup;
        self.forget_what_nobody_has();
        self.set_back[site as usize] = true;
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
