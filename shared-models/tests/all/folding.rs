//! Several changes of one order as one: folded at the receiver, coalesced at the worker.

use shared_models::coalesce::superseding;
use shared_models::merge::{fold, fold_into};
use shared_models::order::{Facet, Progress, Status};
use shared_models::sync::OrderChange;
use uuid::Uuid;

use crate::samples::{self, change, delivery_to, facet, progress};

fn address(store: u32, warehouse: u32, address: &str) -> OrderChange {
    change(facet(store, warehouse, delivery_to(address)), None)
}

fn packed(store: u32, count: u32) -> OrderChange {
    let progress = facet(0, count, progress(Status::Packed));
    change(facet(store, 0, delivery_to("1 Quay Street")), Some(progress))
}

fn of_order(id: u128, change: OrderChange) -> OrderChange {
    OrderChange { order_id: Uuid::from_u128(id), ..change }
}

#[test]
fn folding_keeps_the_newer_of_each_facet() {
    let (first, second) = (packed(1, 2), packed(2, 1));
    for (a, b) in [(&first, &second), (&second, &first)] {
        let both = fold(a, b).expect("one");
        assert_eq!(both.delivery, second.delivery);
        assert_eq!(both.progress, first.progress);
    }
}

#[test]
fn folding_takes_the_progress_of_the_one_that_has_it() {
    let (without, with) = (address(2, 0, "9 Hill"), packed(1, 1));
    for (a, b) in [(&without, &with), (&with, &without)] {
        let both = fold(a, b).expect("one");
        assert_eq!(
            (both.delivery, both.progress),
            (without.delivery.clone(), with.progress.clone())
        );
    }
    assert_eq!(fold(&address(1, 0, "a"), &address(2, 0, "b")).expect("one").progress, None);
}

#[test]
fn concurrent_and_diverged_changes_do_not_fold() {
    let apart = [
        (address(2, 1, "s"), address(1, 2, "w")),
        (address(2, 1, "a"), address(2, 1, "b")),
        (marked(2, 1, "a", 7), marked(2, 0, "b", 8)),
        (packed(1, 1), OrderChange { progress: voided(), ..packed(1, 1) }),
    ];
    for (this, that) in &apart {
        assert_eq!((fold(this, that), fold(that, this)), (None, None), "{this:?} {that:?}");
        assert_eq!(superseding(&[this.clone(), that.clone()]), [0, 1]);
        let mut folded = vec![];
        [this, that, that].into_iter().for_each(|change| fold_into(&mut folded, change));
        assert_eq!(folded, [this.clone(), that.clone()], "each by itself");
    }
}

fn voided() -> Option<Facet<Progress>> {
    Some(facet(0, 1, progress(Status::Voided)))
}

/// Returns a delivery whose last change by the store has this mark.
fn marked(store: u32, warehouse: u32, to: &str, mark: u32) -> OrderChange {
    let mut change = address(store, warehouse, to);
    change.delivery.marks = samples::marked(mark);
    change
}

#[test]
fn folded_changes_answer_to_the_name_of_the_first() {
    let second = OrderChange { event_id: Uuid::from_u128(2), ..address(2, 0, "9 Hill") };
    let first = address(1, 0, "1 Quay Street");
    assert_eq!(fold(&first, &second).expect("one").event_id, first.event_id);
}

#[test]
fn the_newest_change_of_an_order_supersedes_the_older_ones() {
    assert_eq!(
        superseding(&[address(1, 0, "a"), address(2, 0, "b"), address(3, 0, "c")]),
        [2, 2, 2]
    );
    assert_eq!(
        superseding(&[address(3, 0, "c"), address(1, 0, "a"), address(2, 0, "b")]),
        [0, 0, 0]
    );
    assert_eq!(superseding(&[address(1, 0, "a"), packed(2, 1)]), [1, 1]);
}

#[test]
fn of_a_change_and_its_duplicate_one_speaks() {
    assert_eq!(superseding(&[packed(2, 1), packed(2, 1)]), [1, 1]);
}

#[test]
fn a_change_speaks_only_for_its_own_order() {
    let (one, other) = (address(1, 0, "a"), address(2, 0, "b"));
    let batch = [of_order(1, one.clone()), of_order(2, other.clone()), of_order(1, other)];
    assert_eq!(superseding(&batch), [2, 1, 2]);
    assert_eq!(superseding(&[of_order(1, one)]), [0]);
    assert_eq!(superseding::<OrderChange>(&[]), [0; 0]);
}

#[test]
fn a_newer_delivery_does_not_speak_for_progress_that_it_does_not_tell() {
    assert_eq!(superseding(&[packed(1, 1), address(2, 0, "b")]), [0, 1]);
    assert_eq!(superseding(&[packed(1, 2), packed(2, 1)]), [0, 1]);
}

#[test]
fn concurrent_changes_speak_each_for_itself() {
    assert_eq!(superseding(&[address(1, 2, "w"), address(2, 1, "s")]), [0, 1]);
}
