//! Reads of something that stands nowhere.

use super::*;
use crate::seen::Content;

/// A history in which every state of the order was read at both sides.
fn read() -> Recorded {
    let mut recorded = Recorded::of_an_order();
    recorded.reads(STORE);
    recorded.carry(STORE);
    recorded.reads(WAREHOUSE);
    recorded.comments(WAREHOUSE, "t1");
    recorded.reads(WAREHOUSE);
    recorded.prices(300);
    recorded.reads(STORE);
    recorded.carry(WAREHOUSE);
    recorded.reads(STORE);
    recorded.notes("t2");
    recorded.reads(WAREHOUSE);
    recorded
}

#[test]
fn what_was_read_of_each_state_is_in_the_log() {
    assert_eq!(check(&read().case), []);
}

#[test]
fn a_read_of_a_version_that_never_was_is_noticed() {
    let mut recorded = read();
    recorded.case.reads[1].seen.version += 7;
    assert_eq!(broken(&recorded.case), [Rule::Shown]);
    // As if it had been read before it was rolled back.
    let mut recorded = read();
    recorded.comments(STORE, "t3");
    recorded.reads(STORE);
    recorded.case.writes.pop();
    recorded.case.sides.store.changes.pop();
    let last = recorded.last_mut(STORE).clone();
    let row = recorded.row_mut(STORE);
    (row.version, row.shared) = (last.version, last.event.shared);
    assert_eq!(broken(&recorded.case), [Rule::Shown]);
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
        let mut recorded = read();
        otherwise(Arc::make_mut(recorded.case.reads[read_at].seen.order.as_mut().unwrap()));
        assert_eq!(broken(&recorded.case), [Rule::Shown], "{:?}", recorded.case.reads[read_at]);
    }
}

#[test]
fn a_version_that_an_order_had_twice_may_be_read_as_either_and_as_nothing_else() {
    let mut recorded = Recorded::of_an_order();
    recorded.carry(STORE);
    recorded.comments(STORE, "t1");
    recorded.reads(STORE);
    recorded.set_back(STORE, 0);
    recorded.reads(STORE);
    recorded.comments(STORE, "t2");
    recorded.reads(STORE);
    recorded.comments(STORE, "t3");
    recorded.carry(STORE);
    let versions = recorded.case.reads.iter().map(|read| read.seen.version).collect::<Vec<_>>();
    assert_eq!(versions, [2, 1, 2]);
    assert_eq!(check(&recorded.case), []);
    let content = Arc::make_mut(recorded.case.reads[0].seen.order.as_mut().unwrap());
    content.shared.delivery.value.comment = Some("t3".to_owned());
    assert_eq!(broken(&recorded.case), [Rule::Shown]);
}
