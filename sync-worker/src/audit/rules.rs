//! The rules by which an audit tells orders that agree, orders that move, and differences. Pure.
//!
//! An order whose states differ when they are first read is judged when what was on its way has arrived:
//! what one side had then is compared with what the other has now, as when recent changes are compared.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared_models::comparison::{Finding, OrderState, StatesPage, compare};
use shared_models::side::Side;
use uuid::Uuid;

/// An order's states at both sides, read at about the same time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The order's id.
    pub id: Uuid,
    /// Its state at the store, if it was there.
    pub store: Option<OrderState>,
    /// Its state at the warehouse, if it was there.
    pub warehouse: Option<OrderState>,
}

/// The kind of a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "DifferenceKind")]
pub enum Kind {
    /// The store lacks the order.
    MissingAtStore,
    /// The warehouse lacks the order.
    MissingAtWarehouse,
    /// The store lacks a change.
    StoreBehind,
    /// The warehouse lacks a change.
    WarehouseBehind,
    /// Each side lacks a change of the other.
    BothBehind,
    /// The sides have one revision of a facet with different contents.
    Different,
    /// A change of the order is parked at a side, and the other lacks it.
    Parked,
    /// A side's newest change of the order was parked, a person dropped it, and the other side lacks it.
    Dropped,
}

impl Kind {
    /// Returns the kind's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MissingAtStore => "missing_at_store",
            Self::MissingAtWarehouse => "missing_at_warehouse",
            Self::StoreBehind => "store_behind",
            Self::WarehouseBehind => "warehouse_behind",
            Self::BothBehind => "both_behind",
            Self::Different => "different",
            Self::Parked => "parked",
            Self::Dropped => "dropped",
        }
    }

    /// Returns the sides that are to offer the order. What is parked is offered again by its side, or
    /// waits for a person, and what a person dropped is not to come back.
    #[must_use]
    pub const fn offered_by(self) -> &'static [Side] {
        match self {
            Self::MissingAtStore | Self::StoreBehind => &[Side::Warehouse],
            // One offer of two values resolves them for both sides.
            Self::MissingAtWarehouse | Self::WarehouseBehind | Self::Different => &[Side::Store],
            Self::BothBehind => &[Side::Store, Side::Warehouse],
            Self::Parked | Self::Dropped => &[],
        }
    }
}

/// What is known of an order at the second reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Both sides have the same.
    Equal,
    /// Each side has what the other had, and one of them more since.
    Moving,
    /// A side lacks what the other had, or has something else.
    Differs(Kind),
}

impl Pair {
    /// Returns its state at a side, if it is there.
    #[must_use]
    pub const fn at(&self, side: Side) -> Option<&OrderState> {
        match side {
            Side::Store => self.store.as_ref(),
            Side::Warehouse => self.warehouse.as_ref(),
        }
    }

    /// Returns whether both sides have the same. Digests of different formats say nothing of each other.
    #[must_use]
    pub fn agrees(&self) -> bool {
        match (&self.store, &self.warehouse) {
            (Some(store), Some(warehouse)) => {
                let (delivery, progress) = (&store.delivery, &store.progress);
                delivery.revision == warehouse.delivery.revision
                    && progress.revision == warehouse.progress.revision
                    && !has_two_contents(store, warehouse)
            }
            // An order that neither side has any more.
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        }
    }

    /// Judges an order that differed at first by its states now.
    #[must_use]
    pub fn judge(&self, now: &Self) -> Verdict {
        if now.agrees() {
            return Verdict::Equal;
        }
        let at_warehouse = finding(self.store.as_ref(), now.warehouse.as_ref());
        let at_store = finding(self.warehouse.as_ref(), now.store.as_ref());
        let (at_store, at_warehouse, set_aside) = without_set_aside(now, at_store, at_warehouse);
        let has_two_contents = || match (&now.store, &now.warehouse) {
            (Some(store), Some(warehouse)) => has_two_contents(store, warehouse),
            (None, _) | (_, None) => false,
        };
        match kind(at_store, at_warehouse).or(set_aside) {
            Some(kind) => Verdict::Differs(kind),
            // A facet that nobody has changed is in no comparison of what a side lacks.
            None if has_two_contents() => Verdict::Differs(Kind::Different),
            None => Verdict::Moving,
        }
    }
}

/// Returns what the listener lacks of what the speaker had, whether it is set aside or not.
fn finding(speaker: Option<&OrderState>, listener: Option<&OrderState>) -> Finding {
    let speaker =
        speaker.map(|state| OrderState { parked: false, dropped: false, ..state.clone() });
    speaker.map_or(Finding::Covered, |speaker| compare(&speaker, listener))
}

