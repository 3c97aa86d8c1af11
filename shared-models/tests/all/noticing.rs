//! The other results of a merge: a late edit, and a side that was set back.

use shared_models::merge::{Cause, Choice, Conflict, Merged, merge};
use shared_models::order::{Shared, Status, Touched};
use shared_models::revision::Revision;
use shared_models::side::Side;
use shared_models::sync::OrderChange;

use crate::samples::{change, delivery_to, facet, progress, saying, shared};

/// Merges a new address from the store, which was set at `there`, into an order that is at `here`.
fn new_address(here: Status, there: Status) -> Merged {
    let address = facet(2, 0, delivery_to("9 Hill"));
    let arriving = match there {
        Status::Placed => change(address, None),
        Status::Picking | Status::Packed | Status::Voided | Status::Shipped | Status::Delivered => {
            change(address, Some(brought_to(there).progress))
        }
    };
    merge(Side::Warehouse, &brought_to(here), &arriving)
}

/// Returns an order that came to a status in as many steps as there are below it.
fn brought_to(status: Status) -> Shared {
    let mut order = shared(status);
    order.progress.revision = Revision { store: status as u32, warehouse: 0 };
    order
}

const OPEN: [Status; 3] = [Status::Placed, Status::Picking, Status::Packed];
const CLOSED: [Status; 3] = [Status::Voided, Status::Shipped, Status::Delivered];

#[test]
fn a_newer_delivery_that_meets_a_closed_order_is_applied_and_recorded_as_late() {
    for here in CLOSED {
        for there in Status::ALL {
            let merged = new_address(here, there);
            let kept = facet(2, 0, delivery_to("9 Hill"));
            assert_eq!(merged.shared.delivery, kept);
            let late = Choice { cause: Cause::Late, kept, lost: shared(here).delivery };
            assert_eq!(merged.conflicts, [Conflict::Delivery(late)], "{here}, {there}");
        }
    }
}

#[test]
fn a_delivery_that_meets_an_open_order_is_not_late() {
    for here in OPEN {
        for there in Status::ALL {
            assert_eq!(new_address(here, there).conflicts, [], "{here}, {there}");
        }
    }
}

#[test]
fn the_change_that_closes_the_order_does_not_make_its_own_delivery_late() {
    let voided = facet(1, 0, progress(Status::Voided));
    let arriving = change(facet(2, 0, delivery_to("9 Hill")), Some(voided));
    let merged = merge(Side::Warehouse, &shared(Status::Placed), &arriving);
    assert_eq!((merged.touched, merged.conflicts), (Touched::Both, vec![]));
}

#[test]
fn a_concurrent_delivery_at_a_closed_order_is_recorded_once_as_concurrent() {
    let mut here = shared(Status::Shipped);
    here.delivery = facet(1, 1, delivery_to("w"));
    let merged = merge(Side::Warehouse, &here, &change(facet(2, 0, delivery_to("s")), None));
    let [Conflict::Delivery(decided)] = &merged.conflicts[..] else {
        unreachable!("{:?}", merged.conflicts);
    };
    assert_eq!(decided.cause, Cause::Concurrent);
    assert_eq!(decided.lost, here.delivery);
}

/// Returns whether an order at `side` with these revisions counts as set back when a change with
/// those revisions arrives.
fn is_seems_set_back(side: Side, here: [Revision; 2], arriving: [Revision; 2]) -> bool {
    let order = |[delivery, progress]: [Revision; 2]| {
        let mut order = shared(Status::Packed);
        (order.delivery.revision, order.progress.revision) = (delivery, progress);
        order
    };
    merge(side, &order(here), &saying(&order(arriving))).set_back
}

#[test]
fn a_side_that_meets_more_of_its_own_changes_than_it_made_was_seems_set_back() {
    let here = [Revision { store: 2, warehouse: 2 }; 2];
    for side in Side::ALL {
        for facet in [0, 1] {
            let mut arriving = here;
            arriving[facet] = arriving[facet].next(side.peer());
            assert!(!is_seems_set_back(side, here, arriving), "the peer's own: {side}");
            arriving[facet] = arriving[facet].next(side);
            assert!(is_seems_set_back(side, here, arriving), "one more of its own: {side}");
        }
    }
}

#[test]
fn a_side_that_lost_an_order_is_told_so_by_its_peer() {
    let known_there = saying(&shared(Status::Placed));
    let nothing_here = Shared::default();
    assert!(merge(Side::Store, &nothing_here, &known_there).set_back);
    assert!(!merge(Side::Warehouse, &nothing_here, &known_there).set_back);
}

#[test]
fn a_side_that_was_seems_set_back_gets_its_order_again() {
    let known_there: OrderChange = saying(&shared(Status::Shipped));
    for side in Side::ALL {
        let merged = merge(side, &Shared::default(), &known_there);
        assert_eq!(saying(&merged.shared), known_there);
        assert!(merged.set_back, "{side}");
    }
}
