//! The ledger's tests: reads that go back, and writes without an answer.

use super::*;

const SIDE: Side = Side::Store;

fn version(version: i64) -> Seen {
    Seen { version, order: None }
}

#[test]
fn a_read_that_began_after_a_newer_one_ended_must_not_be_older() {
    let (mut ledger, order) = (Ledger::default(), Uuid::new_v4());
    let early = ledger.read(SIDE, order);
    let begun = ledger.read(SIDE, order);
    ledger.shown(begun, version(3));
    // Begun before anybody had seen it, so it may have been answered before.
    ledger.shown(early, version(2));
    let elsewhere = ledger.read(SIDE.peer(), order);
    ledger.shown(elsewhere, version(1));
    assert_eq!(ledger.violations, []);
    let late = ledger.read(SIDE, order);
    ledger.shown(late, version(2));
    let gone = ledger.read(SIDE, order);
    ledger.refused(gone, 404);
    let rules: Vec<_> = ledger.violations.iter().map(|found| found.rule).collect();
    assert_eq!(rules, [Rule::ReadsGrow, Rule::ReadsGrow]);
}

#[test]
fn a_write_is_unknown_until_somebody_was_told() {
    let (mut ledger, order) = (Ledger::default(), Uuid::new_v4());
    let [first, second, _] = [(); 3].map(|()| ledger.write(SIDE, order, Wanted::Void));
    ledger.shown(first, version(1));
    ledger.refused(second, 409);
    let outcomes: Vec<_> = ledger.writes().iter().map(|write| &write.outcome).collect();
    let [acknowledged, refused] = [Outcome::Acknowledged(version(1)), Outcome::Refused(409)];
    assert_eq!(outcomes, [&acknowledged, &refused, &Outcome::Unknown]);
    assert_eq!(ledger.take_touched(), BTreeSet::from([order]));
    assert!(ledger.take_touched().is_empty());
}

#[test]
fn what_is_read_after_an_order_was_set_back_may_be_older_than_before_but_grows_again() {
    let (mut ledger, order) = (Ledger::default(), Uuid::new_v4());
    let show = |ledger: &mut Ledger, seen| {
        let begun = ledger.read(SIDE, order);
        ledger.shown(begun, version(seen));
    };
    show(&mut ledger, 5);
    let early = ledger.read(SIDE, order);
    ledger.begin_set_back(SIDE, order);
    show(&mut ledger, 5);
    show(&mut ledger, 2);
    ledger.end_set_back(SIDE, order, None, false);
    assert_eq!(ledger.take_unnoticed(), [(SIDE, order)]);
    ledger.shown(early, version(5));
    show(&mut ledger, 2);
    show(&mut ledger, 3);
    assert_eq!(ledger.violations, []);
    show(&mut ledger, 2);
    assert_eq!(ledger.violations.len(), 1);
}
