//! What is to be done at the remote with a record.

use chrono::{DateTime, Utc};
use shared_models::mirror::{Action, CommentFields, Fields, Mirrored, PostFields, PreparedItem};
use uuid::Uuid;

use crate::mirrored::content::Content;
use crate::mirrored::record::{Record, Sending};

/// A record that is to be sent.
#[derive(Debug)]
pub(in crate::mirror) struct PrepareDecision {
    /// What the worker is told.
    pub(in crate::mirror) item: PreparedItem,
    /// The record, if it is to be stored that this was handed out.
    pub(in crate::mirror) after: Option<Record>,
}

/// Decides what is to be done with a record. `post` is the id at the remote of a comment's post.
fn action(record: &Record, post: Option<i64>) -> Action {
    let mirror = &record.mirror;
    // What the remote has refused is sent again when it is offered, or changed again.
    let is_refused = mirror.changed_version <= mirror.refused_version && !mirror.due;
    let is_orphan = record.kind == Mirrored::Comment && post.is_none();
    match (mirror.attempt(), mirror.remote_id, record.deleted) {
        _ if !mirror.waits() || is_refused => Action::Nothing,
        (Some(_), _, true) => Action::Resolve,
        (Some(_), _, false) => Action::Create,
        (None, Some(_), true) => Action::Delete,
        (None, None, true) => Action::Nothing,
        (None, Some(_), false) => Action::Update,
        (None, None, false) if is_orphan => Action::Wait,
        (None, None, false) => Action::Create,
    }
}

/// Hands a record out to be sent; `new` is the attempt if it is to be created.
pub(in crate::mirror) fn prepare(
    record: Record,
    post: Option<i64>,
    new: Uuid,
    now: DateTime<Utc>,
) -> PrepareDecision {
    let action = action(&record, post);
    let mut after = record;
    let is_known = after.mirror.attempt().is_some();
    let sending = match action {
        Action::Nothing | Action::Wait => None,
        Action::Create | Action::Resolve if is_known => {
            after.mirror.sending.take().map(|sending| Sending { failed: false, ..sending })
        }
        Action::Create | Action::Resolve => Some(handed_out(&after, Some(new), now)),
        Action::Update | Action::Delete => Some(handed_out(&after, None, now)),
    };
    let Some(sending) = sending else {
        let version = after.mirror.changed_version;
        return PrepareDecision { item: item(&after, action, version), after: None };
    };
    let fields = |content| fields(after.kind, content, post);
    let item = PreparedItem {
        attempt: sending.attempt,
        outcome_unknown: is_known,
        attempted_at: is_known.then_some(sending.at),
        fields: (action != Action::Delete).then(|| fields(&sending.content)),
        ..item(&after, action, sending.version)
    };
    after.mirror.sending = Some(sending);
    after.mirror.due = true;
    PrepareDecision { item, after: Some(after) }
}

fn handed_out(record: &Record, attempt: Option<Uuid>, at: DateTime<Utc>) -> Sending {
    let (version, content) = (record.mirror.changed_version, record.content.clone());
    Sending { attempt, at, version, content, failed: false }
}

fn item(record: &Record, action: Action, version: i64) -> PreparedItem {
    PreparedItem {
        id: record.id,
        version,
        action,
        attempt: None,
        outcome_unknown: false,
        attempted_at: None,
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
            (
                "comment that is there, of a post that is not",
                comment(edited()),
                None,
                Action::Update,
            ),
            (
                "comment removed, of a post that is not",
                comment(removed(sent())),
                None,
                Action::Delete,
            ),
            (
                "comment attempted, of a post that is not",
                comment(attempted()),
                None,
                Action::Create,
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
        let PrepareDecision { item, after } = prepare(post(), None, first, early);
        assert_eq!((item.attempt, item.outcome_unknown, item.version), (Some(first), false, 1));
        let mut stored = after.unwrap();
        assert!(stored.mirror.due && stored.mirror.attempt() == Some(first));
        // It is edited before the outcome is known: what is looked up is what was sent.
        (stored.version, stored.mirror.changed_version) = (2, 2);
        stored.content = content("B");
        let PrepareDecision { item, after } = prepare(stored, None, second, late);
        assert_eq!((item.attempt, item.outcome_unknown, item.version), (Some(first), true, 1));
        assert_eq!((item.attempted_at, item.action), (Some(early), Action::Create));
        let Some(Fields::Post(PostFields { title, .. })) = item.fields else { panic!("no post") };
        assert_eq!(title, "A");
        assert_eq!(after.unwrap().mirror.attempt(), Some(first));
    }

    #[test]
    fn an_update_has_no_attempt_and_what_is_deleted_no_fields() {
        let PrepareDecision { item, after } =
            prepare(edited(), None, Uuid::nil(), DateTime::UNIX_EPOCH);
        assert_eq!((item.action, item.attempt, item.remote_id), (Action::Update, None, Some(7)));
        assert!(item.fields.is_some() && after.unwrap().mirror.due);
        let PrepareDecision { item, .. } =
            prepare(removed(sent()), None, Uuid::nil(), DateTime::UNIX_EPOCH);
        assert_eq!((item.action, item.fields, item.remote_id), (Action::Delete, None, Some(7)));
        let PrepareDecision { after, .. } =
            prepare(sent(), None, Uuid::nil(), DateTime::UNIX_EPOCH);
        assert!(after.is_none());
    }
}
