//! The rule that separates losses from other differences between a source and its peer. Pure.
//!
//! A difference found at the first check may be caused by a change that is still on its way. So both
//! sides are asked a second time, after everything that either had published has had time to arrive;
//! and each is then compared with the *other's* state at the first check. An order that is edited
//! all the while always differs a little between the sides, but what one had at the first check,
//! the other has at the second.

use std::collections::{HashMap, HashSet};

use shared_models::comparison::{Finding, OrderState, compare};
use uuid::Uuid;

/// An order that differed between the two sides at the first check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
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
    /// The orders of which the peer knows more, on the way or lost: while the return path is blocked,
    /// that cannot be decided. The peer is to offer them, but they do not count as losses.
    pub undecided: Vec<Uuid>,
}

impl Losses {
    /// Returns the ids of the orders of which something was lost.
    #[must_use]
    pub fn orders(&self) -> HashSet<Uuid> {
        self.of_source.iter().chain(&self.of_peer).map(|loss| loss.id).collect()
    }

    /// Removes these orders from the losses.
    pub fn remove(&mut self, orders: &HashSet<Uuid>) {
        for losses in [&mut self.of_source, &mut self.of_peer] {
            losses.retain(|loss| !orders.contains(&loss.id));
        }
        self.undecided.retain(|id| !orders.contains(id));
    }
}

/// The state of the opposite direction, which carries the peer's changes to the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReturnPath {
    /// The peer's changes have had time to arrive.
    Open,
    /// The opposite direction does not carry, or many messages wait in it.
    Blocked,
}

/// Returns the orders whose reported states differ between the two sides.
#[must_use]
pub fn differences(source: Vec<OrderState>, peer: &[OrderState]) -> Vec<Difference> {
    let peer = by_id(peer);
    let pairs = source.into_iter().map(|source| {
        let peer = peer.get(&source.id).copied().cloned();
        Difference { source, peer }
    });
    pairs.filter(Difference::differs).collect()
}

impl Difference {
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

/// Returns the losses among the differences, given the sides' states at the second check.
#[must_use]
pub fn judge(
    differences: &[Difference],
    source: &[OrderState],
    peer: &[OrderState],
    return_path: ReturnPath,
) -> Losses {
    let (source, peer) = (by_id(source), by_id(peer));
    let mut losses = Losses::default();
    for difference in differences {
        let id = difference.source.id;
        let is_set_aside =
            |side: &HashMap<_, &OrderState>| side.get(&id).is_some_and(|it| it.is_set_aside());
        let finding = difference.of_source(peer.get(&id).copied());
        if finding.is_a_loss() && !is_set_aside(&source) {
            losses.of_source.push(Loss { id, finding });
        }
        let finding = difference.of_peer(source.get(&id).copied());
        if finding.is_a_loss() && !is_set_aside(&peer) {
            match return_path {
                ReturnPath::Open => losses.of_peer.push(Loss { id, finding }),
                ReturnPath::Blocked => losses.undecided.push(id),
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
