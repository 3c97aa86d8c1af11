//! Tests of settling: every outcome, in every state of a record.

use SettleState::{Again, Refused, Settled};
use chrono::{DateTime, TimeDelta, Utc};
use shared_models::mirror::{Outcome, SettleItem, SettleState};
use uuid::Uuid;

use super::samples::{content, edited, handed_out, post, removed, sent as sent_before};
use super::settling::*;
use super::*;

const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

fn result(version: i64, attempt: Option<u128>, outcome: Outcome) -> SettleItem {
    SettleItem { id: 5, version, attempt: attempt.map(Uuid::from_u128), outcome }
}

/// The ids at the remote that other records have.
fn held(ids: &[i64]) -> Holders {
    ids.iter().map(|id| (*id, Holder { id: 4, yields: false, base: None })).collect()
}

fn free() -> Holders {
    held(&[])
}

fn found(remote_ids: &[i64], is_over: bool, detail: Option<&str>) -> Outcome {
    let (remote_ids, detail) = (remote_ids.to_vec(), detail.map(str::to_owned));
    Outcome::Found { remote_ids, is_over, detail, parks: false }
}

fn sent_as(remote_id: i64) -> Outcome {
    Outcome::Sent { remote_id: Some(remote_id) }
}

fn failed_with(parked: bool, not_created: bool) -> Outcome {
    Outcome::Failed { detail: "503".into(), parked, not_created, sent_ago: None }
}

/// An edit of a record that was handed out.
fn edited_since(mut record: Record) -> Record {
    record.version += 1;
    record.mirror.changed_version = record.version;
    record.content = content("C");
    record
}

fn attempted() -> Record {
    handed_out(post(), Some(1))
}

/// Settles, and the same once more, which must change nothing.
fn twice(record: Record, item: &SettleItem, holders: &Holders) -> SettleDecision {
    let once = settle(record, item, holders, NOW);
    let again = settle(once.record().clone(), item, holders, NOW);
    assert_eq!(again.record(), once.record());
    assert_eq!(again.state(), once.state());
    assert!(matches!(again, SettleDecision::Same(_) | SettleDecision::Taken(_)), "{again:?}");
    once
}

/// What a case is called, the record, its version and attempt, and the outcome; then what is left to do, the id
/// at the remote, and whether the mirror has to look at the record.
type Case<'a> = (&'a str, Record, i64, Option<u128>, Outcome, (SettleState, Option<i64>, bool));

fn assert_settles(cases: impl IntoIterator<Item = Case<'static>>) {
    for (what, record, version, attempt, outcome, expected) in cases {
        let decided = twice(record, &result(version, attempt, outcome), &free());
        let mirror = &decided.record().mirror;
        assert_eq!((decided.state(), mirror.remote_id, mirror.due), expected, "{what}");
    }
}

const NOT_CREATED: Outcome = Outcome::NotCreated {};
const GONE: Outcome = Outcome::Gone {};
const DONE: Outcome = Outcome::Sent { remote_id: None };

#[test]
#[rustfmt::skip]
fn every_outcome_of_a_create_leaves_what_is_to_be_done() {
    let once = Some(1);
    assert_settles([
        ("created", attempted(), 1, once, sent_as(7), (Settled, Some(7), false)),
        ("edited since", edited_since(attempted()), 1, once, sent_as(7), (Again, Some(7), true)),
        ("removed since", removed(attempted()), 1, once, sent_as(7), (Again, Some(7), true)),
        ("not created", attempted(), 1, once, NOT_CREATED, (Again, None, true)),
        ("not created, removed", removed(attempted()), 1, once, NOT_CREATED, (Settled, None, false)),
        ("failed", attempted(), 1, once, failed_with(false, false), (Again, None, true)),
        ("refused", attempted(), 1, once, failed_with(true, true), (Refused, None, false)),
        ("refused, removed", removed(attempted()), 1, once, failed_with(true, true), (Settled, None, false)),
        // Nothing newer can be sent before the outcome of the create is known.
        ("parked, removed", removed(attempted()), 1, once, failed_with(true, false), (Refused, None, false)),
        ("parked, edited since", edited_since(attempted()), 1, once, failed_with(true, false), (Refused, None, false)),
        // The edit is another create.
        ("refused, edited since", edited_since(attempted()), 1, once, failed_with(true, true), (Again, None, true)),
        ("found", attempted(), 1, once, found(&[8, 7], false, None), (Settled, Some(8), false)),
        ("found, edited since", edited_since(attempted()), 1, once, found(&[8], true, None), (Again, Some(8), true)),
        ("found, removed", removed(attempted()), 1, once, found(&[8], true, None), (Again, Some(8), true)),
    ]);
}

