//! The comparison of an order at two sides.

use serde_json::json;
use shared_models::comparison::Finding::{Behind, Covered, Different, Missing, Parked};
use shared_models::comparison::{FacetState, Finding, LogState, OrderState, compare};
use shared_models::revision::Revision;
use uuid::Uuid;

/// A revision as `(store, warehouse)`, and the value that it stands for.
type Facet = ((u32, u32), &'static str);

fn facet(((store, warehouse), value): Facet) -> FacetState {
    FacetState { revision: Revision { store, warehouse }, digest: value.to_owned() }
}

fn order(delivery: Facet, progress: Facet) -> OrderState {
    let (delivery, progress) = (facet(delivery), facet(progress));
    OrderState { id: Uuid::nil(), delivery, progress, parked: false, dropped: false }
}

const PLACED: Facet = ((0, 0), "placed");

#[test]
fn every_way_in_which_two_deliveries_stand_to_each_other_has_its_finding() {
    let cases: [(Facet, Facet, Finding); 12] = [
        (((2, 1), "a"), ((2, 1), "a"), Covered),
        (((2, 1), "a"), ((3, 1), "b"), Covered),
        (((2, 1), "a"), ((2, 2), "b"), Covered),
        (((2, 1), "a"), ((2, 1), "b"), Different),
        (((2, 1), "1-a"), ((2, 1), "1-b"), Different),
        // Digests of different formats say nothing of each other.
        (((2, 1), "1-a"), ((2, 1), "2-a"), Covered),
        (((2, 1), "a"), ((2, 1), "1-a"), Covered),
        (((2, 1), "a"), ((1, 1), "b"), Behind),
        (((2, 1), "a"), ((2, 0), "b"), Behind),
        (((2, 1), "a"), ((1, 2), "b"), Behind),
        (((2, 1), "a"), ((3, 0), "b"), Behind),
        (((0, 0), "a"), ((0, 0), "b"), Covered),
    ];
    for (speaker, listener, finding) in cases {
        let found = compare(&order(speaker, PLACED), Some(&order(listener, PLACED)));
        assert_eq!(found, finding, "{speaker:?} and {listener:?}");
    }
}

#[test]
fn progress_counts_as_delivery_does_but_for_the_default_status_which_never_travels() {
    let cases: [(Facet, Facet, Finding); 5] = [
        (PLACED, ((0, 0), "placed otherwise"), Covered),
        (PLACED, ((0, 2), "picking"), Covered),
        (((0, 1), "picking"), PLACED, Behind),
        (((0, 1), "picking"), ((0, 1), "picking"), Covered),
        (((0, 1), "picking"), ((0, 1), "packed"), Different),
    ];
    let same = ((1, 0), "a");
    for (speaker, listener, finding) in cases {
        let found = compare(&order(same, speaker), Some(&order(same, listener)));
        assert_eq!(found, finding, "{speaker:?} and {listener:?}");
    }
}

#[test]
fn the_graver_of_two_findings_counts() {
    let speaker = order(((1, 0), "a"), ((0, 2), "packed"));
    let listener = order(((1, 0), "b"), ((0, 1), "picking"));
    assert_eq!(compare(&speaker, Some(&listener)), Behind);
    assert_eq!(compare(&speaker, None), Missing);
}

#[test]
fn an_order_of_which_a_change_is_parked_or_was_dropped_is_left_to_its_side() {
    for (parked, dropped) in [(true, false), (false, true), (true, true)] {
        let set_aside = |order| OrderState { parked, dropped, ..order };
        let speaker = set_aside(order(((2, 0), "a"), PLACED));
        for listener in [None, Some(&order(((1, 0), "b"), PLACED))] {
            assert_eq!(compare(&speaker, listener), Parked);
        }
        // What is parked at the listener says nothing of what it has.
        let listener = set_aside(order(((1, 0), "b"), PLACED));
        assert_eq!(compare(&order(((2, 0), "a"), PLACED), Some(&listener)), Behind);
    }
}

#[test]
fn only_a_loss_is_offered_again() {
    let losses = [Covered, Parked, Different, Behind, Missing].map(Finding::is_a_loss);
    assert_eq!(losses, [false, false, true, true, true]);
}

#[test]
fn a_place_is_published_when_nothing_older_waits() {
    let log = |unpublished| LogState { unpublished, ..LogState::default() };
    let published = |unpublished, place| log(unpublished).has_published(place);
    assert_eq!(
        [published(None, 9), published(Some(6), 5), published(Some(6), 6)],
        [true, true, false]
    );
}

#[test]
fn a_log_is_another_one_where_another_event_stands_at_the_place_that_was_the_newest() {
    let event = |number| Some(Uuid::from_u128(number));
    let log = |newest, newest_event, asked_event, xmax| LogState {
        newest,
        newest_event,
        asked_event,
        xmax,
        ..LogState::default()
    };
    let earlier = log(7, event(7), None, 100);
    for (later, continues) in [
        (log(7, event(7), event(7), 100), true),
        (log(9, event(9), event(7), 120), true),
        (log(9, event(9), event(8), 120), false),
        (log(9, event(9), None, 120), false),
        (log(6, event(6), None, 120), false),
        (log(9, event(9), event(7), 90), false),
        (log(9, None, None, 120), true),
        (log(6, None, None, 120), false),
    ] {
        assert_eq!(later.continues(&earlier), continues, "{later:?}");
    }
    assert!(log(9, event(9), None, 100).continues(&log(7, None, None, 100)));
    assert!(log(1, event(1), None, 100).continues(&log(0, None, None, 100)));
}

#[test]
fn an_order_is_short_on_the_wire() {
    let state = order(((1, 0), "00ff"), PLACED);
    let wire = json!({
        "id": Uuid::nil(),
        "delivery": {"revision": {"store": 1, "warehouse": 0}, "digest": "00ff"},
        "progress": {"revision": {"store": 0, "warehouse": 0}, "digest": "placed"},
    });
    assert_eq!(json!(state), wire);
    assert_eq!(serde_json::from_value::<OrderState>(wire).unwrap(), state);
    assert_eq!(json!(OrderState { parked: true, ..state.clone() })["parked"], true);
    assert_eq!(json!(OrderState { dropped: true, ..state })["dropped"], true);
}
