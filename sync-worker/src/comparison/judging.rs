//! The rule that tells losses from other differences between a source and its peer. Pure.
//!
//! A difference found at the first look may still be on its way. So both sides are asked a second
//! time, after everything that either had published has had time to arrive; and each is then
//! compared with the *other's* state at the first look. An order that is edited all the while
//! always differs a little between the sides, but what one had at the first look, the other has at
//! the second.

use std::collections::{HashMap, HashSet};

use shared_models::comparison::{Finding, OrderState, compare};
use uuid::Uuid;

/// An order that differed between the two sides at the first look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// The order's state at the source.
    pub source: OrderState,
    /// The order's state at the peer, if it was there.
    pub peer: Option<OrderState>,
}

/// An order that a side is to offer again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// The order's id.
    pub id: Uuid,
    /// The kind of loss at the other side.
    pub finding: Finding,
}

/// The losses, grouped by the side that has the order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Losses {
    /// The orders that the source is to offer.
    pub of_source: Vec<Loss>,
    /// The orders that the peer is to offer.
    pub of_peer: Vec<Loss>,
    /// The orders of which the peer knows more, on the way or lost: while the way back is closed,
    /// nobody can tell. The peer is to offer them, but they count as no loss.
    pub held_up: Vec<Uuid>,
}

impl Losses {
    /// Returns the ids of the orders of which something was lost.
    #[must_use]
    pub fn orders(&self) -> HashSet<Uuid> {
        self.of_source.iter().chain(&self.of_peer).map(|loss| loss.id).collect()
    }

    /// Removes these orders from the losses.
    pub fn leave(&mut self, orders: &HashSet<Uuid>) {
        for losses in [&mut self.of_source, &mut self.of_peer] {
            losses.retain(|loss| !orders.contains(&loss.id));
        }
        self.held_up.retain(|id| !orders.contains(id));
    }
}

/// The state of the opposite direction, which carries the peer's changes to the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WayBack {
    /// The peer's changes have had time to arrive.
    Open,
    /// The opposite direction does not carry, or many messages wait in it.
    Closed,
}

/// Returns the orders whose reported states differ between the two sides.
#[must_use]
pub fn doubts(source: Vec<OrderState>, peer: &[OrderState]) -> Vec<Doubt> {
    let peer = by_id(peer);
    let pairs = source.into_iter().map(|source| {
        let peer = peer.get(&source.id).copied().cloned();
        Doubt { source, peer }
    });
    pairs.filter(Doubt::differs).collect()
}

impl Doubt {
    fn differs(&self) -> bool {
        let back = self.peer.as_ref().map(|peer| compare(peer, Some(&self.source)));
        compare(&self.source, self.peer.as_ref()).is_a_loss()
            || back.is_some_and(Finding::is_a_loss)
    }

    /// Compares the source's first state with the peer's second.
    fn of_source(&self, peer: Option<&OrderState>) -> Finding {
        compare(&self.source, peer)
    }

    /// Compares the peer's first state with the source's second. Two states that differ in one
    /// revision count as covered: the source's offer resolves them for both sides.
    fn of_peer(&self, source: Option<&OrderState>) -> Finding {
        let finding = self.peer.as_ref().map_or(Finding::Covered, |peer| compare(peer, source));
        match finding {
            Finding::Different => Finding::Covered,
            Finding::Covered | Finding::Parked | Finding::Behind | Finding::Missing => finding,
        }
    }
}

/// Returns the doubts that are losses, given the sides' states at the second look.
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
        if finding.is_a_loss() && !is_parked(&peer) {
            match way_back {
                WayBack::Open => losses.of_peer.push(Loss { id, finding }),
                WayBack::Closed => losses.held_up.push(id),
            }
        }
    }
    losses
}

/// Indexes the orders by their ids.
pub(super) fn by_id(orders: &[OrderState]) -> HashMap<Uuid, &OrderState> {
    orders.iter().map(|order| (order.id, order)).collect()
}

#[cfg(test)]
#[path = "judging_tests.rs"]
mod tests;
