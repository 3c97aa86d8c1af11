//! The edits that a side may make besides moves, and the resulting revisions.

use shared_models::edit::{Refusal, create, revise};
use shared_models::order::{Delivery, Progress, Status, Touched};
use shared_models::revision::Revision;
use shared_models::side::Side;

use crate::samples::{carried_by, delivery, delivery_to, line, progress, rev, shared};

fn with_lines(lines: &[(&str, u32)]) -> Delivery {
    Delivery { lines: lines.iter().map(|(sku, pieces)| line(sku, *pieces)).collect(), ..delivery() }
}

#[test]
fn an_order_is_born_with_one_change_of_the_store_and_no_progress() {
    let order = create(delivery());
    assert_eq!(order.delivery.revision, rev(1, 0));
    assert_eq!(order.delivery.value, delivery());
    assert_eq!(order.progress.revision, Revision::ZERO);
    assert_eq!(order.progress.value, Progress::default());
}

#[test]
fn an_edit_which_changes_nothing_touches_nothing_in_any_status() {
    for side in Side::ALL {
        for status in Status::ALL {
            let before = shared(status);
            let same = revise(side, &before, delivery(), progress(status));
            assert_eq!(same, Ok((before, Touched::Nothing)), "{side}, {status}");
        }
    }
}

#[test]
fn an_edit_adds_one_to_the_count_of_its_own_side_in_the_facets_that_it_touches() {
    for side in Side::ALL {
        let before = shared(Status::Picking);
        let (after, touched) =
            revise(side, &before, delivery_to("9 Hill"), progress(Status::Voided))
                .expect("both may be changed");
        assert_eq!(touched, Touched::Both);
        assert_eq!(after.delivery.revision, before.delivery.revision.next(side));
        assert_eq!(after.progress.revision, before.progress.revision.next(side));
    }
    assert_eq!(rev(3, 5).next(Side::Store), rev(4, 5));
    assert_eq!(rev(3, 5).next(Side::Warehouse), rev(3, 6));
}

#[test]
fn a_delivery_is_open_while_placed_picking_or_packed_and_closed_after() {
    for side in Side::ALL {
        for status in Status::ALL {
            let result = revise(side, &shared(status), delivery_to("9 Hill"), progress(status));
            match status {
                Status::Placed | Status::Picking | Status::Packed => {
                    assert_eq!(result.expect("open").1, Touched::Delivery);
                }
                Status::Voided | Status::Shipped | Status::Delivered => {
                    assert_eq!(result, Err(Refusal::DeliveryClosed { status }), "{side}");
                }
            }
        }
    }
}

#[test]
fn the_edit_that_closes_an_order_may_still_change_its_delivery() {
    let packed = shared(Status::Packed);
    let fewer = with_lines(&[("bolt", 3), ("nut", 9)]);
    let result = revise(Side::Warehouse, &packed, fewer, progress(Status::Shipped));
    assert_eq!(result.expect("one edit").1, Touched::Both);
}

#[test]
fn the_warehouse_changes_quantities_and_takes_lines_out() {
    let placed = shared(Status::Placed);
    for lines in [&[("bolt", 1), ("nut", 12)][..], &[("nut", 9)][..]] {
        let wanted = with_lines(lines);
        let (after, touched) =
            revise(Side::Warehouse, &placed, wanted.clone(), Progress::default())
                .expect("no line is added");
        assert_eq!((after.delivery.value, touched), (wanted, Touched::Delivery));
    }
}

#[test]
fn the_warehouse_adds_no_line_neither_beside_the_others_nor_in_place_of_one() {
    let placed = shared(Status::Placed);
    for lines in [&[("bolt", 4), ("nut", 9), ("screw", 1)][..], &[("bolt", 4), ("screw", 9)][..]] {
        let refusal = revise(Side::Warehouse, &placed, with_lines(lines), Progress::default())
            .expect_err("a line is added");
        let sku = "screw".to_owned();
        assert_eq!(refusal, Refusal::LineAdded { sku });
        assert!(refusal.to_string().contains("\"screw\" is not in the order"));
        assert!(revise(Side::Store, &placed, with_lines(lines), Progress::default()).is_ok());
    }
}

#[test]
fn the_warehouse_sets_the_carrier_with_or_after_a_status_other_than_placed() {
    for from in Status::ALL {
        for to in from.moves(Side::Warehouse).iter().copied().chain([from]) {
            let wanted = carried_by("Swift", to);
            let result = revise(Side::Warehouse, &shared(from), delivery(), wanted.clone());
            match to {
                Status::Placed => assert_eq!(result, Err(Refusal::CarrierTooEarly)),
                Status::Picking
                | Status::Packed
                | Status::Voided
                | Status::Shipped
                | Status::Delivered => {
                    let (after, touched) = result.expect("a carrier");
                    assert_eq!((after.progress.value, touched), (wanted, Touched::Progress));
                }
            }
        }
    }
}

#[test]
fn the_store_neither_sets_nor_takes_away_what_the_carrier_says() {
    let tracked = |status| Progress { tracking: Some("T-1".to_owned()), ..progress(status) };
    for status in Status::ALL {
        for wanted in [carried_by("Swift", status), tracked(status)] {
            let result = revise(Side::Store, &shared(status), delivery(), wanted);
            assert_eq!(result, Err(Refusal::CarrierByStore), "{status}");
        }
    }
    let mut packed = shared(Status::Packed);
    packed.progress.value = carried_by("Swift", Status::Packed);
    let taken = revise(Side::Store, &packed, delivery(), progress(Status::Packed));
    assert_eq!(taken, Err(Refusal::CarrierByStore));
    let voided = revise(Side::Store, &packed, delivery(), carried_by("Swift", Status::Voided));
    assert_eq!(voided.expect("the carrier stays").1, Touched::Progress);
}

#[test]
fn a_refused_edit_of_one_facet_leaves_the_other_as_it_was_too() {
    let shipped = shared(Status::Shipped);
    let result =
        revise(Side::Warehouse, &shipped, delivery_to("9 Hill"), progress(Status::Delivered));
    let status = Status::Shipped;
    assert_eq!(result, Err(Refusal::DeliveryClosed { status }));
}

#[test]
fn line_order_does_not_matter_after_normalising() {
    let swapped = with_lines(&[("nut", 9), ("bolt", 4)]);
    assert_ne!(swapped, delivery());
    assert_eq!(swapped.clone().normalised(), delivery());
    for side in Side::ALL {
        let before = shared(Status::Shipped);
        let result =
            revise(side, &before, swapped.clone().normalised(), before.progress.value.clone());
        assert_eq!(result, Ok((before, Touched::Nothing)));
    }
}
