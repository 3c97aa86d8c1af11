use std::collections::{BTreeMap, BTreeSet};

use super::*;

/// A change of a record of a lane: the event `id`, after this many changes of the record.
#[derive(Debug)]
struct Change {
    id: u128,
    record: u128,
    revision: u32,
}

impl Supersede for Change {
    type Key = u128;

    fn key(&self) -> u128 {
        self.record
    }

    fn supersedes(&self, other: &Self) -> bool {
        self.revision >= other.revision
    }
}

fn send(id: u128, record: u128, revision: u32) -> Decision<Change> {
    Decision::Send(Box::new(Change { id, record, revision }))
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
fn carry(
    decisions: Vec<Decision<Change>>,
    peer: impl Fn(&[u128]) -> Answer,
) -> (Vec<Vec<u128>>, Vec<Fate>) {
    let mut batch = MessageBatch::new(decisions.into_iter(), NonZeroU32::new(3).unwrap());
    let mut sent = vec![];
    while let Some(request) = batch.next_request() {
        let events: Vec<u128> = batch.changes(&request).iter().map(|change| change.id).collect();
        batch.answered(request, peer(&events));
        sent.push(events);
    }
    (sent, batch.into_fates())
}

fn applying(events: &[u128]) -> Answer {
    Answer::Processed(vec![Outcome::Applied; events.len()])
}

#[test]
fn a_batch_with_nothing_to_carry_sends_nothing() {
    let decisions = vec![Decision::Drop("echo"), Decision::Park(Obstacle::lasting("odd"))];
    let (sent, fates) = carry(decisions, applying);
    assert!(sent.is_empty());
    assert_eq!(fates, [Fate::Dropped("echo"), parked()]);
    assert!(carry(vec![], applying).1.is_empty());
}

#[test]
fn every_outcome_that_leaves_the_peer_knowing_it_is_carried() {
    let outcomes = [Outcome::Applied, Outcome::Merged, Outcome::Stale, rejected()];
    let decisions = (1..=4).map(|id| send(id, id, 1)).collect();
    let (sent, fates) = carry(decisions, |_| Answer::Processed(outcomes.to_vec()));
    assert_eq!(sent, [[1, 2, 3, 4]]);
    assert_eq!(fates, [Fate::Carried, Fate::Carried, Fate::Carried, parked()]);
}

#[test]
fn the_newest_change_of_a_record_supersedes_the_older_ones() {
    let decisions = vec![send(1, 7, 1), send(2, 8, 1), send(3, 7, 3), send(4, 7, 2)];
    let (sent, fates) = carry(decisions, applying);
    assert_eq!(sent, [[2, 3]]);
    assert_eq!(fates, vec![Fate::Carried; 4]);
}

#[test]
fn those_that_a_rejected_change_superseded_are_sent_by_themselves() {
    let decisions = vec![send(1, 7, 1), send(2, 7, 2), send(3, 7, 3), send(4, 8, 1)];
    let peer = |events: &[u128]| {
        let outcome = |event: &u128| if *event == 3 { rejected() } else { Outcome::Applied };
        Answer::Processed(events.iter().map(outcome).collect())
    };
    let (sent, fates) = carry(decisions, peer);
    assert_eq!(sent, vec![vec![3, 4], vec![1, 2]]);
    assert_eq!(fates, [Fate::Carried, Fate::Carried, parked(), Fate::Carried]);
}

#[test]
fn a_refused_request_is_halved_until_the_bad_ones_are_alone() {
    for bad in [BTreeSet::from([5]), BTreeSet::from([1, 8]), (1..=8).collect()] {
        let decisions = (1..=8).map(|id| send(id, id, 1)).collect();
        let (sent, fates) =
            carry(decisions, |events| match events.iter().any(|event| bad.contains(event)) {
                true => Answer::Refused("odd".into()),
                false => applying(events),
            });
        let expected = |id| if bad.contains(&id) { parked_for_now() } else { Fate::Carried };
        assert_eq!(fates, (1..=8).map(expected).collect::<Vec<_>>(), "{bad:?}: {sent:?}");
        assert!(sent.len() <= 15, "{sent:?}");
    }
}

#[test]
fn those_that_a_refused_change_superseded_are_sent_by_themselves() {
    let decisions = vec![send(1, 7, 1), send(2, 7, 2)];
    let (sent, fates) = carry(decisions, |events| match events {
        [2] => Answer::Refused("odd".into()),
        _ => applying(events),
    });
    assert_eq!(sent, [[2], [1]]);
    assert_eq!(fates, [Fate::Carried, parked_for_now()]);
}

#[test]
fn when_the_peer_becomes_unavailable_only_what_is_not_known_there_is_given_back() {
    let decisions = vec![send(1, 1, 1), Decision::Drop("echo"), send(2, 2, 1), send(3, 3, 1)];
    let (sent, fates) = carry(decisions, |events| match events {
        [1, 2, 3] => Answer::Refused("odd".into()),
        [1] => applying(events),
        _ => Answer::Unavailable(String::from("gone").into()),
    });
    assert_eq!(sent, vec![vec![1, 2, 3], vec![1], vec![2, 3]]);
    let given_back = Fate::GivenBack;
    assert_eq!(fates, [Fate::Carried, Fate::Dropped("echo"), given_back.clone(), given_back]);
}

#[test]
fn a_change_over_which_the_peer_fails_is_parked_at_the_third_try_alone_after_all_others() {
    let decisions = (1..=4).map(|id| send(id, id, 1)).collect();
    let (sent, fates) = carry(decisions, |events| match events.contains(&2) {
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
    let (sent, fates) = carry(vec![send(1, 1, 1)], |events| {
        tries.set(tries.get() + 1);
        if tries.get() < 3 { Answer::Failed("odd".into()) } else { applying(events) }
    });
    assert_eq!((sent.len(), fates), (3, vec![Fate::Carried]));
}

#[test]
fn a_peer_that_fails_over_every_change_of_several_counts_as_the_cause() {
    let cases: [(u128, &[u128], bool); 4] =
        [(1, &[1], false), (4, &[1, 2, 3, 4], true), (4, &[1, 2, 4], false), (4, &[], false)];
    for (count, failing, expected) in cases {
        let decisions = (1..=count).map(|id| send(id, id, 1));
        let mut batch = MessageBatch::new(decisions, NonZeroU32::new(3).unwrap());
        let (mut failures, mut points_to_peer) = (BTreeMap::new(), false);
        while let Some(request) = batch.next_request() {
            points_to_peer |= batch.failure_points_to_peer(&request);
            let events: Vec<_> = batch.changes(&request).iter().map(|change| change.id).collect();
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
        assert_eq!(points_to_peer, expected, "{failing:?} of {count}");
    }
}