/// Returns the findings without what the other side's parked or dropped change explains, and which of the two
/// explains any. A loss in the other direction stays, and is healed.
fn without_set_aside(
    now: &Pair,
    at_store: Finding,
    at_warehouse: Finding,
) -> (Finding, Finding, Option<Kind>) {
    let explains = |lost: Finding, speaker: &Option<OrderState>| match speaker {
        Some(speaker) if lost.is_a_loss() && speaker.parked => Some(Kind::Parked),
        Some(speaker) if lost.is_a_loss() && speaker.dropped => Some(Kind::Dropped),
        Some(_) | None => None,
    };
    let of_store = explains(at_warehouse, &now.store);
    let of_warehouse = explains(at_store, &now.warehouse);
    // Two contents of a revision are one difference, seen from both sides, which the store offers: that would
    // bring what is set aside there.
    let is_one = at_store == Finding::Different && at_warehouse == Finding::Different;
    let is_of_store = at_store == Finding::Different && of_store.is_some();
    let rest = |finding, is_explained| if is_explained { Finding::Covered } else { finding };
    let of_both = [of_store, of_warehouse];
    let parked = of_both.contains(&Some(Kind::Parked)).then_some(Kind::Parked);
    (
        rest(at_store, of_warehouse.is_some() || is_of_store),
        rest(at_warehouse, of_store.is_some() || (is_one && of_warehouse.is_some())),
        parked.or(of_store).or(of_warehouse),
    )
}

fn kind(at_store: Finding, at_warehouse: Finding) -> Option<Kind> {
    use Finding::{Behind, Covered, Different, Missing, Parked};
    match (at_store, at_warehouse) {
        (Missing, _) => Some(Kind::MissingAtStore),
        (_, Missing) => Some(Kind::MissingAtWarehouse),
        (Behind, Behind) => Some(Kind::BothBehind),
        (Behind, Covered | Parked | Different) => Some(Kind::StoreBehind),
        (Covered | Parked | Different, Behind) => Some(Kind::WarehouseBehind),
        (Different, Covered | Parked | Different) | (Covered | Parked, Different) => {
            Some(Kind::Different)
        }
        (Covered | Parked, Covered | Parked) => None,
    }
}

/// Returns whether the sides have a revision with two contents.
fn has_two_contents(store: &OrderState, warehouse: &OrderState) -> bool {
    let facets = [(&store.delivery, &warehouse.delivery), (&store.progress, &warehouse.progress)];
    facets.into_iter().any(|(store, warehouse)| store.contradicts(warehouse))
}

/// What two pages have in common: the range of ids that both cover.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Joined {
    /// The orders in the range that a side or both have, sorted by id.
    pub(super) pairs: Vec<Pair>,
    /// The end of the range; `None` if no order is after it.
    pub(super) upto: Option<Uuid>,
}

/// Joins the pages of both sides after one id.
#[must_use]
pub(super) fn join(store: StatesPage, warehouse: StatesPage) -> Joined {
    let upto = [store.upto, warehouse.upto].into_iter().flatten().min();
    let is_covered = |id: Uuid| upto.is_none_or(|upto| id <= upto);
    let mut pairs = BTreeMap::new();
    let pair = |id| Pair { id, store: None, warehouse: None };
    for state in store.orders.into_iter().filter(|state| is_covered(state.id)) {
        let id = state.id;
        pairs.entry(id).or_insert_with(|| pair(id)).store = Some(state);
    }
    for state in warehouse.orders.into_iter().filter(|state| is_covered(state.id)) {
        let id = state.id;
        pairs.entry(id).or_insert_with(|| pair(id)).warehouse = Some(state);
    }
    Joined { pairs: pairs.into_values().collect(), upto }
}

/// Pairs the states that both sides gave for some orders.
#[must_use]
pub(super) fn pair(ids: &[Uuid], store: Vec<OrderState>, warehouse: Vec<OrderState>) -> Vec<Pair> {
    let by_id = |states: Vec<OrderState>| {
        states.into_iter().map(|state| (state.id, state)).collect::<BTreeMap<_, _>>()
    };
    let (mut store, mut warehouse) = (by_id(store), by_id(warehouse));
    let pair =
        |id: &Uuid| Pair { id: *id, store: store.remove(id), warehouse: warehouse.remove(id) };
    ids.iter().map(pair).collect()
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
