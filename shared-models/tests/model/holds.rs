//! With every guard in force, what must hold holds, whatever is edited.

use crate::checking::{deeper, holds};
use crate::workers::Receiver;
use crate::world::{Scope, World};

fn check(scope: Scope, edits: u8, offers: u8) {
    let world = World::new(scope, edits + deeper()).offers(offers);
    holds(&world.name(), &world);
}

fn check_pruned(scope: Scope, edits: u8, offers: u8) {
    let world = World::new(scope, edits + deeper()).offers(offers).pruned();
    holds(&format!("{}, pruned", world.name()), &world);
}

#[test]
fn delivery_alone_comes_to_agreement() {
    check(Scope::Delivery, 2, 1);
    check(Scope::Delivery, 3, 0);
}

#[test]
fn progress_alone_comes_to_agreement() {
    check(Scope::Progress, 4, 0);
    check(Scope::Progress, 3, 1);
}

#[test]
fn both_facets_come_to_agreement() {
    check(Scope::Both, 1, 1);
    check(Scope::Both, 2, 0);
}

#[test]
fn delivery_alone_comes_to_agreement_with_stale_messages_forgotten() {
    check_pruned(Scope::Delivery, 3, 2);
    check_pruned(Scope::Delivery, 4, 1);
}

#[test]
fn progress_alone_comes_to_agreement_with_stale_messages_forgotten() {
    check_pruned(Scope::Progress, 4, 2);
}

#[test]
fn both_facets_come_to_agreement_with_stale_messages_forgotten() {
    check_pruned(Scope::Both, 3, 0);
    check_pruned(Scope::Both, 2, 2);
}

#[test]
fn two_workers_with_a_blank_row_first_leave_the_newer_revision() {
    holds("two workers: lock, then insert or begin anew", &Receiver::LockThenInsert);
    holds("two workers: blank row, then lock", &Receiver::BlankThenLock);
}
