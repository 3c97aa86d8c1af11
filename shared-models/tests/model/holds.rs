//! With every guard in force, what must hold holds, whatever is edited.

use crate::checking::{deeper, holds};
use crate::workers::Receiver;
use crate::world::{Scope, World};

fn world(scope: Scope, edits: u8) -> World {
    World::new(scope, edits + deeper())
}

#[test]
fn delivery_alone_comes_to_agreement() {
    holds("delivery, 3 edits", &world(Scope::Delivery, 3).offers(0));
    holds("delivery, 2 edits, 1 offer", &world(Scope::Delivery, 2));
}

#[test]
fn progress_alone_comes_to_agreement() {
    holds("progress, 4 edits", &world(Scope::Progress, 4).offers(0));
    holds("progress, 3 edits, 1 offer", &world(Scope::Progress, 3));
}

#[test]
fn both_facets_come_to_agreement() {
    holds("both, 2 edits", &world(Scope::Both, 2).offers(0));
    holds("both, 1 edit, 1 offer", &world(Scope::Both, 1));
}

#[test]
fn delivery_alone_comes_to_agreement_with_stale_messages_forgotten() {
    holds("delivery, pruned, 4 edits, 1 offer", &world(Scope::Delivery, 4).pruned());
    holds("delivery, pruned, 3 edits, 2 offers", &world(Scope::Delivery, 3).pruned().offers(2));
}

#[test]
fn progress_alone_comes_to_agreement_with_stale_messages_forgotten() {
    holds("progress, pruned, 4 edits, 2 offers", &world(Scope::Progress, 4).pruned().offers(2));
}

#[test]
fn both_facets_come_to_agreement_with_stale_messages_forgotten() {
    holds("both, pruned, 3 edits", &world(Scope::Both, 3).pruned().offers(0));
    holds("both, pruned, 2 edits, 2 offers", &world(Scope::Both, 2).pruned().offers(2));
}

#[test]
fn two_workers_with_a_blank_row_first_leave_the_newer_revision() {
    holds("two workers: blank row, then lock", &Receiver::BlankThenLock);
}
