use std::collections::{BTreeMap, BTreeSet};

use shared_models::order::Facet;
use shared_models::revision::Revision;
use uuid::Uuid;

use super::*;

/// The event `id` of an order, after this many changes at the store.
fn change(id: u128, order: u128, store: u32) -> OrderChange {
    OrderChange {
        event_id: Uuid::from_u128(id),
        order_id: Uuid::from_u128(order),
        delivery: Facet { revision: Revision { store, warehouse: 0 }, ..Facet::default() },
        progress: None,
    }
}

fn carry(id: u128, order: u128, store: u32) -> Decided {
    Decided::Carry(Box::new(change(id, order, store)))
}

fn rejected() -> Outcome {
    Outcome::Rejected { reason: "odd".into() }
}

/// The fate of a message that is parked because the change itself is invalid.
fn parked() -> Fate {
    Fate::Parked(Obstacle::lasting("odd"))
}

/// The fate of a message that is parked because the peer rejected the change this time.
fn parked_for_now() -> Fate {
    Fate::Parked(Obstacle::passing("odd"))
}

/// Sends everything to a peer; returns the events of each request, and the fates.
fn carried_out(
    decided: Vec<Decided>,
    peer: impl Fn(&[u128]) -> Answer,
) -> (Vec<Vec<u128>>, Vec<Fate>) {
    let mut batch = Batch::new(decided, NonZeroU32::new(3).unwrap());
    let mut sent = vec![];
    while let Some(request) = batch.next_request() {
        let events: Vec<u128> =
            batch.changes(&request).iter().map(|change| change.event_id.as_u128()).collect();
        batch.answered(request, peer(&events));
        sent.push(events);
    }
    (sent, batch.into_fates())
}

fn applying(events: &[u128]) -> Answer {
    Answer::Taken(vec![Outcome::Applied; events.len()])
}

#[test]
fn a_batch_with_nothing_to_carry_sends_nothing() {
    let decided = vec![Decided::Drop(Rule::Echo), Decided::Park(Obstacle::lasting("odd"))];
    let (sent, fates) = carried_out(decided, applying);
    assert!(sent.is_empty());
    assert_eq!(fates, [Fate::Dropped(Rule::Echo), parked()]);
    assert!(carried_out(vec![], applying).1.is_empty());
}

#[test]
fn every_outcome_that_leaves_the_peer_knowing_it_is_carried() {
    let outcomes = [Outcome::Applied, Outcome::Merged, Outcome::Stale, rejected()];
    let decided = (1..=4).map(|id| carry(id, id, 1)).collect();
    let (sent, fates) = carried_out(decided, |_| Answer::Taken(outcomes.to_vec()));
    assert_eq!(sent, [[1, 2, 3, 4]]);
    assert_eq!(fates, [Fate::Carried, Fate::Carried, Fate::Carried, parked()]);
}

#[test]
fn the_newest_change_of_an_order_speaks_for_the_older_ones() {
    let decided = vec![carry(1, 7, 1), carry(2, 8, 1), carry(3, 7, 3), carry(4, 7, 2)];
    let (sent, fates) = carried_out(decided, applying);
    assert_eq!(sent, [[2, 3]]);
    assert_eq!(fates, vec![Fate::Carried; 4]);
}

#[test]
fn those_for_whom_a_rejected_change_spoke_are_told_by_themselves() {
    let decided = vec![carry(1, 7, 1), carry(2, 7, 2), carry(3, 7, 3), carry(4, 8, 1)];
    let peer = |events: &[u128]| {
        let outcome = |event: &u128| if *event == 3 { rejected() } else { Outcome::Applied };
        Answer::Taken(events.iter().map(outcome).collect())
    };
    let (sent, fates) = carried_out(decided, peer);
    assert_eq!(sent, vec![vec![3, 4], vec![1, 2]]);
    assert_eq!(fates, [Fate::Carried, Fate::Carried, parked(), Fate::Carried]);
}

