//! Arrivals that are recorded as something else.

use serde_json::json;

use super::set_backs::set_back;
use super::*;

#[test]
fn a_merge_that_a_side_publishes_as_a_change_of_its_own_is_noticed() {
    let mut story = open();
    let merge = story.last_mut(STORE);
    assert!(merge.is_merge() && merge.origin == WAREHOUSE);
    (merge.origin, merge.event.origin, merge.published) = (STORE, STORE, true);
    (merge.event_id, merge.event.id) = (Uuid::from_u128(1), Uuid::from_u128(1));
    assert_eq!(broken(&story.case), [Rule::Published]);
}

#[test]
fn a_list_of_no_conflicts_is_none() {
    let mut story = clean();
    let sides = [&mut story.case.sides.store, &mut story.case.sides.warehouse];
    for change in sides.into_iter().flat_map(|evidence| &mut evidence.changes) {
        change.conflicts.get_or_insert_default();
    }
    assert_eq!(check(&story.case), []);
    story.case.writes.remove(1);
    assert_eq!(broken(&story.case), [Rule::Asked]);
}

#[test]
fn what_arrives_and_overwrites_what_only_the_side_knows_is_noticed() {
    let overwrite = |story: &mut Story| {
        let private = json!({"bin": null, "picker_note": null});
        story.row_mut(WAREHOUSE).private = private.clone();
        story.last_mut(WAREHOUSE).private = Some(private);
    };
    // From the peer, alone and merged.
    let mut story = open();
    overwrite(&mut story);
    assert!(story.last_mut(WAREHOUSE).is_merge());
    assert_eq!(broken(&story.case), [Rule::Private]);
    story.comments(STORE, "t7");
    story.carry(STORE);
    overwrite(&mut story);
    assert_eq!(broken(&story.case), [Rule::Private]);
    // A decision between two that have one count.
    let mut story = set_back();
    overwrite(&mut story);
    assert_eq!(broken(&story.case), [Rule::Private]);
    let mut story = open();
    let mut offer = story.case.sides.warehouse.changes[0].clone();
    (offer.seq, offer.event_id, offer.event.kind) = (99, Uuid::new_v4(), EventKind::Offered);
    (offer.origin, offer.published, offer.private) = (WAREHOUSE, true, Some(json!({})));
    story.case.sides.warehouse.changes.push(offer);
    assert_eq!(broken(&story.case), [Rule::Private]);
}
