//! The checker's tests: a history without a fault, and one for each rule that can be broken.

use std::collections::BTreeSet;
use std::sync::Arc;

use shared_models::event::EventKind;
use shared_models::order::{Line, Status};
use shared_models::side::Side;
use uuid::Uuid;

use super::case::Case;
use super::check;
use crate::ledger::Outcome;
use crate::violation::Rule;
use crate::wanted::{Goods, Wanted};
use recorded::Recorded;

mod arrivals;
mod asked;
mod followed;
mod mirrored;
mod pulled;
mod recorded;
mod set_backs;
mod shown;

const STORE: Side = Side::Store;
const WAREHOUSE: Side = Side::Warehouse;

/// A history with edits that follow each other, and two that meet; the order is open at the end.
fn open() -> Recorded {
    let mut recorded = Recorded::of_an_order();
    recorded.carry(STORE);
    recorded.comments(WAREHOUSE, "t1");
    recorded.notes("t2");
    recorded.carry(WAREHOUSE);
    recorded.comments(STORE, "t3");
    recorded.comments(WAREHOUSE, "t4");
    recorded.carry(STORE);
    recorded.carry(WAREHOUSE);
    recorded
}

/// A history as above, after which the order is voided and shipped at once.
fn clean() -> Recorded {
    let mut recorded = open();
    recorded.moves(WAREHOUSE, Status::Picking, Some("t5"));
    recorded.moves(STORE, Status::Voided, None);
    recorded.moves(WAREHOUSE, Status::Shipped, Some("t6"));
    recorded.carry(STORE);
    recorded.carry(WAREHOUSE);
    recorded
}

fn broken(case: &Case) -> Vec<Rule> {
    check(case).into_iter().map(|found| found.rule).collect::<BTreeSet<_>>().into_iter().collect()
}

#[test]
fn a_clean_history_breaks_no_rule() {
    let recorded = clean();
    assert_eq!(check(&recorded.case), []);
    let conflicts = recorded.case.sides.store.changes.iter().flat_map(|change| &change.conflicts);
    assert_eq!(conflicts.flatten().count(), 2, "both facets met");
}

#[test]
fn an_acknowledged_write_that_is_not_in_the_log_is_noticed() {
    let mut recorded = Recorded::of_an_order();
    recorded.comments(STORE, "t1");
    recorded.carry(STORE);
    // The store lost it, the last change and the row with it, as if it had never been committed.
    recorded.case.sides.store.changes.pop();
    let before = recorded.case.sides.store.changes[0].clone();
    let row = recorded.row_mut(STORE);
    (row.shared, row.version) = (before.event.shared, before.version);
    let expected = [Rule::Acknowledged, Rule::FromThePeer, Rule::Equal];
    assert_eq!(broken(&recorded.case), expected);
}

#[test]
fn an_order_that_was_acknowledged_and_is_nowhere_is_noticed() {
    let mut recorded = Recorded::of_an_order();
    recorded.case.sides = Default::default();
    assert_eq!(broken(&recorded.case), [Rule::Acknowledged]);
}

#[test]
fn an_acknowledged_write_that_says_something_else_in_the_log_is_noticed() {
    for shared in [true, false] {
        let mut recorded = clean();
        let Outcome::Acknowledged(seen) = &mut recorded.case.writes[2].outcome else { panic!() };
        let content = Arc::make_mut(seen.order.as_mut().unwrap());
        match shared {
            true => content.shared.delivery.value.company = "Other".to_owned(),
            false => content.shown["picker_note"] = "other".into(),
        }
        assert_eq!(broken(&recorded.case), [Rule::Acknowledged]);
    }
}

#[test]
fn a_write_that_was_acknowledged_and_changed_nothing_is_noticed() {
    let token = || "t99".to_owned();
    let lines = vec![Line { sku: "LAMP".to_owned(), quantity: 2 }];
    let wanted = [
        Wanted::Delivery { comment: token(), goods: None },
        Wanted::Progress { status: Status::Shipped, tracking: token() },
        Wanted::Prices(Goods::at(99, lines)),
        Wanted::Note { bin: "B7".to_owned(), picker_note: token() },
    ];
    for wanted in wanted {
        let mut recorded = clean();
        let mut ignored = recorded.case.writes[1].clone();
        ignored.wanted = wanted;
        recorded.case.writes.push(ignored);
        assert_eq!(broken(&recorded.case), [Rule::Acknowledged]);
    }
}

#[test]
fn what_was_refused_or_asked_for_by_nobody_is_not_to_be_done() {
    let mut recorded = clean();
    recorded.case.writes[1].outcome = Outcome::Refused(409);
    assert_eq!(broken(&recorded.case), [Rule::Asked]);
    recorded.case.writes.remove(1);
    assert_eq!(broken(&recorded.case), [Rule::Asked]);
}

#[test]
fn what_nobody_was_told_of_may_have_been_done_or_not() {
    let mut recorded = clean();
    recorded.case.writes[1].outcome = Outcome::Unknown;
    let mut never_done = recorded.case.writes[1].clone();
    never_done.wanted = Wanted::Delivery { comment: "t99".to_owned(), goods: None };
    recorded.case.writes.push(never_done);
    assert_eq!(check(&recorded.case), []);
}

