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
use story::Story;

mod arrivals;
mod asked;
mod set_backs;
mod shown;
mod story;

const STORE: Side = Side::Store;
const WAREHOUSE: Side = Side::Warehouse;

/// A history with edits that follow each other, and two that meet; the order is open at the end.
fn open() -> Story {
    let mut story = Story::of_an_order();
    story.carry(STORE);
    story.comments(WAREHOUSE, "t1");
    story.notes("t2");
    story.carry(WAREHOUSE);
    story.comments(STORE, "t3");
    story.comments(WAREHOUSE, "t4");
    story.carry(STORE);
    story.carry(WAREHOUSE);
    story
}

/// A history as above, after which the order is voided and shipped at once.
fn clean() -> Story {
    let mut story = open();
    story.moves(WAREHOUSE, Status::Picking, Some("t5"));
    story.moves(STORE, Status::Voided, None);
    story.moves(WAREHOUSE, Status::Shipped, Some("t6"));
    story.carry(STORE);
    story.carry(WAREHOUSE);
    story
}

fn broken(case: &Case) -> Vec<Rule> {
    check(case).into_iter().map(|found| found.rule).collect::<BTreeSet<_>>().into_iter().collect()
}

#[test]
fn a_clean_history_breaks_no_rule() {
    let story = clean();
    assert_eq!(check(&story.case), []);
    let conflicts = story.case.sides.store.changes.iter().flat_map(|change| &change.conflicts);
    assert_eq!(conflicts.flatten().count(), 2, "both facets met");
}

#[test]
fn an_acknowledged_write_that_is_not_in_the_log_is_noticed() {
    let mut story = Story::of_an_order();
    story.comments(STORE, "t1");
    story.carry(STORE);
    // The store lost it, the last change and the row with it, as if it had never been committed.
    story.case.sides.store.changes.pop();
    let before = story.case.sides.store.changes[0].clone();
    let row = story.row_mut(STORE);
    (row.shared, row.version) = (before.event.shared, before.version);
    let expected = [Rule::Acknowledged, Rule::FromThePeer, Rule::Equal];
    assert_eq!(broken(&story.case), expected);
}

#[test]
fn an_order_that_was_acknowledged_and_is_nowhere_is_noticed() {
    let mut story = Story::of_an_order();
    story.case.sides = Default::default();
    assert_eq!(broken(&story.case), [Rule::Acknowledged]);
}

#[test]
fn an_acknowledged_write_that_says_something_else_in_the_log_is_noticed() {
    for shared in [true, false] {
        let mut story = clean();
        let Outcome::Acknowledged(seen) = &mut story.case.writes[2].outcome else { panic!() };
        let content = Arc::make_mut(seen.order.as_mut().unwrap());
        match shared {
            true => content.shared.delivery.value.company = "Other".to_owned(),
            false => content.shown["picker_note"] = "other".into(),
        }
        assert_eq!(broken(&story.case), [Rule::Acknowledged]);
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
        let mut story = clean();
        let mut ignored = story.case.writes[1].clone();
        ignored.wanted = wanted;
        story.case.writes.push(ignored);
        assert_eq!(broken(&story.case), [Rule::Acknowledged]);
    }
}

#[test]
fn what_was_refused_or_asked_for_by_nobody_is_not_to_be_done() {
    let mut story = clean();
    story.case.writes[1].outcome = Outcome::Refused(409);
    assert_eq!(broken(&story.case), [Rule::Asked]);
    story.case.writes.remove(1);
    assert_eq!(broken(&story.case), [Rule::Asked]);
}

#[test]
fn what_nobody_was_told_of_may_have_been_done_or_not() {
    let mut story = clean();
    story.case.writes[1].outcome = Outcome::Unknown;
    let mut never_done = story.case.writes[1].clone();
    never_done.wanted = Wanted::Delivery { comment: "t99".to_owned(), goods: None };
    story.case.writes.push(never_done);
    assert_eq!(check(&story.case), []);
}

#[test]
fn a_write_that_was_done_twice_is_noticed() {
    let mut story = open();
    story.comments(WAREHOUSE, "t7");
    story.comments(WAREHOUSE, "t8");
    // The second one says what the first one said, and nobody else asked for it.
    story.case.writes.pop();
    let token = Some("t7".to_owned());
    story.last_mut(WAREHOUSE).event.shared.delivery.value.comment.clone_from(&token);
    story.row_mut(WAREHOUSE).shared.delivery.value.comment = token;
    story.carry(WAREHOUSE);
    assert_eq!(broken(&story.case), [Rule::Once]);
}

