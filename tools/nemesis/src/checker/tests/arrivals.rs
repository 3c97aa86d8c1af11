//! Arrivals that are recorded as something else.

use serde_json::json;

use super::set_backs::set_back;
use super::*;

#[test]
fn a_merge_that_a_side_publishes_as_a_change_of_its_own_is_noticed() {
    let mut recorded = open();
    let merge = recorded.last_mut(STORE);
    assert!(merge.is_merge() && merge.origin == WAREHOUSE);
    (merge.origin, merge.event.origin, merge.published) = (STORE, STORE, true);
    (merge.event_id, merge.event.id) = (Uuid::from_u128(1), Uuid::from_u128(1));
    assert_eq!(broken(&recorded.case), [Rule::Published]);
}

#[test]
fn a_list_of_no_conflicts_is_none() {
    let mut recorded = clean();
    let sides = [&mut recorded.case.sides.store, &mut recorded.case.sides.warehouse];
    for change in sides.into_iter().flat_map(|evidence| &mut evidence.changes) {
        change.conflicts.get_or_insert_default();
    }
    assert_eq!(check(&recorded.case), []);
    recorded.case.writes.remove(1);
    assert_eq!(broken(&recorded.case), [Rule::Asked]);
}

#[test]
fn what_arrives_and_overwrites_what_only_the_side_knows_is_noticed() {
    let overwrite = |recorded: &mut Recorded| {
        let private = json!({"bin": null, "picker_note": null});
        recorded.row_mut(WAREHOUSE).private = private.clone();
        recorded.last_mut(WAREHOUSE).private = Some(private);
    };
    // From the peer, alone and merged.
    let mut recorded = open();
    overwrite(&mut recorded);
    assert!(recorded.last_mut(WAREHOUSE).is_merge());
    assert_eq!(broken(&recorded.case), [Rule::Private]);
    recorded.comments(STORE, "t7");
    recorded.carry(STORE);
    overwrite(&mut recorded);
    assert_eq!(broken(&recorded.case), [Rule::Private]);
    // A decision between two that have one count.
    let mut recorded = set_back();
    overwrite(&mut recorded);
    assert_eq!(broken(&recorded.case), [Rule::Private]);
    let mut recorded = open();
    let mut offer = recorded.case.sides.warehouse.changes[0].clone();
    (offer.seq, offer.event_id, offer.event.kind) = (99, Uuid::new_v4(), EventKind::Offered);
    (offer.origin, offer.published, offer.private) = (WAREHOUSE, true, Some(json!({})));
    recorded.case.sides.warehouse.changes.push(offer);
    assert_eq!(broken(&recorded.case), [Rule::Private]);
}
