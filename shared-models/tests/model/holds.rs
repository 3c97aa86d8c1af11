//! With every guard in force, what must hold holds.

use crate::checking::{deeper, holds};
use crate::workers::Receiver;
use crate::world::{Scope, World};

#[test]
fn delivery_alone_comes_to_agreement() {
    holds("delivery", &World::new(Scope::Delivery, 2 + deeper()));
}

#[test]
fn progress_alone_comes_to_agreement() {
    holds("progress", &World::new(Scope::Progress, 2 + deeper()));
}

#[test]
fn delivery_alone_comes_to_agreement_with_stale_messages_forgotten() {
    holds("delivery, pruned", &World::new(Scope::Delivery, 4 + deeper()).pruned());
}

#[test]
fn two_workers_with_a_blank_row_first_leave_the_newer_revision() {
    holds("blank row, then lock", &Receiver::BlankThenLock);
}
