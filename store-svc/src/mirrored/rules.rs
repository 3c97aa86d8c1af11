//! The decisions about what callers do with posts and comments. Pure.

use chrono::{DateTime, Utc};
use program_kit::access::{Caller, Rule};
use program_kit::http::problem::{Kind, Problem};
use shared_models::mirror::{MirrorEvent, Mirrored};

use super::content::Content;
use super::event::Changed;
use super::record::Record;

/// Fails unless a caller may change or remove a record: its creator may, and an administrator.
pub(crate) fn check_owner(record: &Record, caller: &Caller) -> Result<(), Problem> {
    let is_creator = caller.name().is_some_and(|name| record.creator.as_deref() == Some(name));
    if is_creator || caller.may(Rule::ADMIN) {
        return Ok(());
    }
    let kind = record.kind.resource();
    let detail = match &record.creator {
        Some(creator) => {
            format!("only {creator}, who created this {kind}, or an admin may change it")
        }
        None => format!("this {kind} has no known creator; only an admin may change it"),
    };
    Err(Problem::new(Kind::Forbidden, detail))
}

/// Returns the record with these contents; `None` if it has them already.
pub(crate) fn set(
    record: &Record,
    content: Content,
    modifier: Option<&str>,
    now: DateTime<Utc>,
) -> Option<Changed> {
    if record.content == content {
        return None;
    }
    let mut after = changed_here(record, modifier, now);
    after.content = content;
    Some(Changed::new(after, MirrorEvent::Changed))
}

/// Returns the record, removed by a caller. Of a record of which nothing was ever sent, nothing is to be
/// sent now.
pub(crate) fn removed(record: &Record, modifier: Option<&str>, now: DateTime<Utc>) -> Changed {
    let mut after = changed_here(record, modifier, now);
    after.deleted = true;
    if after.mirror.remote_id.is_none() && after.mirror.attempt().is_none() {
        after.mirror.sent_version = after.version;
        after.mirror.due = false;
    }
    Changed::new(after, MirrorEvent::Removed)
}

fn changed_here(record: &Record, modifier: Option<&str>, now: DateTime<Utc>) -> Record {
    let mut after = record.clone();
    after.version += 1;
    after.mirror.changed_version = after.version;
    after.modifier = modifier.map(str::to_owned);
    after.modified_at = now;
    after
}

/// Returns the key that a text stands for: a positive whole number.
pub(crate) fn key(text: &str) -> Option<i64> {
    let is_plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|key| is_plain && *key > 0)
}

/// Returns the problem of a comment on a post that does not exist.
pub(crate) const NO_SUCH_POST: &str = "is not the id of a post that exists";

/// Returns the path of a record.
pub(crate) fn path(kind: Mirrored, id: i64) -> String {
    format!("/{}/{id}", kind.plural())
}