#[test]
#[rustfmt::skip]
fn every_outcome_of_an_update_leaves_what_is_to_be_done() {
    let updating = || handed_out(edited(), None);
    assert_settles([
        ("updated", updating(), 2, None, DONE, (Settled, Some(7), false)),
        ("edited since", edited_since(updating()), 2, None, DONE, (Again, Some(7), true)),
        ("removed since", removed(updating()), 2, None, DONE, (Again, Some(7), true)),
        ("failed", updating(), 2, None, failed_with(false, false), (Again, Some(7), true)),
        ("parked", updating(), 2, None, failed_with(true, false), (Refused, Some(7), false)),
        ("parked, edited since", edited_since(updating()), 2, None, failed_with(true, false), (Again, Some(7), true)),
        ("gone", updating(), 2, None, GONE, (Again, None, true)),
        ("gone, removed since", removed(updating()), 2, None, GONE, (Settled, None, false)),
    ]);
}

#[test]
#[rustfmt::skip]
fn every_outcome_of_a_delete_leaves_what_is_to_be_done() {
    let deleting = || handed_out(removed(sent_before()), None);
    assert_settles([
        ("deleted", deleting(), 2, None, DONE, (Settled, None, false)),
        ("gone", deleting(), 2, None, GONE, (Settled, None, false)),
        ("failed", deleting(), 2, None, failed_with(false, false), (Again, Some(7), true)),
        ("parked", deleting(), 2, None, failed_with(true, false), (Refused, Some(7), false)),
    ]);
}

#[test]
fn an_id_that_another_record_has_is_taken_and_the_record_is_due_until_it_is_parked() {
    let decided = twice(attempted(), &result(1, Some(1), sent_as(101)), &held(&[101]));
    assert_eq!(decided.state(), SettleState::Taken);
    let mirror = &decided.record().mirror;
    assert_eq!((mirror.remote_id, mirror.refused_version, mirror.due), (None, 0, true));
    assert!(mirror.attempt().is_some(), "its creation is looked up again");
    assert!(mirror.failure.as_ref().unwrap().contains("the id 101, which post 4 has"));
    let parked = result(1, Some(1), failed_with(true, true));
    let decided = settle(decided.record().clone(), &parked, &free(), NOW);
    let mirror = &decided.record().mirror;
    assert_eq!(decided.state(), SettleState::Refused);
    assert_eq!((mirror.attempt(), mirror.refused_version, mirror.due), (None, 1, false));
}

#[test]
fn of_several_with_the_same_contents_the_newest_that_no_other_record_has_is_taken() {
    let item = result(1, Some(1), found(&[9, 8, 7], false, None));
    for (held_ids, expected) in [(&[][..], 9), (&[9], 8), (&[7, 9], 8), (&[9, 8], 7)] {
        let decided = twice(attempted(), &item, &held(held_ids));
        assert_eq!(decided.state(), Settled, "{held_ids:?}");
        assert_eq!(decided.record().mirror.remote_id, Some(expected), "{held_ids:?}");
    }
}

