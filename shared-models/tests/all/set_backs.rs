//! Set-backs: a side is set back and edits again, and both sides decide the same, whichever
//! notices.

use serde_json::json;
use shared_models::edit::revise;
use shared_models::marks::{LAST, Marks};
use shared_models::merge::{Cause, Conflict, Merged, merge};
use shared_models::order::{Facet, Shared, Status, Touched};
use shared_models::side::Side;

use crate::samples::{carried_by, delivery_to, facet, progress, rev, saying, shared};

/// Returns the order after a side has edited its address.
fn moved(side: Side, before: &Shared, to: &str) -> Shared {
    let delivery = delivery_to(to);
    revise(side, before, delivery, before.progress.value.clone()).expect("open").0
}

fn said(conflict: &Conflict) -> (Cause, &str, &str) {
    let Conflict::Delivery(decided) = conflict else { unreachable!("{conflict:?}") };
    (decided.cause, &decided.kept.value.address, &decided.lost.value.address)
}

/// Merges, at the other side, the result of a merge that counts as a change of one side.
fn travelled(to: Side, there: &Shared, merged: &Merged) -> Merged {
    assert!(merged.is_own_change);
    merge(to, there, &saying(&merged.shared))
}

#[test]
fn two_contents_of_one_revision_are_decided_alike_at_both_sides_and_join_without_a_record() {
    let before = shared(Status::Placed);
    let known = moved(Side::Store, &before, "2 Lost Lane");
    let again = moved(Side::Store, &before, "3 New Lane");
    assert_eq!(known.delivery.revision, again.delivery.revision);
    let at_store = merge(Side::Store, &again, &saying(&known));
    let at_warehouse = merge(Side::Warehouse, &known, &saying(&again));
    for (side, merged) in [(Side::Store, &at_store), (Side::Warehouse, &at_warehouse)] {
        assert_eq!(
            merged.conflicts.iter().map(said).collect::<Vec<_>>(),
            [(Cause::Diverged, "3 New Lane", "2 Lost Lane")]
        );
        assert_eq!(merged.shared.delivery.revision, rev(2, 0).next(side));
        assert_eq!((merged.touched, merged.is_own_change), (Touched::Delivery, true));
    }
    let joined = facet(3, 1, delivery_to("3 New Lane"));
    let ends = [
        travelled(Side::Store, &at_store.shared, &at_warehouse),
        travelled(Side::Warehouse, &at_warehouse.shared, &at_store),
    ];
    for end in &ends {
        assert_eq!((&end.shared.delivery, end.conflicts.len()), (&joined, 0));
        assert!(!end.is_own_change, "and it is told no more");
    }
    assert_eq!(ends[0].shared.delivery.marks, ends[1].shared.delivery.marks);
}

#[test]
fn what_was_decided_reaches_a_side_that_has_not_noticed() {
    let before = shared(Status::Placed);
    let known = moved(Side::Store, &before, "3 New Lane");
    let again = moved(Side::Store, &before, "2 Lost Lane");
    let at_warehouse = merge(Side::Warehouse, &known, &saying(&again));
    let at_store = travelled(Side::Store, &again, &at_warehouse);
    assert_eq!(at_store.shared, at_warehouse.shared);
    for late in [&known, &again] {
        for (side, here) in [(Side::Store, &at_store), (Side::Warehouse, &at_warehouse)] {
            let merged = merge(side, &here.shared, &saying(late));
            assert_eq!((merged.touched, merged.conflicts), (Touched::Nothing, vec![]), "{side}");
        }
    }
}

#[test]
fn an_edit_after_a_set_back_is_recorded_where_the_peer_has_edited_what_was_lost() {
    for side in Side::ALL {
        let before = shared(Status::Placed);
        let known = moved(side, &before, "2 Lost Lane");
        let edited = moved(side.peer(), &known, "3 Side Street");
        let again = moved(side, &before, "4 New Lane");
        let here = merge(side, &again, &saying(&edited));
        assert_eq!((&here.shared, here.is_own_change), (&edited, false), "the peer has it");
        let record = (Cause::Diverged, "3 Side Street", "4 New Lane");
        assert_eq!(here.conflicts.iter().map(said).collect::<Vec<_>>(), [record]);
        let there = merge(side.peer(), &edited, &saying(&again));
        assert_eq!(there.conflicts.iter().map(said).collect::<Vec<_>>(), [record], "{side}");
        let told = travelled(side, &here.shared, &there);
        assert_eq!((told.shared, told.conflicts), (there.shared, vec![]));
    }
}

