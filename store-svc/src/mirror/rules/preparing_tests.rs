//! Tests of preparing: what is handed out, in every state of a record.

use super::super::samples::{content, edited, handed_out, post, removed, sent};
use super::*;

fn refused(mut record: Record) -> Record {
    record.mirror.refused_version = record.mirror.changed_version;
    record.mirror.due = false;
    record
}

fn due(mut record: Record) -> Record {
    record.mirror.due = true;
    record
}

fn comment(mut record: Record) -> Record {
    record.kind = Mirrored::Comment;
    record
}

#[test]
fn every_state_of_a_record_has_its_action() {
    let attempted = || handed_out(post(), Some(1));
    for (what, record, parent, expected) in [
        ("new", post(), None, Action::Create),
        ("sent", sent(), None, Action::Nothing),
        ("sent and offered", due(sent()), None, Action::Nothing),
        ("edited", edited(), None, Action::Update),
        ("edited twice before it was settled", handed_out(edited(), None), None, Action::Update),
        ("removed", removed(sent()), None, Action::Delete),
        ("created and removed, never sent", removed(post()), None, Action::Nothing),
        ("attempted", attempted(), None, Action::Create),
        ("attempted, then removed", removed(attempted()), None, Action::Resolve),
        ("refused", refused(post()), None, Action::Nothing),
        ("refused update", refused(edited()), None, Action::Nothing),
        ("refused removal", refused(removed(sent())), None, Action::Nothing),
        ("refused with an attempt", refused(attempted()), None, Action::Nothing),
        ("refused, then offered", due(refused(post())), None, Action::Create),
        ("refused update, then offered", due(refused(edited())), None, Action::Update),
        ("refused, then removed", removed(refused(sent())), None, Action::Delete),
        ("refused attempt, then removed", removed(refused(attempted())), None, Action::Resolve),
        ("comment", comment(post()), Some(9), Action::Create),
        ("comment before its post", comment(post()), None, Action::Wait),
        ("comment that is there, of a post that is not", comment(edited()), None, Action::Wait),
        ("comment removed, of a post that is not", comment(removed(sent())), None, Action::Delete),
        ("comment attempted, of a post that is not", comment(attempted()), None, Action::Wait),
        (
            "comment attempted and removed, of a post that is not",
            comment(removed(attempted())),
            None,
            Action::Resolve,
        ),
    ] {
        assert_eq!(action(&record, parent), expected, "{what}");
    }
}

#[test]
fn an_attempt_is_stored_before_it_is_handed_out_and_handed_out_again_as_unknown() {
    let [first, second] = [1, 2].map(Uuid::from_u128);
    let (early, late) = (DateTime::UNIX_EPOCH, DateTime::UNIX_EPOCH + chrono::TimeDelta::days(1));
    let PrepareDecision { item, after } = prepare(post(), None, (first, early), None);
    assert_eq!((item.attempt, item.outcome_unknown, item.version), (Some(first), false, 1));
    let mut stored = after.unwrap();
    assert!(stored.mirror.due && stored.mirror.attempt() == Some(first));
    // It is edited before the outcome is known: what is looked up is what was sent.
    (stored.version, stored.mirror.changed_version) = (2, 2);
    stored.content = content("B");
    let PrepareDecision { item, after } = prepare(stored, None, (second, late), None);
    assert_eq!((item.attempt, item.outcome_unknown, item.version), (Some(first), true, 1));
    // Nothing was heard of its worker.
    assert_eq!((item.attempt_age, item.action), (Some(0), Action::Create));
    let Some(Fields::Post(PostFields { title, .. })) = item.fields else { panic!("no post") };
    assert_eq!(title, "A");
    assert_eq!(after.unwrap().mirror.attempt(), Some(first));
}

