//! `merge` as a table: the relation of the arriving value to the present one, and the result.

use shared_models::merge::{Cause, Choice, Conflict, Merged, merge};
use shared_models::order::{Delivery, Facet, Progress, Shared, Status, Touched};
use shared_models::revision::{Relation, Revision};
use shared_models::side::Side;

use crate::samples::{carried_by, change, delivery_to, facet, progress, rev};

/// The relations of the arriving value to the present one, each with its revision and the present
/// one.
const RELATIONS: [(Relation, Revision, Revision); 7] = [
    (Relation::Same, rev(2, 1), rev(2, 1)),
    (Relation::Older, rev(1, 1), rev(2, 1)),
    (Relation::Older, rev(1, 0), rev(2, 1)),
    (Relation::Newer, rev(3, 1), rev(2, 1)),
    (Relation::Newer, rev(4, 1), rev(2, 1)),
    (Relation::Concurrent, rev(1, 2), rev(2, 1)),
    (Relation::Concurrent, rev(3, 0), rev(2, 1)),
];

/// Merges one facet of an order whose other facet is the same on both sides.
fn merge_deliveries(here: &Facet<Delivery>, arriving: &Facet<Delivery>) -> Merged {
    let here = Shared { delivery: here.clone(), progress: Facet::default() };
    merge(Side::Warehouse, &here, &change(arriving.clone(), None))
}

fn merge_progress(here: &Facet<Progress>, arriving: &Facet<Progress>) -> Merged {
    let delivery = facet(1, 0, delivery_to("1 Quay Street"));
    let here = Shared { delivery: delivery.clone(), progress: here.clone() };
    merge(Side::Warehouse, &here, &change(delivery, Some(arriving.clone())))
}

#[test]
fn revisions_compare_by_both_counts() {
    for (relation, this, that) in RELATIONS {
        let mirrored = match relation {
            Relation::Older => Relation::Newer,
            Relation::Newer => Relation::Older,
            Relation::Same | Relation::Concurrent => relation,
        };
        assert_eq!(this.relation_to(that), relation);
        assert_eq!(that.relation_to(this), mirrored);
        let covers = matches!(relation, Relation::Same | Relation::Newer);
        assert_eq!(this.covers(that), covers);
    }
}

#[test]
fn what_is_older_changes_nothing_and_newer_replaces_a_delivery() {
    for (relation, arriving, here) in RELATIONS {
        let here = Facet::unmarked(here, delivery_to("here"));
        let arriving = Facet::unmarked(arriving, delivery_to("there"));
        let merged = merge_deliveries(&here, &arriving);
        let (expected, touched) = match relation {
            Relation::Older => (here, Touched::Nothing),
            Relation::Newer => (arriving, Touched::Delivery),
            Relation::Same | Relation::Concurrent => continue,
        };
        assert_eq!((merged.shared.delivery, merged.touched), (expected, touched));
        assert_eq!(merged.conflicts, [], "{relation:?}");
    }
}

#[test]
fn what_is_older_changes_nothing_and_newer_replaces_progress() {
    for (relation, arriving, here) in RELATIONS {
        let here = Facet::unmarked(here, carried_by("here", Status::Packed));
        let arriving = Facet::unmarked(arriving, carried_by("there", Status::Packed));
        let merged = merge_progress(&here, &arriving);
        let (expected, touched) = match relation {
            Relation::Older => (here, Touched::Nothing),
            Relation::Newer => (arriving, Touched::Progress),
            Relation::Same | Relation::Concurrent => continue,
        };
        assert_eq!((merged.shared.progress, merged.touched), (expected, touched));
        assert_eq!(merged.conflicts, [], "{relation:?}");
    }
}

#[test]
fn of_concurrent_deliveries_the_one_with_the_larger_store_count_stands() {
    let (fewer, more) = (facet(1, 2, delivery_to("w")), facet(2, 1, delivery_to("s")));
    for (here, arriving) in [(&fewer, &more), (&more, &fewer)] {
        let merged = merge_deliveries(here, arriving);
        assert_eq!(merged.shared.delivery, facet(2, 2, delivery_to("s")));
        assert_eq!(merged.touched, Touched::Delivery);
        let (kept, lost) = (more.clone(), fewer.clone());
        let cause = Cause::Concurrent;
        assert_eq!(merged.conflicts, [Conflict::Delivery(Choice { cause, kept, lost })]);
    }
}

#[test]
fn of_concurrent_progress_the_higher_rank_stands_whatever_the_counts() {
    for low in Status::ALL {
        for high in Status::ALL.into_iter().filter(|high| *high > low) {
            for (of_low, of_high) in [(rev(1, 2), rev(2, 1)), (rev(2, 1), rev(1, 2))] {
                let low = Facet::unmarked(of_low, progress(low));
                let high = Facet::unmarked(of_high, progress(high));
                for (here, arriving) in [(&low, &high), (&high, &low)] {
                    let merged = merge_progress(here, arriving);
                    assert_eq!(merged.shared.progress, facet(2, 2, high.value.clone()));
                    let (kept, lost) = (high.clone(), low.clone());
                    let cause = Cause::Concurrent;
                    assert_eq!(
                        merged.conflicts,
                        [Conflict::Progress(Choice { cause, kept, lost })]
                    );
                }
            }
        }
    }
}

#[test]
fn on_a_tie_of_rank_the_progress_with_the_larger_warehouse_count_stands() {
    for status in Status::ALL {
        let fewer = facet(2, 1, carried_by("s", status));
        let more = facet(1, 2, carried_by("w", status));
        for (here, arriving) in [(&fewer, &more), (&more, &fewer)] {
            let merged = merge_progress(here, arriving);
            assert_eq!(merged.shared.progress, facet(2, 2, carried_by("w", status)));
            assert_eq!((merged.touched, merged.conflicts.len()), (Touched::Progress, 1));
        }
    }
}

#[test]
fn each_facet_is_merged_by_itself() {
    let here = Shared {
        delivery: facet(2, 0, delivery_to("s")),
        progress: facet(0, 1, progress(Status::Picking)),
    };
    let arriving =
        change(facet(1, 1, delivery_to("w")), Some(facet(0, 2, progress(Status::Packed))));
    let merged = merge(Side::Store, &here, &arriving);
    assert_eq!(merged.shared.delivery, facet(2, 1, delivery_to("s")));
    assert_eq!(merged.shared.progress, facet(0, 2, progress(Status::Packed)));
    assert_eq!((merged.touched, merged.conflicts.len()), (Touched::Both, 1));
}

#[test]
fn a_change_without_progress_leaves_the_progress_as_it_is() {
    let here = Shared {
        delivery: facet(1, 0, delivery_to("old")),
        progress: facet(0, 1, progress(Status::Picking)),
    };
    let merged = merge(Side::Warehouse, &here, &change(facet(2, 0, delivery_to("new")), None));
    assert_eq!((merged.shared.progress, merged.touched), (here.progress, Touched::Delivery));
}

#[test]
fn both_facets_in_conflict_leave_two_records() {
    let here = Shared {
        delivery: facet(2, 0, delivery_to("s")),
        progress: facet(1, 0, progress(Status::Voided)),
    };
    let progress = facet(0, 1, progress(Status::Shipped));
    let merged = merge(Side::Store, &here, &change(facet(1, 1, delivery_to("w")), Some(progress)));
    let [Conflict::Delivery(delivery), Conflict::Progress(progress)] = &merged.conflicts[..] else {
        unreachable!("{:?}", merged.conflicts);
    };
    assert_eq!(delivery.lost, facet(1, 1, delivery_to("w")));
    assert_eq!(progress.lost, here.progress);
}
