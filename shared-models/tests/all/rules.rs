//! The rules for carrying events, and the effect of each: left out, it lets something through.

use shared_models::order::{Status, Touched};
use shared_models::rules::{Cargo, CarryRule, Facts, RULES, Verdict, decide};
use shared_models::side::Side;
use shared_models::sync::OrderChange;

use crate::samples::{EVENT, ORDER, all_facts, event, shared};

const fn facts(source: Side, origin: Side, touched: Touched, status: Status) -> Facts {
    Facts { source, origin, touched, status }
}

/// Returns the facts that are decided otherwise without the rule `left_out`.
fn changed_without(left_out: CarryRule) -> Vec<(Facts, Verdict, Verdict)> {
    let rest: Vec<CarryRule> = RULES.into_iter().filter(|rule| *rule != left_out).collect();
    let both = all_facts().into_iter();
    both.map(|facts| (facts, decide(&RULES, facts), decide(&rest, facts)))
        .filter(|(_, with, without)| with != without)
        .collect()
}

#[test]
fn a_change_from_the_peer_is_not_sent_back() {
    let echoes = all_facts().into_iter().filter(|facts| facts.source != facts.origin);
    for facts in echoes {
        assert_eq!(decide(&RULES, facts), Verdict::Drop(CarryRule::Echo), "{facts:?}");
    }
}

#[test]
fn a_private_edit_is_not_carried() {
    for side in Side::ALL {
        for status in Status::ALL {
            let facts = facts(side, side, Touched::Nothing, status);
            assert_eq!(decide(&RULES, facts), Verdict::Drop(CarryRule::NothingShared));
        }
    }
}

#[test]
fn the_default_status_never_travels() {
    for facts in all_facts().into_iter().filter(|facts| facts.status == Status::Placed) {
        assert_ne!(decide(&RULES, facts), Verdict::Carry(Cargo::Both), "{facts:?}");
    }
}

#[test]
fn a_facet_that_was_not_touched_goes_along_to_make_good_what_was_skipped() {
    for (side, touched) in [(Side::Store, Touched::Delivery), (Side::Warehouse, Touched::Progress)]
    {
        let picking = facts(side, side, touched, Status::Picking);
        assert_eq!(decide(&RULES, picking), Verdict::Carry(Cargo::Both));
    }
}

#[test]
fn without_the_echo_rule_a_change_from_the_peer_would_be_sent_back() {
    let changed = changed_without(CarryRule::Echo);
    let shipped = facts(Side::Store, Side::Warehouse, Touched::Progress, Status::Shipped);
    let echo = Verdict::Drop(CarryRule::Echo);
    assert!(changed.contains(&(shipped, echo, Verdict::Carry(Cargo::Both))));
    for (facts, with, _) in &changed {
        assert_eq!((facts.source, *with), (facts.origin.peer(), echo));
    }
    let carried = |verdict: &Verdict| matches!(verdict, Verdict::Carry(_));
    assert_eq!(changed.iter().filter(|(_, _, without)| carried(without)).count(), 34);
}

#[test]
fn without_the_nothing_shared_rule_a_private_edit_would_be_carried() {
    let changed = changed_without(CarryRule::NothingShared);
    let carried = changed.iter().filter(|c| c.2 == Verdict::Carry(Cargo::Both));
    let mut expected = Vec::new();
    for side in Side::ALL {
        for status in Status::ALL.into_iter().filter(|status| *status != Status::Placed) {
            expected.push(facts(side, side, Touched::Nothing, status));
        }
    }
    assert_eq!(carried.map(|c| c.0).collect::<Vec<_>>(), expected);
    assert_eq!(changed.len(), expected.len() + 2, "placed ones are dropped by the next rule");
}

#[test]
fn without_the_default_status_rule_the_default_would_travel() {
    let changed = changed_without(CarryRule::DefaultStatus);
    let all_carried = changed.iter().all(|c| c.2 == Verdict::Carry(Cargo::Both));
    assert!(all_carried, "{changed:?}");
    let mut expected = Vec::new();
    for side in Side::ALL {
        for touched in [Touched::Delivery, Touched::Progress, Touched::Both] {
            expected.push(facts(side, side, touched, Status::Placed));
        }
    }
    assert_eq!(changed.iter().map(|c| c.0).collect::<Vec<_>>(), expected);
}

#[test]
fn with_no_rules_everything_is_carried_whole() {
    for facts in all_facts() {
        assert_eq!(decide(&[], facts), Verdict::Carry(Cargo::Both));
    }
}

#[test]
fn the_rules_look_at_who_published_who_decided_what_was_touched_and_the_status_after() {
    let event = event(Side::Warehouse, Touched::Progress, shared(Status::Packed));
    let expected = facts(Side::Store, Side::Warehouse, Touched::Progress, Status::Packed);
    assert_eq!(Facts::of(Side::Store, &event), expected);
}

#[test]
fn the_cargo_of_a_placed_order_is_its_delivery_alone() {
    let placed = shared(Status::Placed);
    let event = event(Side::Store, Touched::Delivery, placed.clone());
    let alone = OrderChange::of(event.clone(), Cargo::Delivery);
    assert_eq!((alone.event_id, alone.order_id), (EVENT, ORDER));
    assert_eq!((alone.delivery, alone.progress), (placed.delivery.clone(), None));
    let both = OrderChange::of(event, Cargo::Both);
    assert_eq!((both.delivery, both.progress), (placed.delivery, Some(placed.progress)));
}
