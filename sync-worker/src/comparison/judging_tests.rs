use shared_models::comparison::FacetState;
use shared_models::comparison::Finding::{Behind, Different, Missing};
use shared_models::revision::Revision;

use super::ReturnPath::{Blocked, Open};
use super::*;

/// The counts of both sides' changes to the delivery, and its value.
type State = (u32, u32, &'static str);

fn order((store, warehouse, digest): State) -> OrderState {
    let delivery = FacetState { revision: Revision { store, warehouse }, digest: digest.into() };
    let progress = FacetState { revision: Revision::ZERO, digest: String::new() };
    OrderState { id: Uuid::from_u128(7), delivery, progress, parked: false, dropped: false }
}

fn orders(state: Option<State>) -> Vec<OrderState> {
    state.map(order).into_iter().collect()
}

/// Returns the finding for an order with these states at the source and at the peer, at the first
/// check and at the second.
fn found(
    first: (State, Option<State>),
    second: (State, Option<State>),
    return_path: ReturnPath,
) -> [Option<Finding>; 2] {
    let differences = differences(orders(Some(first.0)), &orders(first.1));
    let losses = judge(&differences, &orders(Some(second.0)), &orders(second.1), return_path);
    [losses.of_source, losses.of_peer].map(|losses| losses.first().map(|loss| loss.finding))
}

#[test]
fn what_is_the_same_at_both_sides_is_no_difference() {
    assert_eq!(differences(orders(Some((2, 1, "a"))), &orders(Some((2, 1, "a")))), []);
}

#[test]
fn a_difference_that_lasts_is_a_loss() {
    let cases = [
        ((1, 0, "a"), None, [Some(Missing), None]),
        ((2, 0, "a"), Some((1, 0, "b")), [Some(Behind), None]),
        ((2, 0, "a"), Some((2, 0, "b")), [Some(Different), None]),
        ((1, 0, "a"), Some((1, 1, "b")), [None, Some(Behind)]),
        ((2, 0, "a"), Some((1, 1, "b")), [Some(Behind), Some(Behind)]),
    ];
    for (source, peer, losses) in cases {
        let lasting = (source, peer);
        assert_eq!(found(lasting, lasting, Open), losses, "{lasting:?}");
        assert_eq!(found(lasting, lasting, Blocked), [losses[0], None], "{lasting:?}");
    }
}

#[test]
fn what_a_peer_knows_more_is_offered_without_being_a_loss_while_it_is_undecided() {
    let ahead = ((1, 0, "a"), Some((3, 0, "c")));
    let cases =
        [(ahead, ahead, true), (((5, 4, "x"), Some((4, 5, "y"))), ((9, 8, "z"), None), false)];
    for (first, second, is_undecided) in cases {
        let differences = differences(orders(Some(first.0)), &orders(first.1));
        let (source, peer) = (orders(Some(second.0)), orders(second.1));
        for (return_path, undecided) in [(Open, false), (Blocked, is_undecided)] {
            let losses = judge(&differences, &source, &peer, return_path);
            assert_eq!(!losses.undecided.is_empty(), undecided, "{first:?}, {second:?}");
        }
        let parked = OrderState { parked: true, ..order((3, 0, "c")) };
        assert!(judge(&differences, &source, &[parked], Blocked).undecided.is_empty());
    }
}

#[test]
fn what_arrives_meanwhile_is_no_loss() {
    let cases = [
        // It arrived.
        (((1, 0, "a"), None), ((1, 0, "a"), Some((1, 0, "a")))),
        // It is edited all the while, and each edit arrives a little later.
        (((5, 0, "e"), Some((4, 0, "d"))), ((9, 0, "i"), Some((8, 0, "h")))),
        (((1, 4, "d"), Some((1, 5, "e"))), ((1, 8, "h"), Some((1, 9, "i")))),
        (((5, 4, "x"), Some((4, 5, "y"))), ((9, 8, "z"), Some((8, 9, "q")))),
    ];
    for (first, second) in cases {
        assert_eq!(found(first, second, Open), [None, None], "{first:?}, {second:?}");
    }
}

#[test]
fn what_is_lost_of_an_order_that_is_edited_on_is_found() {
    let first = ((5, 0, "e"), Some((4, 0, "d")));
    let second = ((9, 0, "i"), Some((4, 0, "d")));
    assert_eq!(found(first, second, Open), [Some(Behind), None]);
}

#[test]
fn a_source_that_was_set_back_gets_its_own_changes_from_its_peer() {
    let state = ((1, 0, "a"), Some((3, 0, "c")));
    assert_eq!(found(state, state, Open), [None, Some(Behind)]);
}

#[test]
fn what_was_parked_or_dropped_meanwhile_is_no_loss() {
    let (source, peer) = (order((2, 0, "a")), order((1, 1, "b")));
    let differences = differences(vec![source.clone()], std::slice::from_ref(&peer));
    for (parked, dropped) in [(true, false), (false, true)] {
        let aside = |order: &OrderState| vec![OrderState { parked, dropped, ..order.clone() }];
        assert_eq!(judge(&differences, &aside(&source), &aside(&peer), Open), Losses::default());
        let already = super::differences(aside(&source), &[]);
        assert_eq!(already, []);
    }
}
