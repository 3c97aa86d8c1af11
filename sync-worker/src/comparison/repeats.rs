//! A limit on repeated offers that change nothing. Pure.
//!
//! An offer is itself a change of its source, so it is compared in its turn. If it cannot make the
//! two sides equal, that would go on for ever.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};

use shared_models::comparison::OrderState;
use uuid::Uuid;

use super::judging::{Difference, Losses, by_id};

/// The most offers of an order whose state at both sides stays the same.
pub const MAX_OFFERS: u32 = 10;
/// The most orders whose offers are counted, in a few megabytes.
const MAX_ORDERS: usize = 100_000;

/// The number of offers of each order.
#[derive(Clone, Debug, Default)]
pub struct OfferLimit {
    /// The hash of an order's states at the source and at the peer when it was offered, and the
    /// number of offers since it is the same.
    offered: HashMap<Uuid, (u64, u32)>,
    hashes: RandomState,
}

impl OfferLimit {
    /// Counts an offer of each lost order; returns those that were offered too often without
    /// effect. `peer` holds their current states at the peer.
    pub fn count_offers(
        &mut self,
        differences: &[Difference],
        peer: &[OrderState],
        losses: &Losses,
    ) -> HashSet<Uuid> {
        let (lost, peer) = (losses.orders(), by_id(peer));
        let lost = differences
            .iter()
            .map(|difference| &difference.source)
            .filter(|it| lost.contains(&it.id));
        let over_limit =
            lost.filter(|order| !self.count_offer(order, peer.get(&order.id).copied()));
        over_limit.map(|order| order.id).collect()
    }

    /// Uncounts the last offer of each of these orders: the side did not agree to it.
    pub fn uncount_offers(&mut self, orders: &HashSet<Uuid>) {
        for order in orders {
            if let Some((_, times)) = self.offered.get_mut(order) {
                *times = times.saturating_sub(1);
            }
        }
    }

    /// Counts an offer of an order in this state; returns `false` after too many without effect.
    fn count_offer(&mut self, source: &OrderState, peer: Option<&OrderState>) -> bool {
        if self.offered.len() >= MAX_ORDERS && !self.offered.contains_key(&source.id) {
            self.offered.clear();
        }
        let state = self.hashes.hash_one((source, peer));
        let (before, times) = self.offered.entry(source.id).or_insert((state, 0));
        if *before != state {
            (*before, *times) = (state, 0);
        }
        *times = times.saturating_add(1);
        *times <= MAX_OFFERS
    }
}

#[cfg(test)]
mod tests {
    use shared_models::comparison::FacetState;
    use shared_models::revision::Revision;

    use super::*;

    fn order(id: usize, store: u32) -> OrderState {
        let facet = FacetState { revision: Revision { store, warehouse: 0 }, digest: "a".into() };
        let (delivery, progress) = (facet.clone(), facet);
        OrderState {
            id: Uuid::from_u128(id as u128),
            delivery,
            progress,
            parked: false,
            dropped: false,
        }
    }

    #[test]
    fn an_unchanged_difference_is_offered_a_few_times_and_anew_once_it_changes() {
        let mut limit = OfferLimit::default();
        let times = |limit: &mut OfferLimit, source: &OrderState, peer: Option<&OrderState>| {
            (0..20).filter(|_| limit.count_offer(source, peer)).count()
        };
        assert_eq!(times(&mut limit, &order(1, 2), None), 10);
        assert_eq!(times(&mut limit, &order(1, 2), Some(&order(1, 1))), 10);
        assert_eq!(times(&mut limit, &order(1, 3), Some(&order(1, 1))), 10);
        assert_eq!(times(&mut limit, &order(2, 3), None), 10);
    }

    #[test]
    fn an_offer_that_the_side_refuses_does_not_count() {
        let mut limit = OfferLimit::default();
        for _ in 0..20 {
            assert!(limit.count_offer(&order(1, 2), None));
            limit.uncount_offers(&[order(1, 2).id].into());
        }
    }

    #[test]
    fn it_does_not_fill_the_memory() {
        let mut limit = OfferLimit::default();
        assert!((0..130_000).all(|id| limit.count_offer(&order(id, 1), None)));
        assert!(limit.offered.len() <= MAX_ORDERS);
    }
}