#[test]
fn where_other_records_have_all_that_was_found_nothing_was_created_once_it_is_over() {
    let settled = |record: Record, is_over, detail| {
        let item = result(1, Some(1), found(&[9, 8], is_over, detail));
        let decided = settle(record, &item, &held(&[9, 8]), NOW);
        let (state, mirror) = (decided.state(), &decided.record().mirror);
        let again = settle(decided.record().clone(), &item, &held(&[9, 8]), NOW);
        assert_eq!(again.record(), decided.record());
        assert_eq!(mirror.remote_id, None);
        (state, mirror.attempt().is_some(), mirror.due, mirror.failures)
    };
    use SettleState::{NotCreated, Undecided};
    assert_eq!(settled(attempted(), false, None), (Undecided, true, true, 0));
    assert_eq!(settled(attempted(), false, Some("500")), (Undecided, true, true, 1));
    assert_eq!(settled(attempted(), true, None), (NotCreated, false, true, 0));
    assert_eq!(settled(attempted(), true, Some("500")), (NotCreated, false, true, 1));
    assert_eq!(settled(removed(attempted()), true, None), (Settled, false, false, 0));
    assert_eq!(settled(removed(attempted()), false, None), (Undecided, true, true, 0));
}

#[test]
fn what_was_parked_with_an_unknown_outcome_is_sent_when_it_is_changed_after_that() {
    let parked = |record: Record| {
        let item = result(1, Some(1), failed_with(true, false));
        settle(record, &item, &free(), NOW).record().clone()
    };
    let edited_before = parked(edited_since(attempted()));
    let after = edited_since(edited_before.clone());
    let is_due = |record: &Record| {
        record.mirror.due || record.mirror.changed_version > record.mirror.refused_version
    };
    assert!(!is_due(&edited_before) && is_due(&after));
    // Once it is found, the edit from before is sent, too.
    let mut offered = edited_before;
    offered.mirror.due = true;
    offered.mirror.sending.as_mut().unwrap().failed = false;
    let decided = settle(offered, &result(1, Some(1), sent_as(7)), &free(), NOW);
    assert_eq!((decided.state(), decided.record().mirror.due), (Again, true));
}

#[test]
fn what_the_remote_has_is_told_with_a_new_version_unless_the_record_is_removed() {
    let decided = settle(attempted(), &result(1, Some(1), sent_as(7)), &free(), NOW);
    let SettleDecision::Told(Changed { record, event, conflicts }) = decided else { panic!() };
    assert_eq!((event, record.version, record.mirror.sent_version), (MirrorEvent::Sent, 2, 1));
    assert_eq!((record.mirror.changed_version, conflicts), (1, None));
    assert_eq!(record.mirror.base, Some(post().content.digest()));
    let decided = settle(removed(attempted()), &result(1, Some(1), sent_as(7)), &free(), NOW);
    assert!(matches!(decided, SettleDecision::Touched(_)), "{decided:?}");
}

#[test]
fn the_base_is_what_was_sent_not_what_is_here_now() {
    let record = edited_since(handed_out(edited(), None));
    let decided = settle(record, &result(2, None, Outcome::Sent { remote_id: None }), &free(), NOW);
    assert_eq!(decided.record().mirror.base, Some(content("B").digest()));
    assert_eq!(decided.record().content, content("C"));
}

#[test]
fn a_create_that_failed_keeps_its_attempt_unless_it_certainly_created_nothing() {
    let kept = |not_created| {
        let decided =
            settle(attempted(), &result(1, Some(1), failed_with(true, not_created)), &free(), NOW);
        decided.record().mirror.attempt().is_some()
    };
    assert!(kept(false) && !kept(true));
}

#[test]
fn a_result_of_something_else_changes_nothing() {
    for item in [
        result(1, Some(2), sent_as(7)),
        result(2, Some(1), sent_as(7)),
        result(1, None, sent_as(7)),
        result(1, Some(1), Outcome::Gone {}),
        result(1, Some(2), found(&[7], true, None)),
        result(1, None, found(&[7], true, None)),
    ] {
        let decided = settle(attempted(), &item, &free(), NOW);
        assert_eq!(decided.record(), &attempted(), "{item:?}");
    }
    for outcome in [Outcome::NotCreated {}, found(&[8], true, None)] {
        let decided = settle(handed_out(edited(), None), &result(2, None, outcome), &free(), NOW);
        assert_eq!(decided.record(), &handed_out(edited(), None));
    }
}

#[test]
fn a_removal_at_the_remote_that_gave_way_to_a_change_is_recorded() {
    let decided =
        settle(handed_out(edited(), None), &result(2, None, Outcome::Gone {}), &free(), NOW);
    let SettleDecision::Told(Changed { record, conflicts, .. }) = decided else { panic!() };
    assert_eq!(conflicts.unwrap()[0]["lost"], "removed at the remote");
    assert_eq!((record.mirror.sent_version, record.mirror.listed), (0, false));
}