#[test]
fn a_refused_request_is_halved_until_the_bad_ones_are_alone() {
    for bad in [BTreeSet::from([5]), BTreeSet::from([1, 8]), (1..=8).collect()] {
        let decided = (1..=8).map(|id| carry(id, id, 1)).collect();
        let (sent, fates) =
            carried_out(decided, |events| match events.iter().any(|event| bad.contains(event)) {
                true => Answer::Refused("odd".into()),
                false => applying(events),
            });
        let expected = |id| if bad.contains(&id) { parked_for_now() } else { Fate::Carried };
        assert_eq!(fates, (1..=8).map(expected).collect::<Vec<_>>(), "{bad:?}: {sent:?}");
        assert!(sent.len() <= 15, "{sent:?}");
    }
}

#[test]
fn those_for_whom_a_refused_change_spoke_are_told_by_themselves() {
    let decided = vec![carry(1, 7, 1), carry(2, 7, 2)];
    let (sent, fates) = carried_out(decided, |events| match events {
        [2] => Answer::Refused("odd".into()),
        _ => applying(events),
    });
    assert_eq!(sent, [[2], [1]]);
    assert_eq!(fates, [Fate::Carried, parked_for_now()]);
}

#[test]
fn when_the_peer_goes_away_only_what_is_not_known_there_is_given_back() {
    let decided = vec![carry(1, 1, 1), Decided::Drop(Rule::Echo), carry(2, 2, 1), carry(3, 3, 1)];
    let (sent, fates) = carried_out(decided, |events| match events {
        [1, 2, 3] => Answer::Refused("odd".into()),
        [1] => applying(events),
        _ => Answer::Away(String::from("gone").into()),
    });
    assert_eq!(sent, vec![vec![1, 2, 3], vec![1], vec![2, 3]]);
    let given_back = Fate::GivenBack;
    assert_eq!(fates, [Fate::Carried, Fate::Dropped(Rule::Echo), given_back.clone(), given_back]);
}

#[test]
fn a_change_over_which_the_peer_fails_is_parked_at_the_third_try_alone_after_all_others() {
    let decided = (1..=4).map(|id| carry(id, id, 1)).collect();
    let (sent, fates) = carried_out(decided, |events| match events.contains(&2) {
        true => Answer::Failed("odd".into()),
        false => applying(events),
    });
    let expected = [vec![1, 2, 3, 4], vec![1, 2], vec![1], vec![2], vec![3, 4], vec![2], vec![2]];
    assert_eq!(sent, expected);
    assert_eq!(fates, [Fate::Carried, parked_for_now(), Fate::Carried, Fate::Carried]);
}

#[test]
fn a_change_over_which_the_peer_failed_for_a_while_is_carried() {
    let tries = std::cell::Cell::new(0);
    let (sent, fates) = carried_out(vec![carry(1, 1, 1)], |events| {
        tries.set(tries.get() + 1);
        if tries.get() < 3 { Answer::Failed("odd".into()) } else { applying(events) }
    });
    assert_eq!((sent.len(), fates), (3, vec![Fate::Carried]));
}

#[test]
fn a_peer_that_fails_over_every_change_of_several_is_to_blame_itself() {
    let cases: [(u128, &[u128], bool); 4] =
        [(1, &[1], false), (4, &[1, 2, 3, 4], true), (4, &[1, 2, 4], false), (4, &[], false)];
    for (count, failing, expected) in cases {
        let decided = (1..=count).map(|id| carry(id, id, 1)).collect();
        let mut batch = Batch::new(decided, NonZeroU32::new(3).unwrap());
        let (mut failures, mut speaks_against_the_peer) = (BTreeMap::new(), false);
        while let Some(request) = batch.next_request() {
            speaks_against_the_peer |= batch.speaks_against_the_peer(&request);
            let events: Vec<_> =
                batch.changes(&request).iter().map(|it| it.event_id.as_u128()).collect();
            let answer = match events.iter().any(|event| failing.contains(event)) {
                true => {
                    assert_eq!(batch.failures(&request), *failures.get(&events).unwrap_or(&0));
                    *failures.entry(events).or_default() += 1;
                    Answer::Failed("odd".into())
                }
                false => applying(&events),
            };
            batch.answered(request, answer);
        }
        assert_eq!(speaks_against_the_peer, expected, "{failing:?} of {count}");
    }
}
