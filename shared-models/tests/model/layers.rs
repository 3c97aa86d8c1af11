//! The three guards that keep a change from going round: a side publishes only its own decisions,
//! the worker drops what the peer decided, and the receiver knows it already. These tests show what
//! holds without the first, the second, and both.

use shared_models::rules::{CarryRule, RULES};

use crate::checking::{holds, holds_but};
use crate::properties::{NO_DEFAULT, NO_RETURN, SENT_ONCE};
use crate::world::{Scope, World};

fn without_rules(world: World, rules: &[CarryRule]) -> World {
    rules.iter().fold(world, |world, rule| world.without_rule(*rule))
}

#[test]
fn with_peer_changes_published_the_rules_alone_keep_them_from_returning() {
    holds("all published", &World::new(Scope::Both, 1).publishing_all());
}

#[test]
fn with_only_own_changes_published_none_returns_without_the_echo_rule() {
    holds("no echo rule", &World::new(Scope::Both, 1).without_rule(CarryRule::Echo));
}

#[test]
fn with_neither_the_receivers_fence_alone_ends_it_in_agreement() {
    for (scope, edits) in [(Scope::Both, 1), (Scope::Delivery, 2), (Scope::Progress, 2)] {
        let world = World::new(scope, edits).offers(0).publishing_all();
        let world = without_rules(world, &RULES);
        let broken = [NO_RETURN, SENT_ONCE, NO_DEFAULT];
        holds_but(&format!("{scope:?}, no rules, all published"), &world, &broken);
    }
}
