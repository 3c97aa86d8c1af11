//! The wire between the two sides, which may hold back, repeat, reorder and bundle, with the real
//! `coalesce`, `fold` and `merge`. What must hold at every arrival is asserted at every arrival.

use shared_models::coalesce::superseding;
use shared_models::event::EventKind;
use shared_models::merge::{fold_into, merge};
use shared_models::order::Touched;
use shared_models::side::Side;
use shared_models::sync::OrderChange;

use crate::world::World;

impl World {
    /// Carries a batch: smaller, if coalesced; then folded, as the receiver does.
    pub(crate) fn carry(&mut self, to: Side, picks: &[usize], coalesced: bool) {
        let from = self.at_mut(to.peer());
        picks.iter().for_each(|pick| from.arrived[*pick] = true);
        let mut batch: Vec<_> = picks.iter().map(|pick| from.sent[*pick].clone()).collect();
        if coalesced {
            batch = newest_of_each(&batch);
        }
        let mut folded = vec![];
        batch.iter().for_each(|change| fold_into(&mut folded, change));
        assert_eq!(folded.len(), 1, "nobody was set back, so all that a side says folds");
        folded.iter().for_each(|change| self.arrive(to, change));
    }

    fn arrive(&mut self, to: Side, change: &OrderChange) {
        assert_eq!(change.clone().validated().as_ref(), Ok(change), "what a side decided is valid");
        let before = self.at(to).shared.clone();
        let merged = merge(to, &before, change);
        assert!(!merged.set_back && !merged.is_own_change, "nobody was set back");
        assert!(merged.shared.progress.value.status >= before.progress.value.status);
        assert_eq!(merged.touched == Touched::Nothing, merged.shared == before);
        let moved = merged.shared.delivery.value != before.delivery.value;
        let silent =
            moved && before.progress.value.status.is_closed() && merged.conflicts.is_empty();
        assert!(!silent, "a closed order gets another delivery, and nobody is told");
        let again = merge(to, &merged.shared, change);
        assert_eq!((again.touched, again.conflicts), (Touched::Nothing, vec![]), "stale");

        self.at_mut(to).conflicts.extend(merged.conflicts);
        if merged.touched != Touched::Nothing {
            self.put(to, merged.shared);
            self.publish(to, to.peer(), EventKind::Updated, merged.touched);
        }
    }

    /// Returns the changes that have not arrived yet, in the order of the keys.
    fn outstanding(&self, to: Side, keys: &[u16]) -> Vec<usize> {
        let arrived = &self.at(to.peer()).arrived;
        let mut waiting: Vec<usize> = (0..arrived.len()).filter(|n| !arrived[*n]).collect();
        waiting.sort_by_key(|n| keys.get(*n % keys.len().max(1)));
        waiting
    }

    /// Carries the changes that have not arrived yet, one by one, until none is left; returns their
    /// number.
    pub(crate) fn settle(&mut self, keys: &[u16]) -> usize {
        let mut carried = 0;
        loop {
            let waiting = Side::ALL.map(|to| (to, self.outstanding(to, keys)));
            if waiting.iter().all(|(_, picks)| picks.is_empty()) {
                return carried;
            }
            for (to, picks) in waiting {
                carried += picks.len();
                picks.into_iter().for_each(|pick| self.carry(to, &[pick], false));
            }
            assert!(carried < 10_000, "it loops");
        }
    }
}

fn newest_of_each(batch: &[OrderChange]) -> Vec<OrderChange> {
    let superseding = superseding(batch);
    let is_newest = |(n, _): &(usize, &OrderChange)| superseding[*n] == *n;
    batch.iter().enumerate().filter(is_newest).map(|(_, change)| change.clone()).collect()
}