#[test]
fn a_side_that_gets_its_later_state_again_records_what_stood_there() {
    let before = shared(Status::Placed);
    let latest = moved(Side::Store, &moved(Side::Store, &before, "2 Lane"), "3 Lane");
    let again = moved(Side::Store, &before, "4 New Lane");
    let was = before.delivery.value.address.as_str();
    // A mark shows that it was edited since.
    for (here, cause, lost) in
        [(&before, Cause::Restored, was), (&again, Cause::Diverged, "4 New Lane")]
    {
        let merged = merge(Side::Store, here, &saying(&latest));
        assert_eq!((&merged.shared, merged.set_back), (&latest, true));
        let record = (cause, "3 Lane", lost);
        assert_eq!(merged.conflicts.iter().map(said).collect::<Vec<_>>(), [record]);
    }
    let lost_whole = merge(Side::Store, &Shared::default(), &saying(&latest));
    assert_eq!(lost_whole.conflicts, [], "nothing stood there");
}

#[test]
fn a_status_never_goes_back_whatever_the_counts() {
    let shipped = facet(0, 1, progress(Status::Shipped));
    let packed = facet(0, 2, carried_by("Swift", Status::Packed));
    let order =
        |progress: &Facet<_>| Shared { progress: progress.clone(), ..shared(Status::Placed) };
    for (side, here, arriving) in [
        (Side::Warehouse, &shipped, &packed),
        (Side::Store, &packed, &shipped),
        (Side::Warehouse, &packed, &shipped),
        (Side::Store, &shipped, &packed),
    ] {
        let merged = merge(side, &order(here), &saying(&order(arriving)));
        assert_eq!(merged.shared.progress.value.status, Status::Shipped);
        assert_eq!(merged.shared.progress.revision, rev(0, 2).next(side));
        assert!(merged.is_own_change);
    }
}

#[test]
fn the_same_edit_made_again_is_no_conflict() {
    let before = shared(Status::Placed);
    let (known, again) =
        (moved(Side::Store, &before, "2 Lane"), moved(Side::Store, &before, "2 Lane"));
    for side in Side::ALL {
        let merged = merge(side, &known, &saying(&again));
        assert_eq!((merged.touched, merged.conflicts), (Touched::Nothing, vec![]));
    }
}

#[test]
fn a_number_that_a_database_writes_otherwise_makes_no_other_value() {
    let order = |number: &str| {
        let mut order = shared(Status::Placed);
        let number = serde_json::from_str(number).expect("a number");
        order.delivery.value.unknown.insert("weight".to_owned(), number);
        order
    };
    let (sent, stored) = (order("1e19"), order("10000000000000000000"));
    assert_ne!(sent, stored);
    let merged = merge(Side::Store, &stored, &saying(&sent));
    assert_eq!((merged.touched, merged.conflicts), (Touched::Nothing, vec![]));
}

#[test]
fn a_null_that_another_version_writes_makes_no_other_value() {
    let (absent, mut null) = (shared(Status::Placed), shared(Status::Placed));
    null.delivery.value.unknown.insert("gate".to_owned(), serde_json::Value::Null);
    assert_ne!(absent, null);
    for (here, incoming) in [(&absent, &null), (&null, &absent)] {
        let merged = merge(Side::Store, here, &saying(incoming));
        assert_eq!((merged.touched, merged.conflicts), (Touched::Nothing, vec![]));
    }
}

