//! The orders that nobody but this side, or a person, is to offer again. Pure.

use std::collections::{HashMap, HashSet};

use serde::Deserialize;
use shared_models::order::Shared;
use shared_models::revision::Revision;
use shared_models::side::Side;
use uuid::Uuid;

/// The orders that are set aside at a side.
#[derive(Debug)]
pub(super) struct SetAside {
    side: Side,
    parked: HashSet<Uuid>,
    dropped: HashMap<Uuid, Vec<Said>>,
}

/// The revisions of an order in a message.
#[derive(Debug, Deserialize)]
struct Said {
    delivery: Revised,
    progress: Revised,
}

#[derive(Debug, Deserialize)]
struct Revised {
    revision: Revision,
}

impl SetAside {
    pub(super) fn of(side: Side) -> Self {
        Self { side, parked: HashSet::default(), dropped: HashMap::default() }
    }

    pub(super) fn add_parked(&mut self, order: Uuid) {
        self.parked.insert(order);
    }

    /// Adds an order of which this message was dropped. One that cannot be read says nothing of an order.
    pub(super) fn add_dropped(&mut self, order: Uuid, message: &[u8]) {
        if let Ok(said) = serde_json::from_slice(message) {
            self.dropped.entry(order).or_default().push(said);
        }
    }

    /// Returns whether a change of the order is parked.
    pub(super) fn is_parked(&self, order: Uuid) -> bool {
        self.parked.contains(&order)
    }

    /// Returns whether a person dropped the newest of what this side has decided about the order. Where it
    /// has decided more since, or was set back behind that, nobody has dropped what it has now. (Whatever the
    /// log says: it may be trimmed, and what the peer gives back after a set-back is not published.)
    pub(super) fn is_dropped(&self, order: Uuid, shared: &Shared) -> bool {
        let own = |delivery: Revision, progress: Revision| {
            (delivery.of(self.side), progress.of(self.side))
        };
        let now = own(shared.delivery.revision, shared.progress.revision);
        let mut dropped = self.dropped.get(&order).into_iter().flatten();
        dropped.any(|said| own(said.delivery.revision, said.progress.revision) == now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shared(delivery: (u32, u32), progress: u32) -> Shared {
        let mut shared = Shared::default();
        shared.delivery.revision = Revision { store: delivery.0, warehouse: delivery.1 };
        shared.progress.revision = Revision { store: 0, warehouse: progress };
        shared
    }

    fn dropped(side: Side, said: &Shared) -> impl Fn(&Shared) -> bool + use<> {
        let mut set_aside = SetAside::of(side);
        set_aside.add_dropped(Uuid::nil(), &serde_json::to_vec(said).unwrap());
        move |now| set_aside.is_dropped(Uuid::nil(), now)
    }

    #[test]
    fn what_was_dropped_is_that_for_as_long_as_the_side_decides_nothing_more() {
        let (edited, picked) = (shared((5, 1), 0), shared((5, 1), 2));
        let at_store = dropped(Side::Store, &edited);
        assert!(at_store(&shared((5, 1), 0)));
        assert!(at_store(&shared((5, 2), 3)), "the warehouse has decided more");
        assert!(!at_store(&shared((6, 1), 0)), "decided since");
        assert!(!at_store(&shared((4, 1), 0)), "set back behind it");
        let at_warehouse = dropped(Side::Warehouse, &picked);
        assert!(at_warehouse(&shared((6, 1), 2)));
        assert!(!at_warehouse(&shared((5, 1), 3)));
        assert!(!at_warehouse(&shared((5, 2), 2)));
    }

    #[test]
    fn a_message_that_cannot_be_read_says_nothing_of_an_order() {
        let mut set_aside = SetAside::of(Side::Store);
        set_aside.add_dropped(Uuid::nil(), b"{}");
        set_aside.add_parked(Uuid::max());
        assert!(!set_aside.is_dropped(Uuid::nil(), &Shared::default()));
        assert!(set_aside.is_parked(Uuid::max()) && !set_aside.is_parked(Uuid::nil()));
    }
}
