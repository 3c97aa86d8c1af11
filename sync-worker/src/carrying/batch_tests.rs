use std::collections::BTreeSet;

use shared_models::order::Facet;
use shared_models::revision::Revision;
use uuid::Uuid;

use super::*;

/// The event `id` of an order, after so many changes at the store.
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

fn parked() -> Fate {
    Fate::Parked("odd".into())
}

/// Sends everything to a peer; returns the events of each request, and the fates.
fn carried_out(
    decided: Vec<Decided>,
    peer: impl Fn(&[u128]) -> Answer,
) -> (Vec<Vec<u128>>, Vec<Fate>) {
    let mut batch = Batch::new(decided);
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
    let decided = vec![Decided::Drop(Rule::Echo), Decided::Park("odd".into())];
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
        let expected = |id| if bad.contains(&id) { parked() } else { Fate::Carried };
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
    assert_eq!(fates, [Fate::Carried, parked()]);
}

#[test]
fn when_the_peer_goes_away_only_what_is_not_known_there_is_given_back() {
    let decided = vec![carry(1, 1, 1), Decided::Drop(Rule::Echo), carry(2, 2, 1), carry(3, 3, 1)];
    let (sent, fates) = carried_out(decided, |events| match events {
        [1, 2, 3] => Answer::Refused("odd".into()),
        [1] => applying(events),
        _ => Answer::Away("gone".into()),
    });
    assert_eq!(sent, vec![vec![1, 2, 3], vec![1], vec![2, 3]]);
    let given_back = Fate::GivenBack;
    assert_eq!(fates, [Fate::Carried, Fate::Dropped(Rule::Echo), given_back.clone(), given_back]);
}