#[test]
fn an_edit_marks_the_facets_that_it_changes_for_its_own_side() {
    let before = shared(Status::Picking);
    let after = moved(Side::Warehouse, &before, "9 Hill");
    let [store, warehouse] = Side::ALL.map(|side| after.delivery.marks.of(side));
    assert_eq!((store, warehouse == 0, after.progress.marks), (0, false, Marks::UNKNOWN));
    let other = moved(Side::Warehouse, &before, "8 Hill").delivery.marks;
    assert_ne!(warehouse, other.of(Side::Warehouse));
}

#[test]
fn marks_stand_beside_the_revision_and_may_be_missing() {
    let marked = moved(Side::Store, &shared(Status::Placed), "9 Hill");
    let form = serde_json::to_value(&marked).expect("to JSON");
    let mark = marked.delivery.marks.of(Side::Store);
    assert_eq!(form["delivery"]["marks"], json!({ "store": mark }));
    assert!(form["progress"].get("marks").is_none());
    let read: Shared = serde_json::from_value(form).expect("from JSON");
    assert_eq!(read.delivery.marks, marked.delivery.marks);
    assert!(read.delivery.value.unknown.is_empty());
    // Earlier versions know only the last one of each side.
    let again = moved(Side::Store, &marked, "8 Hill");
    let form = serde_json::to_value(&again).expect("to JSON");
    let last = again.delivery.marks.of(Side::Store);
    assert_eq!(form["delivery"]["marks"], json!({ "store": last, "store_before": [mark] }));
    let read: Shared = serde_json::from_value(form).expect("from JSON");
    assert_eq!(read.delivery.marks, again.delivery.marks);
}

/// The order after each of a side's edits.
fn edited_often(side: Side, before: &Shared, edits: usize) -> Shared {
    (0..edits)
        .fold(before.clone(), |order, edit| moved(side, &order, &format!("{} New Lane", edit + 1)))
}

#[test]
fn of_several_edits_after_a_set_back_the_last_one_shows_what_the_first_took_the_count_of() {
    let before = shared(Status::Placed);
    let known = moved(Side::Store, &before, "0 Lost Lane");
    for edits in 1..=LAST {
        let again = edited_often(Side::Store, &before, edits);
        let merged = merge(Side::Warehouse, &known, &saying(&again));
        let last = format!("{edits} New Lane");
        assert_eq!(
            merged.conflicts.iter().map(said).collect::<Vec<_>>(),
            [(Cause::Diverged, last.as_str(), "0 Lost Lane")],
            "{edits} edits"
        );
        // Of one revision both are to be found out about, and otherwise the peer has the newer one.
        assert_eq!(merged.is_own_change, edits == 1, "{edits} edits");
        let once_more = merge(Side::Warehouse, &merged.shared, &saying(&known));
        assert_eq!((once_more.touched, once_more.conflicts), (Touched::Nothing, vec![]));
        // Nor after an edit by the one who has not heard of the decision.
        if edits > 1 {
            let later = moved(Side::Store, &again, "Later Lane");
            let merged = merge(Side::Warehouse, &merged.shared, &saying(&later));
            assert_eq!(merged.conflicts, vec![]);
            let once_more = merge(Side::Warehouse, &merged.shared, &saying(&known));
            assert_eq!((once_more.touched, once_more.conflicts), (Touched::Nothing, vec![]));
        }
    }
    let beyond = edited_often(Side::Store, &before, LAST + 1);
    let merged = merge(Side::Warehouse, &known, &saying(&beyond));
    assert_eq!((merged.conflicts.len(), merged.shared.delivery), (0, beyond.delivery));
}

#[test]
fn edits_without_a_set_back_are_never_told_apart() {
    let mut orders = vec![shared(Status::Placed)];
    for edit in 0..2 * LAST {
        let side = if edit % 3 == 0 { Side::Warehouse } else { Side::Store };
        let order = moved(side, orders.last().expect("one"), &format!("{edit} Lane"));
        orders.push(order);
    }
    for earlier in &orders {
        for later in &orders {
            let merged = merge(Side::Warehouse, earlier, &saying(later));
            assert!(!merged.conflicts.iter().any(|it| it.cause() == Cause::Diverged));
        }
    }
}