#[test]
fn an_id_that_a_removed_record_has_goes_to_the_one_to_which_the_remote_gave_it() {
    let holders =
        Holders::from([(7, Holder { id: 4, yields: true, base: Some(content("Z").digest()) })]);
    let decided = settle(attempted(), &result(1, Some(1), sent_as(7)), &holders, NOW);
    assert_eq!((decided.state(), decided.record().mirror.remote_id), (Settled, Some(7)));
    let guessed = result(1, Some(1), found(&[7], true, None));
    assert_eq!(settle(attempted(), &guessed, &holders, NOW).record().mirror.remote_id, Some(7));
    // With the same contents it is that record, which the remote has still.
    let base = Some(attempted().content.digest());
    let same = Holders::from([(7, Holder { id: 4, yields: true, base })]);
    assert_eq!(settle(attempted(), &guessed, &same, NOW).record().mirror.remote_id, None);
    let mut before = handed_out(removed(sent_before()), None);
    yield_id(&mut before);
    assert!(!before.mirror.waits() && !before.mirror.due);
    assert_eq!(before.mirror.remote_id, None);
}

#[test]
fn a_create_is_as_old_as_the_last_time_that_it_was_sent() {
    let now = NOW + TimeDelta::minutes(5);
    let failed = |sent_ago| Outcome::Failed {
        detail: "timeout".into(),
        parked: false,
        not_created: false,
        sent_ago,
    };
    for (sent_ago, at) in
        [(None, NOW), (Some(1_000), now - TimeDelta::seconds(1)), (Some(900_000), NOW)]
    {
        let decided = settle(attempted(), &result(1, Some(1), failed(sent_ago)), &free(), now);
        assert_eq!(decided.record().mirror.sending.as_ref().unwrap().at, at, "{sent_ago:?}");
    }
}

#[test]
fn what_may_still_be_under_way_is_no_failure_however_often_it_is_seen() {
    let undecided = || Outcome::Undecided { detail: "no answer".into(), sent_ago: None };
    let decided = twice(attempted(), &result(1, Some(1), undecided()), &free());
    let mirror = &decided.record().mirror;
    assert_eq!((mirror.failures, mirror.due, mirror.waits()), (0, true, true));
    assert!(mirror.failure.is_some() && mirror.attempt().is_some());
    let updating = handed_out(edited(), None);
    let decided = settle(updating.clone(), &result(2, None, undecided()), &free(), NOW);
    assert_eq!(decided.record(), &updating);
}

#[test]
fn what_is_to_be_parked_if_others_have_all_is_left_as_it_is() {
    for is_over in [false, true] {
        let (remote_ids, detail) = (vec![8], Some("500".to_owned()));
        let found = Outcome::Found { remote_ids, is_over, detail, parks: true };
        let item = result(1, Some(1), found);
        let decided = settle(attempted(), &item, &held(&[8]), NOW);
        assert_eq!((decided.state(), decided.record()), (SettleState::Undecided, &attempted()));
        // One that is free is taken.
        let decided = settle(attempted(), &item, &free(), NOW);
        assert_eq!(decided.record().mirror.remote_id, Some(8));
    }
}

#[test]
fn a_removed_record_is_left_open_without_a_failure() {
    let item = result(1, Some(1), found(&[8], true, None));
    let decided = leave_open(removed(attempted()), &item);
    let mirror = &decided.record().mirror;
    assert_eq!((decided.state(), mirror.failures, mirror.due), (SettleState::Undecided, 0, true));
    assert!(mirror.attempt().is_some() && mirror.remote_id.is_none());
}

#[test]
fn what_was_offered_while_it_was_sent_is_due_although_it_is_parked() {
    let mut offered = attempted();
    offered.mirror.sending.as_mut().unwrap().offered = true;
    let decided = settle(offered, &result(1, Some(1), failed_with(true, true)), &free(), NOW);
    assert_eq!(decided.state(), Again);
    assert!(decided.record().mirror.due);
}
