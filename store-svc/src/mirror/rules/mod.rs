//! The decisions of the mirror about one record. Pure.
//!
//! Of each record that waits one of three things holds, so that none is forgotten: an event of it is in the
//! feed after the worker's place there, it is `due`, or the newest change was refused by the remote.

mod adopting;
mod gone;
mod loading;
mod preparing;
mod settling;
#[cfg(test)]
mod settling_tests;

use serde_json::{Value, json};
use shared_models::mirror::{MirrorEvent, Mirrored};

use crate::mirrored::content::Content;
use crate::mirrored::event::Changed;
use crate::mirrored::record::Record;

pub(super) use adopting::{Marked, adoptions};
pub(super) use gone::{GoneDecision, gone, removed_with_post};
pub(super) use loading::{LoadDecision, Remote, adopt, created, load};
pub(super) use preparing::prepare;
pub(super) use settling::{Holder, Holders, SettleDecision, leave_open, settle, yield_id};

/// Returns the change of a record that is told of: the next version of it.
fn told(mut record: Record, event: MirrorEvent, conflicts: Option<Value>) -> Changed {
    record.version += 1;
    Changed { record, event, conflicts }
}

/// Marks a record that is not at the remote, and is removed here, as sent: nothing is left to do.
fn end_if_removed(record: &mut Record) {
    let mirror = &mut record.mirror;
    if record.deleted && mirror.remote_id.is_none() && mirror.attempt().is_none() {
        mirror.sent_version = mirror.changed_version;
        (mirror.sending, mirror.due) = (None, false);
    }
}

/// Forgets what was known of the record at the remote.
fn forget_remote(record: &mut Record) {
    let mirror = &mut record.mirror;
    (mirror.remote_id, mirror.base, mirror.sending) = (None, None, None);
    (mirror.listed, mirror.sent_version) = (false, 0);
}

/// The rule by which a change here stands against a removal at the remote.
const CREATED_ANEW: &str =
    "a change made here that is not sent yet stands: the record is created anew";

/// The rule by which a change here stands against one at the remote.
const LOCAL_STANDS: &str = "a change made here that is not sent yet stands";

/// Returns the fields in which a change here stands against one at the remote.
fn differences(kind: Mirrored, here: &Content, there: &Content) -> Value {
    let shown = |content: &Content| serde_json::to_value(content.show(kind)).unwrap_or_default();
    let (here, there) = (shown(here), shown(there));
    let fields = here.as_object().into_iter().flatten();
    let conflict = |(field, stands): (&String, &Value)| {
        let lost = &there[field];
        let conflict =
            json!({"field": field, "stands": stands, "lost": lost, "rule": LOCAL_STANDS});
        (stands != lost).then_some(conflict)
    };
    fields.filter_map(conflict).collect()
}

/// Returns the conflict of a record that one side changed and the other removed.
fn removed_there(stands: &str, lost: &str, rule: &str) -> Value {
    json!([{"field": "record", "stands": stands, "lost": lost, "rule": rule}])
}

#[cfg(test)]
pub(super) mod samples {
    use chrono::DateTime;
    use uuid::Uuid;

    use super::*;
    use crate::mirrored::record::Sending;

    pub(in crate::mirror) fn content(name: &str) -> Content {
        Content { parent: Some(1), name: name.into(), email: None, body: "x".into() }
    }

    /// A post that was created here, and of which nothing was sent.
    pub(in crate::mirror) fn post() -> Record {
        Record::created((Mirrored::Post, 5), content("A"), Some("ann"), DateTime::UNIX_EPOCH)
    }

    /// The same post, which the remote has.
    pub(in crate::mirror) fn sent() -> Record {
        let mut post = post();
        post.mirror.sent_version = 1;
        post.mirror.remote_id = Some(7);
        post.mirror.base = Some(post.content.digest());
        post
    }

    /// The same post, changed here since.
    pub(in crate::mirror) fn edited() -> Record {
        let mut post = sent();
        (post.version, post.mirror.changed_version) = (2, 2);
        post.content = content("B");
        post
    }

    /// A record that was removed here.
    pub(in crate::mirror) fn removed(mut record: Record) -> Record {
        record.version += 1;
        record.mirror.changed_version = record.version;
        record.deleted = true;
        record
    }

    /// A record whose change was handed out to be sent.
    pub(in crate::mirror) fn handed_out(mut record: Record, attempt: Option<u128>) -> Record {
        record.mirror.due = true;
        record.mirror.sending = Some(Sending {
            attempt: attempt.map(Uuid::from_u128),
            at: DateTime::UNIX_EPOCH,
            version: record.mirror.changed_version,
            content: record.content.clone(),
            post: None,
            failed: false,
            offered: false,
        });
        record
    }
}
