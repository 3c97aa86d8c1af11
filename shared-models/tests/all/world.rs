//! Two sides that share one order, with the real `revise` and rules. The transport between them is in
//! `wire_between`.

use shared_models::edit::{create, revise};
use shared_models::event::EventKind;
use shared_models::merge::Conflict;
use shared_models::order::{Shared, Touched};
use shared_models::rules::{CarryRule, Facts, Verdict, decide};
use shared_models::side::Side;
use shared_models::sync::OrderChange;

use crate::lineage::{Lineage, lost_edit};
use crate::samples::{delivery, event};
use crate::steps::{Step, Wish};

/// A side, with the state of the one order.
pub(crate) struct Place {
    pub(crate) shared: Shared,
    /// All states that the order was in at the side.
    pub(crate) seen: Vec<Shared>,
    pub(crate) conflicts: Vec<Conflict>,
    /// The changes that were carried from the side; none is ever removed, so that it can come
    /// again.
    pub(crate) sent: Vec<OrderChange>,
    pub(crate) arrived: Vec<bool>,
}

pub(crate) struct World {
    pub(crate) store: Place,
    pub(crate) warehouse: Place,
    pub(crate) lineage: Lineage,
    /// The number of changes that were decided or offered at a side.
    pub(crate) spoken: usize,
    rules: &'static [CarryRule],
}

impl World {
    /// Creates an order that was placed at the store, and that the warehouse does not know yet.
    pub(crate) fn new(rules: &'static [CarryRule]) -> Self {
        let mut lineage = Lineage::default();
        let mut first = delivery();
        lineage.mark(&mut first.unknown);
        let born = create(first);
        lineage.replaced(&Shared::default(), &born);
        let place = |shared: Shared| Place {
            seen: vec![shared.clone()],
            shared,
            conflicts: vec![],
            sent: vec![],
            arrived: vec![],
        };
        let mut world = Self {
            store: place(born),
            warehouse: place(Shared::default()),
            lineage,
            spoken: 0,
            rules,
        };
        world.speak(Side::Store, EventKind::Created, Touched::Delivery);
        world
    }

    pub(crate) fn after(rules: &'static [CarryRule], steps: &[Step]) -> Self {
        let mut world = Self::new(rules);
        steps.iter().for_each(|step| world.step(step));
        world
    }

    pub(crate) fn at(&self, side: Side) -> &Place {
        match side {
            Side::Store => &self.store,
            Side::Warehouse => &self.warehouse,
        }
    }

    pub(crate) fn at_mut(&mut self, side: Side) -> &mut Place {
        match side {
            Side::Store => &mut self.store,
            Side::Warehouse => &mut self.warehouse,
        }
    }

    pub(crate) fn step(&mut self, step: &Step) {
        match step {
            Step::Edit(side, wish) => self.edit(*side, *wish),
            Step::Offer(side) => {
                if self.knows(*side) {
                    self.speak(*side, EventKind::Offered, Touched::Both);
                }
            }
            Step::Carry { to, picks, coalesced } => {
                let sent = self.at(to.peer()).sent.len();
                if sent > 0 {
                    let picks: Vec<usize> = picks.iter().map(|pick| pick.index(sent)).collect();
                    self.carry(*to, &picks, *coalesced);
                }
            }
        }
    }

    fn knows(&self, side: Side) -> bool {
        self.at(side).shared != Shared::default()
    }

    /// Makes an edit, if the order is known at the side and the move is legal.
    fn edit(&mut self, side: Side, wish: Wish) {
        if !self.knows(side) {
            return;
        }
        let before = self.at(side).shared.clone();
        let (mut delivery, mut progress) = wish.of(&before);
        if delivery != before.delivery.value {
            self.lineage.mark(&mut delivery.unknown);
        }
        if progress != before.progress.value {
            self.lineage.mark(&mut progress.unknown);
        }
        let Ok((after, touched)) = revise(side, &before, delivery, progress) else {
            return;
        };
        if touched != Touched::Nothing {
            self.lineage.replaced(&before, &after);
            self.put(side, after);
            self.speak(side, EventKind::Updated, touched);
        }
    }

    pub(crate) fn put(&mut self, side: Side, shared: Shared) {
        let place = self.at_mut(side);
        place.seen.push(shared.clone());
        place.shared = shared;
    }

    fn speak(&mut self, side: Side, kind: EventKind, touched: Touched) {
        self.spoken += 1;
        self.publish(side, side, kind, touched);
    }

    /// Applies the rules to a change in the side's log, and sends it if they let it through.
    pub(crate) fn publish(&mut self, side: Side, origin: Side, kind: EventKind, touched: Touched) {
        let mut event = event(origin, touched, self.at(side).shared.clone());
        event.kind = kind;
        match decide(self.rules, Facts::of(side, &event)) {
            Verdict::Carry(cargo) => {
                let place = self.at_mut(side);
                place.sent.push(OrderChange::of(event, cargo));
                place.arrived.push(false);
            }
            Verdict::Drop(_) => {}
        }
    }

    /// Returns the edits that are recorded as having given way to a concurrent one.
    pub(crate) fn shown(&self) -> Vec<u64> {
        let both = self.store.conflicts.iter().chain(&self.warehouse.conflicts);
        both.filter_map(lost_edit).collect()
    }
}
