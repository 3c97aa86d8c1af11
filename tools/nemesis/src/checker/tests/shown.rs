//! Reads of something that stands nowhere.

use super::*;
use crate::seen::Content;

/// A history in which every state of the order was read at both sides.
fn read() -> Story {
    let mut story = Story::of_an_order();
    story.reads(STORE);
    story.carry(STORE);
    story.reads(WAREHOUSE);
    story.comments(WAREHOUSE, "t1");
    story.reads(WAREHOUSE);
    story.prices(300);
    story.reads(STORE);
    story.carry(WAREHOUSE);
    story.reads(STORE);
    story.notes("t2");
    story.reads(WAREHOUSE);
    story
}

#[test]
fn what_was_read_of_each_state_is_in_the_log() {
    assert_eq!(check(&read().case), []);
}

#[test]
fn a_read_of_a_version_that_never_was_is_noticed() {
    let mut story = read();
    story.case.reads[1].seen.version += 7;
    assert_eq!(broken(&story.case), [Rule::Shown]);
    // As if it had been read before it was rolled back.
    let mut story = read();
    story.comments(STORE, "t3");
    story.reads(STORE);
    story.case.writes.pop();
    story.case.sides.store.changes.pop();
    let last = story.last_mut(STORE).clone();
    let row = story.row_mut(STORE);
    (row.version, row.shared) = (last.version, last.event.shared);
    assert_eq!(broken(&story.case), [Rule::Shown]);
}

/// Changes what was read.
type Otherwise = fn(&mut Content);

#[test]
fn a_read_of_something_else_than_the_log_has_is_noticed() {
    let shown_otherwise: [(usize, Otherwise); 5] = [
        (0, |shown| shown.shared.delivery.value.lines[0].quantity += 1),
        (2, |shown| shown.shared.progress.value.tracking = Some("t9".to_owned())),
        // The first price is read as one that was set later, and a note before there was any.
        (0, |shown| shown.shown["lines"][0]["unit_price"] = 300.into()),
        (1, |shown| shown.shown["picker_note"] = "t2".into()),
        (5, |shown| shown.shown["bin"] = "B8".into()),
    ];
    for (read_at, otherwise) in shown_otherwise {
        let mut story = read();
        otherwise(Arc::make_mut(story.case.reads[read_at].seen.order.as_mut().unwrap()));
        assert_eq!(broken(&story.case), [Rule::Shown], "{:?}", story.case.reads[read_at]);
    }
}

#[test]
fn a_version_that_an_order_had_twice_may_be_read_as_either_and_as_nothing_else() {
    let mut story = Story::of_an_order();
    story.carry(STORE);
    story.comments(STORE, "t1");
    story.reads(STORE);
    story.set_back(STORE, 0);
    story.reads(STORE);
    story.comments(STORE, "t2");
    story.reads(STORE);
    story.comments(STORE, "t3");
    story.carry(STORE);
    let versions = story.case.reads.iter().map(|read| read.seen.version).collect::<Vec<_>>();
    assert_eq!(versions, [2, 1, 2]);
    assert_eq!(check(&story.case), []);
    let content = Arc::make_mut(story.case.reads[0].seen.order.as_mut().unwrap());
    content.shared.delivery.value.comment = Some("t3".to_owned());
    assert_eq!(broken(&story.case), [Rule::Shown]);
}
