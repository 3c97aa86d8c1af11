//! The controls: with one guard switched off, the check fails; each name says how.

use shared_models::order::Status;
use shared_models::rules::CarryRule;
use shared_models::side::Side;

use crate::checking::fails;
use crate::properties::{
    AGREED, NO_DEFAULT, NO_RETURN, NOT_SILENT, ONCE, REVISIONS_GROW, SENT_ONCE,
};
use crate::workers::{GROWS, NEWEST, Receiver};
use crate::world::{Guard, Scope, World};

/// Returns a world that is large enough for each of these checks to fail.
fn small(scope: Scope, edits: u8) -> World {
    World::new(scope, edits).offers(0)
}

#[test]
fn with_ties_of_rank_broken_store_first_the_sides_part() {
    let world = small(Scope::Progress, 2).without(Guard::TieOfRank);
    fails("ties of rank store-first", &world, AGREED);
}

#[test]
fn with_a_move_from_shipped_back_to_packed_the_sides_part() {
    let back = Guard::NoWayBack(Status::Shipped, Status::Packed);
    fails("shipped back to packed", &small(Scope::Progress, 2).without(back), AGREED);
}

#[test]
fn with_a_return_to_placed_the_peer_never_hears_of_it() {
    let back = Guard::NoWayBack(Status::Picking, Status::Placed);
    fails("a return to placed", &small(Scope::Progress, 2).without(back), AGREED);
}

#[test]
fn without_the_fence_an_older_revision_replaces_a_newer_one() {
    let world = small(Scope::Delivery, 1).without(Guard::Fence);
    fails("no fence", &world, REVISIONS_GROW);
    fails("no fence", &world, ONCE);
    fails("no fence", &world, AGREED);
    fails("no fence", &world, NOT_SILENT);
}

#[test]
fn with_lock_then_upsert_two_workers_put_the_older_revision_over_the_newer() {
    fails("lock, then upsert", &Receiver::LockThenUpsert, GROWS);
    fails("lock, then upsert", &Receiver::LockThenUpsert, NEWEST);
}

#[test]
fn with_a_batch_made_smaller_before_the_rules_decide_an_edit_is_never_carried() {
    let world = small(Scope::Delivery, 1).publishing_all().without(Guard::DecidingFirst);
    fails("coalescing before deciding", &world, AGREED);
}

#[test]
fn without_the_echo_rule_and_with_peer_changes_published_a_change_returns() {
    let world = small(Scope::Delivery, 1).publishing_all().without_rule(CarryRule::Echo);
    fails("no echo rule, all published", &world, NO_RETURN);
    fails("no echo rule, all published", &world, SENT_ONCE);
}

#[test]
fn without_the_default_status_rule_untouched_progress_is_sent() {
    let world = small(Scope::Delivery, 1).without_rule(CarryRule::DefaultStatus);
    fails("no default-status rule", &world, NO_DEFAULT);
}

#[test]
fn without_an_offer_for_a_lost_queue_what_it_held_never_arrives() {
    let world = World::new(Scope::Delivery, 0).without(Guard::OfferAfterLoss);
    fails("no offer for a lost queue", &world, AGREED);
}

#[test]
fn without_a_decision_where_one_revision_is_two_changes_a_set_back_parts_the_sides() {
    for side in Side::ALL {
        let world = small(Scope::Delivery, 2).set_back(&[side]).without(Guard::Forks);
        fails("revisions alone", &world, AGREED);
        fails("revisions alone", &world, NOT_SILENT);
    }
}

#[test]
fn without_marks_an_edit_after_a_set_back_disappears_behind_the_peers_next() {
    for side in Side::ALL {
        let world = small(Scope::Delivery, 2).set_back(&[side]).without(Guard::Marks);
        fails("no marks", &world, NOT_SILENT);
    }
}
