//! Which differences between a source and its peer are losses. Pure.
//!
//! At the first look a difference may only be on its way. So both sides are asked a second time, when
//! all that either had said had time to arrive; and each is then held against what the *other* said
//! the first time. An order that is edited all the while is always a little different at the two
//! sides, but what one had at the first look, the other has by the second.

use std::collections::{HashMap, HashSet};

use shared_models::comparison::{Finding, OrderState, compare};
use uuid::Uuid;

/// An order that stood differently at the two sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// How it stood at the source.
    pub source: OrderState,
    /// How it stood at the peer, if it was there.
    pub peer: Option<OrderState>,
}

/// An order that a side is to offer again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// The order.
    pub id: Uuid,
    /// What the other side lacks of it.
    pub finding: Finding,
}

/// What was lost, by the side that has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Losses {
    /// What the source is to offer.
    pub of_source: Vec<Loss>,
    /// What the peer is to offer.
    pub of_peer: Vec<Loss>,
}

impl Losses {
    /// The orders of which something was lost.
    #[must_use]
    pub fn orders(&self) -> HashSet<Uuid> {
        self.of_source.iter().chain(&self.of_peer).map(|loss| loss.id).collect()
    }

    /// Leaves these orders out.
    pub fn leave(&mut self, orders: &HashSet<Uuid>) {
        for losses in [&mut self.of_source, &mut self.of_peer] {
            losses.retain(|loss| !orders.contains(&loss.id));
        }
    }
}

/// Whether what the peer had said had time to arrive, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WayBack {
    /// It is open.
    Open,
    /// The other direction does not carry, or much waits in it.
    Closed,
}

/// The orders that stand differently at the two sides, as they are said to stand.
#[must_use]
pub fn doubts(source: Vec<OrderState>, peer: &[OrderState]) -> Vec<Doubt> {
    let peer = by_id(peer);
    let pairs = source.into_iter().map(|source| {
        let peer = peer.get(&source.id).copied().cloned();
        Doubt { source, peer }
    });
    pairs.filter(Doubt::is_one).collect()
}

impl Doubt {
    fn is_one(&self) -> bool {
        let back = self.peer.as_ref().map(|peer| compare(peer, Some(&self.source)));
        compare(&self.source, self.peer.as_ref()).is_a_loss()
            || back.is_some_and(Finding::is_a_loss)
    }

    /// What is left of it after the second look.
    fn of_source(&self, peer: Option<&OrderState>) -> Finding {
        compare(&self.source, peer)
    }

    /// The same for what the peer had. Where the two differ in one revision, the source's offer
    /// speaks for both.
    fn of_peer(&self, source: Option<&OrderState>) -> Finding {
        let finding = self.peer.as_ref().map_or(Finding::Covered, |peer| compare(peer, source));
        match finding {
            Finding::Different => Finding::Covered,
            Finding::Covered | Finding::Parked | Finding::Behind | Finding::Missing => finding,
        }
    }
}

/// What of the doubts is a loss, as the sides stand at the second look.
#[must_use]
pub fn judge(
    doubts: &[Doubt],
    source: &[OrderState],
    peer: &[OrderState],
    way_back: WayBack,
) -> Losses {
    let (source, peer) = (by_id(source), by_id(peer));
    let mut losses = Losses::default();
    for doubt in doubts {
        let id = doubt.source.id;
        let is_parked = |side: &HashMap<_, &OrderState>| side.get(&id).is_some_and(|it| it.parked);
        let finding = doubt.of_source(peer.get(&id).copied());
        if finding.is_a_loss() && !is_parked(&source) {
            losses.of_source.push(Loss { id, finding });
        }
        let finding = doubt.of_peer(source.get(&id).copied());
        if finding.is_a_loss() && !is_parked(&peer) && way_back == WayBack::Open {
            losses.of_peer.push(Loss { id, finding });
        }
    }
    losses
}

/// The orders by their ids.
pub(super) fn by_id(orders: &[OrderState]) -> HashMap<Uuid, &OrderState> {
    orders.iter().map(|order| (order.id, order)).collect()
}

#[cfg(test)]
#[path = "judging_tests.rs"]
mod tests;
