//! Tests of settling: every outcome, in every state of a record.

use SettleState::{Again, Refused, Settled};
use shared_models::mirror::{Outcome, SettleItem, SettleState};
use uuid::Uuid;

use super::samples::{content, edited, handed_out, post, removed, sent as sent_before};
use super::settling::*;
use super::*;

fn result(version: i64, attempt: Option<u128>, outcome: Outcome) -> SettleItem {
    SettleItem { id: 5, version, attempt: attempt.map(Uuid::from_u128), outcome }
}

fn sent_as(remote_id: i64) -> Outcome {
    Outcome::Sent { remote_id: Some(remote_id) }
}

fn failed_with(parked: bool, not_created: bool) -> Outcome {
    Outcome::Failed { detail: "503".into(), parked, not_created }
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
fn twice(record: Record, item: &SettleItem, holder: Option<i64>) -> SettleDecision {
    let once = settle(record, item, holder);
    let again = settle(once.record().clone(), item, holder);
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
        let decided = twice(record, &result(version, attempt, outcome), None);
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
        ("parked, removed", removed(attempted()), 1, once, failed_with(true, false), (Again, None, true)),
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
    let decided = twice(attempted(), &result(1, Some(1), sent_as(101)), Some(4));
    assert_eq!(decided.state(), SettleState::Taken);
    let mirror = &decided.record().mirror;
    assert_eq!((mirror.remote_id, mirror.refused_version, mirror.due), (None, 0, true));
    assert!(mirror.attempt().is_some(), "its creation is looked up again");
    assert!(mirror.failure.as_ref().unwrap().contains("the id 101, which post 4 has"));
    let parked = result(1, Some(1), failed_with(true, true));
    let decided = settle(decided.record().clone(), &parked, None);
    let mirror = &decided.record().mirror;
    assert_eq!(decided.state(), SettleState::Refused);
    assert_eq!((mirror.attempt(), mirror.refused_version, mirror.due), (None, 1, false));
}

#[test]
fn what_the_remote_has_is_told_with_a_new_version_unless_the_record_is_removed() {
    let decided = settle(attempted(), &result(1, Some(1), sent_as(7)), None);
    let SettleDecision::Told(Changed { record, event, conflicts }) = decided else { panic!() };
    assert_eq!((event, record.version, record.mirror.sent_version), (MirrorEvent::Sent, 2, 1));
    assert_eq!((record.mirror.changed_version, conflicts), (1, None));
    assert_eq!(record.mirror.base, Some(post().content.digest()));
    let decided = settle(removed(attempted()), &result(1, Some(1), sent_as(7)), None);
    assert!(matches!(decided, SettleDecision::Touched(_)), "{decided:?}");
}

#[test]
fn the_base_is_what_was_sent_not_what_is_here_now() {
    let record = edited_since(handed_out(edited(), None));
    let decided = settle(record, &result(2, None, Outcome::Sent { remote_id: None }), None);
    assert_eq!(decided.record().mirror.base, Some(content("B").digest()));
    assert_eq!(decided.record().content, content("C"));
}

#[test]
fn a_create_that_failed_keeps_its_attempt_unless_it_certainly_created_nothing() {
    let kept = |not_created| {
        let decided =
            settle(attempted(), &result(1, Some(1), failed_with(true, not_created)), None);
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
    ] {
        let decided = settle(attempted(), &item, None);
        assert_eq!(decided.record(), &attempted(), "{item:?}");
    }
    let item = result(2, None, Outcome::NotCreated {});
    let decided = settle(handed_out(edited(), None), &item, None);
    assert_eq!(decided.record(), &handed_out(edited(), None));
}

#[test]
fn a_change_that_gave_way_to_a_removal_at_the_remote_is_recorded() {
    let decided = settle(handed_out(edited(), None), &result(2, None, Outcome::Gone {}), None);
    let SettleDecision::Told(Changed { record, conflicts, .. }) = decided else { panic!() };
    assert_eq!(conflicts.unwrap()[0]["lost"], "removed at the remote");
    assert_eq!((record.mirror.sent_version, record.mirror.listed), (0, false));
}
