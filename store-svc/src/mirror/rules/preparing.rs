//! What is to be done at the remote with a record.

use chrono::{DateTime, Utc};
use shared_models::mirror::{
    Action, CommentFields, Fields, Mirrored, Only, PostFields, PreparedItem,
};
use uuid::Uuid;

use crate::mirrored::content::Content;
use crate::mirrored::record::{NO_POST_YET, Record, Sending};

/// A record that is to be sent.
#[derive(Debug)]
pub(in crate::mirror) struct PrepareDecision {
    /// What the worker is told.
    pub(in crate::mirror) item: PreparedItem,
    /// The record, if it is to be stored that this was handed out, or that it waits.
    pub(in crate::mirror) after: Option<Record>,
}

/// Decides what is to be done with a record. `post` is the id at the remote of a comment's post.
fn action(record: &Record, post: Option<i64>) -> Action {
    let mirror = &record.mirror;
    let is_orphan = record.kind == Mirrored::Comment && post.is_none();
    match (mirror.attempt(), mirror.remote_id, record.deleted) {
        _ if !mirror.waits() || mirror.is_refused() => Action::Nothing,
        (Some(_), _, true) => Action::Resolve,
        (None, Some(_), true) => Action::Delete,
        (None, None, true) => Action::Nothing,
        (_, _, false) if is_orphan => Action::Wait,
        (None, Some(_), false) => Action::Update,
        (Some(_), _, false) | (None, None, false) => Action::Create,
    }
}

/// Returns whether the outcome of a create that was begun is to be found out. What was created under a post
/// that the remote has no more is gone with that; a removed comment may still be there.
fn is_begun(record: &Record, post: Option<i64>) -> bool {
    let begun = record.mirror.sending.as_ref().filter(|sending| sending.attempt.is_some());
    begun.is_some_and(|begun| record.deleted || begun.post.is_none() || begun.post == post)
}

/// Hands a record out to be sent, if it is one of those that are wanted; `new` is the attempt if it is to be created.
pub(in crate::mirror) fn prepare(
    record: Record,
    post: Option<i64>,
    (new, now): (Uuid, DateTime<Utc>),
    only: Option<Only>,
) -> PrepareDecision {
    let action = action(&record, post);
    let mut after = record;
    let is_begun = is_begun(&after, post);
    let handed_out = |record: &Record, attempt| Sending {
        attempt,
        at: now,
        version: record.mirror.changed_version,
        content: record.content.clone(),
        post,
        failed: false,
        offered: false,
    };
    let sending = match action {
        Action::Nothing | Action::Wait => None,
        other if only.is_some_and(|only| !only.has(other)) => None,
        Action::Create | Action::Resolve if is_begun => {
            after.mirror.sending.take().map(|sending| handed_out_again(sending, now))
        }
        Action::Create | Action::Resolve => Some(handed_out(&after, Some(new))),
        Action::Update | Action::Delete => Some(handed_out(&after, None)),
    };
    let Some(sending) = sending else {
        let item = item(&after, action, after.mirror.changed_version);
        let is_news =
            action == Action::Wait && after.mirror.failure.as_deref() != Some(NO_POST_YET);
        after.mirror.failure = Some(NO_POST_YET.to_owned());
        return PrepareDecision { item, after: is_news.then_some(after) };
    };
    let fields = || fields(after.kind, &sending.content, sending.post.or(post));
    let item = PreparedItem {
        attempt: sending.attempt,
        outcome_unknown: is_begun,
        attempt_age: is_begun.then(|| age(&sending, now)),
        fields: (action != Action::Delete).then(fields),
        ..item(&after, action, sending.version)
    };
    after.mirror.sending = Some(sending);
    after.mirror.due = true;
    PrepareDecision { item, after: Some(after) }
}

/// Hands out an attempt of unknown outcome. Where its worker has not said when it was last sent, that may have been just
/// now.
fn handed_out_again(sending: Sending, now: DateTime<Utc>) -> Sending {
    // A time to come is of a clock that was set back since.
    let at = if sending.failed { sending.at.min(now) } else { now };
    Sending { at, failed: false, offered: false, ..sending }
}

fn age(sending: &Sending, now: DateTime<Utc>) -> u64 {
    u64::try_from((now - sending.at).num_milliseconds()).unwrap_or_default()
}

fn item(record: &Record, action: Action, version: i64) -> PreparedItem {
    PreparedItem {
        id: record.id,
        version,
        action,
        attempt: None,
        outcome_unknown: false,
        attempt_age: None,
        remote_id: record.mirror.remote_id,
        failures: record.mirror.failures.unsigned_abs(),
        fields: None,
    }
}

fn fields(kind: Mirrored, content: &Content, post: Option<i64>) -> Fields {
    let Content { parent, name, email, body } = content.clone();
    match kind {
        Mirrored::Post => Fields::Post(PostFields { user_id: parent, title: name, body }),
        Mirrored::Comment => {
            let email = email.unwrap_or_default();
            Fields::Comment(CommentFields { post_remote_id: post, name, email, body })
        }
    }
}

#[cfg(test)]
mod tests {
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
            (
                "edited twice before it was settled",
                handed_out(edited(), None),
                None,
                Action::Update,
            ),
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
            (
                "comment removed, of a post that is not",
                comment(removed(sent())),
                None,
                Action::Delete,
            ),
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
        let (early, late) =
            (DateTime::UNIX_EPOCH, DateTime::UNIX_EPOCH + chrono::TimeDelta::days(1));
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
            assert_eq!(
                (item.attempt, item.outcome_unknown),
                (Some(attempt), is_unknown),
                "{post:?}"
            );
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
}
