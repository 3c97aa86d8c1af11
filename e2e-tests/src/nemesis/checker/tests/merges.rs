//! Merges that were recorded as what they are not.

use super::*;

#[test]
fn a_merge_that_a_site_publishes_as_a_change_of_its_own_is_noticed() {
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
    let sites = [&mut story.case.sides.store, &mut story.case.sides.warehouse];
    for change in sites.into_iter().flat_map(|side| &mut side.changes) {
        change.conflicts.get_or_insert_default();
    }
    assert_eq!(check(&story.case), []);
    story.case.writes.remove(1);
    assert_eq!(broken(&story.case), [Rule::Asked]);
}