#[test]
fn versions_that_skip_and_revisions_that_fall_are_noticed() {
    let mut story = clean();
    story.last_mut(STORE).version += 1;
    story.row_mut(STORE).version += 1;
    assert_eq!(broken(&story.case), [Rule::Grows]);
    let mut story = Story::of_an_order();
    story.comments(STORE, "t1");
    story.carry(STORE);
    let first = story.case.sides.store.changes[0].clone();
    story.comments(STORE, "t2");
    // An older one is put over it.
    story.last_mut(STORE).event.shared = first.event.shared.clone();
    story.row_mut(STORE).shared = first.event.shared;
    assert!(broken(&story.case).contains(&Rule::Grows));
}

#[test]
fn an_event_that_is_recorded_twice_is_noticed() {
    let mut story = open();
    let last = story.last_mut(STORE).clone();
    let again = story.case.sides.store.changes.last_mut().unwrap();
    again.seq += 1;
    story.case.sides.store.changes.insert(story.case.sides.store.changes.len() - 1, last);
    assert!(broken(&story.case).contains(&Rule::RecordedOnce));
}

#[test]
fn what_arrives_from_nowhere_is_noticed() {
    let mut story = open();
    story.last_mut(STORE).event_id = Uuid::new_v4();
    assert_eq!(broken(&story.case), [Rule::FromThePeer]);
}

#[test]
fn what_is_not_published_and_what_is_published_back_is_noticed() {
    let mut story = open();
    story.comments(STORE, "t7");
    story.carry(STORE);
    story.last_mut(STORE).published = false;
    assert_eq!(broken(&story.case), [Rule::FromThePeer, Rule::Published]);
    let mut story = open();
    story.last_mut(STORE).published = true;
    assert_eq!(broken(&story.case), [Rule::Published]);
}

#[test]
fn an_order_that_is_not_what_its_log_says_is_noticed() {
    let mut story = open();
    story.row_mut(STORE).version += 1;
    assert_eq!(broken(&story.case), [Rule::Logged]);
    let mut story = open();
    story.row_mut(WAREHOUSE).private["picker_note"] = "other".into();
    assert_eq!(broken(&story.case), [Rule::Logged]);
    let mut story = open();
    story.case.sides.warehouse.row = None;
    assert_eq!(broken(&story.case), [Rule::Logged, Rule::Equal]);
}

#[test]
fn sides_that_differ_are_noticed() {
    let mut story = open();
    story.comments(STORE, "t7");
    assert_eq!(broken(&story.case), [Rule::Equal]);
    let story = Story::of_an_order();
    assert_eq!(broken(&story.case), [Rule::Equal]);
}

#[test]
fn a_revision_that_is_two_values_is_noticed() {
    let mut story = open();
    let address = "2 Side Street".to_owned();
    story.row_mut(WAREHOUSE).shared.delivery.value.address.clone_from(&address);
    story.last_mut(WAREHOUSE).event.shared.delivery.value.address = address;
    assert_eq!(broken(&story.case), [Rule::Equal, Rule::OneValue]);
}

#[test]
fn an_edit_that_gives_way_may_be_recorded_at_one_side_but_not_at_none() {
    let mut story = clean();
    let conflicts = |story: &mut Story, side| {
        let changes = story.case.sides.at_mut(side).changes.iter_mut();
        changes.for_each(|change| change.conflicts = None);
    };
    conflicts(&mut story, WAREHOUSE);
    assert_eq!(broken(&story.case), []);
    conflicts(&mut story, STORE);
    assert_eq!(broken(&story.case), [Rule::Told]);
}

#[test]
fn what_is_told_again_is_no_change_even_if_it_is_older_than_the_last_one() {
    let mut story = open();
    let changes = &mut story.case.sides.store.changes;
    let (mut offer, last) = (changes[0].clone(), changes.last().unwrap().seq);
    (offer.seq, offer.event_id, offer.event.kind) = (last + 1, Uuid::new_v4(), EventKind::Offered);
    offer.private = None;
    changes.push(offer);
    assert_eq!(check(&story.case), []);
}

#[test]
fn an_order_that_is_voided_at_both_sides_at_once_is_joined_without_a_record() {
    let mut story = Story::of_an_order();
    story.carry(STORE);
    story.moves(STORE, Status::Voided, None);
    story.moves(WAREHOUSE, Status::Voided, None);
    story.carry(STORE);
    let sent = story.case.sides.warehouse.changes.len() - 2;
    assert!(story.case.sides.warehouse.changes[sent].published);
    story.carry(WAREHOUSE);
    assert_eq!(check(&story.case), []);
}
