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
#[path = "preparing_tests.rs"]
mod tests;