#[test]
fn an_attempt_of_a_time_to_come_ages_from_now_on() {
    let (now, hour) = (DateTime::UNIX_EPOCH, chrono::TimeDelta::hours(1));
    let mut stored = handed_out(post(), Some(1));
    let sending = stored.mirror.sending.as_mut().unwrap();
    (sending.at, sending.failed) = (now + chrono::TimeDelta::days(1), true);
    let PrepareDecision { item, after } = prepare(stored, None, (Uuid::nil(), now), None);
    assert_eq!(item.attempt_age, Some(0));
    let mut again = after.unwrap();
    again.mirror.sending.as_mut().unwrap().failed = true;
    let item = prepare(again, None, (Uuid::nil(), now + hour), None).item;
    assert_eq!(item.attempt_age, Some(3_600_000));
}

#[test]
fn an_update_has_no_attempt_and_what_is_deleted_no_fields() {
    let PrepareDecision { item, after } =
        prepare(edited(), None, (Uuid::nil(), DateTime::UNIX_EPOCH), None);
    assert_eq!((item.action, item.attempt, item.remote_id), (Action::Update, None, Some(7)));
    assert!(item.fields.is_some() && after.unwrap().mirror.due);
    let PrepareDecision { item, .. } =
        prepare(removed(sent()), None, (Uuid::nil(), DateTime::UNIX_EPOCH), None);
    assert_eq!((item.action, item.fields, item.remote_id), (Action::Delete, None, Some(7)));
    let PrepareDecision { after, .. } =
        prepare(sent(), None, (Uuid::nil(), DateTime::UNIX_EPOCH), None);
    assert!(after.is_none());
}

/// A comment that was sent to the post 9, and whose creation is not known.
fn attempted_comment() -> Record {
    let (new, at) = (Uuid::from_u128(1), DateTime::UNIX_EPOCH);
    prepare(comment(post()), Some(9), (new, at), None).after.unwrap()
}

fn post_of(item: &PreparedItem) -> Option<i64> {
    match item.fields.as_ref().unwrap() {
        Fields::Post(_) => None,
        Fields::Comment(fields) => fields.post_remote_id,
    }
}

#[test]
fn a_comment_is_looked_up_as_it_was_sent_and_another_post_is_another_attempt() {
    let [first, new] = [1, 2].map(Uuid::from_u128);
    let prepared = |record, post| prepare(record, post, (new, DateTime::UNIX_EPOCH), None).item;
    // The comment, the post there now, the attempt, whether it is looked up, the post that was sent.
    let cases = [
        (attempted_comment(), Some(9), first, true, 9),
        (attempted_comment(), Some(10), new, false, 10),
        (removed(attempted_comment()), Some(9), first, true, 9),
        (removed(attempted_comment()), Some(10), first, true, 9),
        (removed(attempted_comment()), None, first, true, 9),
    ];
    for (record, post, attempt, is_unknown, sent) in cases {
        let item = prepared(record, post);
        assert_eq!((item.attempt, item.outcome_unknown), (Some(attempt), is_unknown), "{post:?}");
        assert_eq!(post_of(&item), Some(sent), "{post:?}");
    }
    assert_eq!(prepared(attempted_comment(), None).action, Action::Wait);
}

#[test]
fn a_comment_that_waits_for_its_post_says_so_once() {
    let at = DateTime::UNIX_EPOCH;
    for waiting in [comment(post()), comment(edited()), attempted_comment()] {
        let PrepareDecision { item, after } = prepare(waiting, None, (Uuid::nil(), at), None);
        assert_eq!((item.action, item.fields), (Action::Wait, None));
        let stored = after.unwrap();
        assert_eq!(stored.mirror.failure.as_deref(), Some(NO_POST_YET));
        assert!(prepare(stored, None, (Uuid::nil(), at), None).after.is_none());
    }
}

#[test]
fn what_another_pass_is_to_send_is_not_handed_out() {
    let at = (Uuid::nil(), DateTime::UNIX_EPOCH);
    for (record, only, action) in [
        (post(), Only::Changed, Action::Create),
        (edited(), Only::New, Action::Update),
        (removed(sent()), Only::New, Action::Delete),
        (removed(handed_out(post(), Some(1))), Only::Removed, Action::Resolve),
    ] {
        let PrepareDecision { item, after } = prepare(record, None, at, Some(only));
        assert_eq!((item.action, item.attempt), (action, None));
        assert!(after.is_none(), "{action:?}");
    }
}
