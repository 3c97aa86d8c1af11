//! Orders that were put back to an earlier state.

use shared_models::marks::LAST;

use super::*;

/// A history in which the store's order is put back to what it was before `t1`, which the warehouse
/// knows, and edited.
pub(super) fn set_back() -> Recorded {
    let mut recorded = Recorded::of_an_order();
    recorded.carry(STORE);
    recorded.comments(STORE, "t1");
    recorded.carry(STORE);
    recorded.set_back(STORE, 0);
    recorded.comments(STORE, "t2");
    recorded.carry(STORE);
    recorded.carry(WAREHOUSE);
    recorded
}

/// Edits more often than there are marks.
fn edit_often(recorded: &mut Recorded) {
    for edit in 0..=LAST {
        recorded.comments(STORE, &format!("often{edit}"));
    }
}

#[test]
fn a_decision_about_a_side_that_was_set_back_is_asked_for_by_nobody_and_is_well() {
    let recorded = set_back();
    let decided = recorded.case.sides.warehouse.changes.last().unwrap();
    assert_eq!((decided.origin, decided.published), (WAREHOUSE, true));
    assert_eq!(decided.conflicts.as_ref().unwrap().len(), 1);
    assert!(broken(&recorded.case).is_empty(), "{:?}", check(&recorded.case));
}

#[test]
fn a_decision_without_its_record_is_noticed() {
    let mut recorded = set_back();
    recorded.last_mut(WAREHOUSE).conflicts = None;
    assert!(broken(&recorded.case).contains(&Rule::Asked));
}

#[test]
fn a_decision_about_an_order_that_nobody_put_back_is_noticed() {
    let mut recorded = set_back();
    recorded.case.sides.store.set_backs.clear();
    assert!(broken(&recorded.case).contains(&Rule::OneValue));
}

#[test]
fn a_set_back_loses_what_only_its_side_knew_and_nothing_else() {
    for peer_knows in [false, true] {
        let mut recorded = Recorded::of_an_order();
        recorded.carry(STORE);
        recorded.comments(STORE, "t1");
        if peer_knows {
            recorded.carry(STORE);
        }
        recorded.set_back(STORE, 0);
        // The last one alone comes across, and no longer has the mark of the first.
        edit_often(&mut recorded);
        recorded.carry(STORE);
        let expected: &[Rule] = if peer_knows { &[Rule::Told] } else { &[] };
        assert_eq!(broken(&recorded.case), expected, "{:?}", check(&recorded.case));
    }
}

#[test]
fn what_its_side_and_then_its_peer_were_set_back_from_may_be_lost() {
    for peer_is_last in [true, false] {
        let mut recorded = Recorded::of_an_order();
        recorded.carry(STORE);
        if !peer_is_last {
            // Before there was anything to be lost.
            recorded.set_back(WAREHOUSE, 0);
        }
        recorded.comments(STORE, "t1");
        recorded.carry(STORE);
        recorded.set_back(STORE, 0);
        if peer_is_last {
            recorded.set_back(WAREHOUSE, 0);
        }
        edit_often(&mut recorded);
        recorded.carry(STORE);
        let expected: &[Rule] = if peer_is_last { &[] } else { &[Rule::Told] };
        assert_eq!(broken(&recorded.case), expected, "{:?}", check(&recorded.case));
    }
}