#[test]
fn a_write_that_was_done_twice_is_noticed() {
    let mut recorded = open();
    recorded.comments(WAREHOUSE, "t7");
    recorded.comments(WAREHOUSE, "t8");
    // The second one says what the first one said, and nobody else asked for it.
    recorded.case.writes.pop();
    let token = Some("t7".to_owned());
    recorded.last_mut(WAREHOUSE).event.shared.delivery.value.comment.clone_from(&token);
    recorded.row_mut(WAREHOUSE).shared.delivery.value.comment = token;
    recorded.carry(WAREHOUSE);
    assert_eq!(broken(&recorded.case), [Rule::Once]);
}

#[test]
fn versions_that_skip_and_revisions_that_fall_are_noticed() {
    let mut recorded = clean();
    recorded.last_mut(STORE).version += 1;
    recorded.row_mut(STORE).version += 1;
    assert_eq!(broken(&recorded.case), [Rule::Grows]);
    let mut recorded = Recorded::of_an_order();
    recorded.comments(STORE, "t1");
    recorded.carry(STORE);
    let first = recorded.case.sides.store.changes[0].clone();
    recorded.comments(STORE, "t2");
    // An older one is put over it.
    recorded.last_mut(STORE).event.shared = first.event.shared.clone();
    recorded.row_mut(STORE).shared = first.event.shared;
    assert!(broken(&recorded.case).contains(&Rule::Grows));
}

#[test]
fn an_event_that_is_recorded_twice_is_noticed() {
    let mut recorded = open();
    let last = recorded.last_mut(STORE).clone();
    let again = recorded.case.sides.store.changes.last_mut().unwrap();
    again.seq += 1;
    recorded.case.sides.store.changes.insert(recorded.case.sides.store.changes.len() - 1, last);
    assert!(broken(&recorded.case).contains(&Rule::RecordedOnce));
}

#[test]
fn what_arrives_from_nowhere_is_noticed() {
    let mut recorded = open();
    recorded.last_mut(STORE).event_id = Uuid::new_v4();
    assert_eq!(broken(&recorded.case), [Rule::FromThePeer]);
}

#[test]
fn what_is_not_published_and_what_is_published_back_is_noticed() {
    let mut recorded = open();
    recorded.comments(STORE, "t7");
    recorded.carry(STORE);
    recorded.last_mut(STORE).published = false;
    assert_eq!(broken(&recorded.case), [Rule::FromThePeer, Rule::Published]);
    let mut recorded = open();
    recorded.last_mut(STORE).published = true;
    assert_eq!(broken(&recorded.case), [Rule::Published]);
}

#[test]
fn an_order_that_is_not_what_its_log_says_is_noticed() {
    let mut recorded = open();
    recorded.row_mut(STORE).version += 1;
    assert_eq!(broken(&recorded.case), [Rule::Logged]);
    let mut recorded = open();
    recorded.row_mut(WAREHOUSE).private["picker_note"] = "other".into();
    assert_eq!(broken(&recorded.case), [Rule::Logged]);
    let mut recorded = open();
    recorded.case.sides.warehouse.row = None;
    assert_eq!(broken(&recorded.case), [Rule::Logged, Rule::Equal]);
}

#[test]
fn sides_that_differ_are_noticed() {
    let mut recorded = open();
    recorded.comments(STORE, "t7");
    assert_eq!(broken(&recorded.case), [Rule::Equal]);
    let recorded = Recorded::of_an_order();
    assert_eq!(broken(&recorded.case), [Rule::Equal]);
}

#[test]
fn a_revision_that_is_two_values_is_noticed() {
    let mut recorded = open();
    let address = "2 Side Street".to_owned();
    recorded.row_mut(WAREHOUSE).shared.delivery.value.address.clone_from(&address);
    recorded.last_mut(WAREHOUSE).event.shared.delivery.value.address = address;
    assert_eq!(broken(&recorded.case), [Rule::Equal, Rule::OneValue]);
}

#[test]
fn an_edit_that_gives_way_may_be_recorded_at_one_side_but_not_at_none() {
    let mut recorded = clean();
    let conflicts = |recorded: &mut Recorded, side| {
        let changes = recorded.case.sides.at_mut(side).changes.iter_mut();
        changes.for_each(|change| change.conflicts = None);
    };
    conflicts(&mut recorded, WAREHOUSE);
    assert_eq!(broken(&recorded.case), []);
    conflicts(&mut recorded, STORE);
    assert_eq!(broken(&recorded.case), [Rule::Told]);
}

#[test]
fn what_is_told_again_is_no_change_even_if_it_is_older_than_the_last_one() {
    let mut recorded = open();
    let changes = &mut recorded.case.sides.store.changes;
    let (mut offer, last) = (changes[0].clone(), changes.last().unwrap().seq);
    (offer.seq, offer.event_id, offer.event.kind) = (last + 1, Uuid::new_v4(), EventKind::Offered);
    offer.private = None;
    changes.push(offer);
    assert_eq!(check(&recorded.case), []);
}

#[test]
fn an_order_that_is_voided_at_both_sides_at_once_is_joined_without_a_record() {
    let mut recorded = Recorded::of_an_order();
    recorded.carry(STORE);
    recorded.moves(STORE, Status::Voided, None);
    recorded.moves(WAREHOUSE, Status::Voided, None);
    recorded.carry(STORE);
    let sent = recorded.case.sides.warehouse.changes.len() - 2;
    assert!(recorded.case.sides.warehouse.changes[sent].published);
    recorded.carry(WAREHOUSE);
    assert_eq!(check(&recorded.case), []);
}
