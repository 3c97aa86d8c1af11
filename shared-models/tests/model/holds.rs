//! The properties, which hold with every guard in force, whatever is edited.

use shared_models::side::Side;

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

fn check_set_back(scope: Scope, edits: u8, sides: &[Side]) {
    let world = World::new(scope, edits + deeper()).offers(0).set_back(sides);
    holds(&format!("{}, {sides:?} set back", world.name()), &world);
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
fn a_side_that_is_set_back_and_edits_again_comes_to_agreement() {
    for side in Side::ALL {
        for (scope, edits) in [(Scope::Delivery, 2), (Scope::Progress, 2), (Scope::Both, 1)] {
            check_set_back(scope, edits, &[side]);
        }
    }
}

#[test]
fn two_sides_that_are_set_back_and_edit_again_come_to_agreement() {
    check_set_back(Scope::Delivery, 1, &Side::ALL);
    check_set_back(Scope::Progress, 1, &Side::ALL);
}

#[test]
fn two_workers_with_a_blank_row_first_leave_the_newer_revision() {
    holds("two workers: lock, then insert or begin anew", &Receiver::LockThenInsert);
    holds("two workers: blank row, then lock", &Receiver::BlankThenLock);
}
