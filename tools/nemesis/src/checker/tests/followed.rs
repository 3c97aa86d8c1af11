//! What the feeds gave of an order.

use super::set_backs::set_back;
use super::*;
use crate::checker::case::Followed;
use crate::checker::followed;

/// A history of which a feed gave all, with the store's part of it changed afterwards.
fn found(mut recorded: Recorded, change: impl FnOnce(&mut Followed)) -> usize {
    recorded.follow();
    change(&mut recorded.case.sides.store.followed);
    followed::check(&recorded.case).len()
}

#[test]
fn a_feed_that_gives_the_log_breaks_no_rule() {
    assert_eq!([clean(), set_back()].map(|recorded| found(recorded, |_| {})), [0, 0]);
    let mut recorded = clean();
    recorded.follow();
    let mut offered = recorded.last_mut(STORE).clone();
    (offered.event_id, offered.offer_in_bulk) = (Uuid::new_v4(), Some(true));
    recorded.case.sides.store.changes.push(offered);
    assert_eq!(followed::check(&recorded.case), []);
}

#[test]
fn a_change_that_is_missing_or_given_twice_or_unknown_or_early_is_noticed() {
    let changes: [fn(&mut Followed); 4] = [
        |given| given.events.truncate(1),
        |given| given.events.push(given.events[1]),
        |given| given.events[1].0 = Uuid::new_v4(),
        |given| given.events.swap(1, 2),
    ];
    assert_eq!(changes.map(|change| found(clean(), change)), [1; 4]);
}

#[test]
fn an_order_that_is_not_the_newest_event_is_noticed_unless_it_was_put_back_since() {
    let older = |given: &mut Followed| given.newest.as_mut().unwrap().0 -= 1;
    assert_eq!(found(clean(), older), 1);
    let mut recorded = clean();
    recorded.set_back(STORE, 0);
    assert_eq!(found(recorded, |_| {}), 0);
}

#[test]
fn an_older_version_after_a_newer_one_is_noticed_unless_the_order_was_put_back_between() {
    let mut recorded = clean();
    let changes = &mut recorded.case.sides.store.changes;
    // The log and its feed have the second change last.
    changes[1].xid = i64::MAX;
    let late = changes[1].clone();
    recorded.follow();
    let given = &mut recorded.case.sides.store.followed;
    given.events.remove(1);
    given.events.push((late.event_id, late.version));
    assert_eq!(followed::check(&recorded.case).len(), 1);
    let mut recorded = Recorded::of_an_order();
    recorded.comments(STORE, "t1");
    recorded.comments(STORE, "t2");
    recorded.set_back(STORE, 0);
    recorded.comments(STORE, "t3");
    recorded.follow();
    assert_eq!(followed::check(&recorded.case), []);
    recorded.case.sides.store.set_backs.clear();
    assert_eq!(followed::check(&recorded.case).len(), 1);
}
