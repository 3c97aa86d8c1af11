//! What becomes of a record that the remote has.

use chrono::{DateTime, Utc};
use serde_json::json;
use shared_models::mirror::{MirrorEvent, Mirrored};

use super::{LOCAL_STANDS, differences, told};
use crate::mirrored::content::Content;
use crate::mirrored::event::Changed;
use crate::mirrored::record::{Mirror, Record};

/// A record of the remote, checked.
#[derive(Clone, Debug)]
pub(in crate::mirror) struct Remote {
    /// The id there.
    pub(in crate::mirror) id: i64,
    /// The contents; the post of a comment by its id here.
    pub(in crate::mirror) content: Content,
    /// The digest of the contents.
    pub(in crate::mirror) digest: String,
}

impl Remote {
    /// Creates a record of the remote.
    pub(in crate::mirror) fn new(id: i64, content: Content) -> Self {
        Self { id, digest: content.digest(), content }
    }
}

/// What becomes of a record here that the remote has, too.
#[derive(Debug)]
pub(in crate::mirror) enum LoadDecision {
    /// Nothing.
    Same,
    /// Only the state in the mirror changes.
    Touched(Record),
    /// The remote has what waits here to be sent.
    Confirmed(Changed),
    /// The remote changed it.
    Updated(Changed),
    /// Both sides changed it: what is here stands.
    Conflict(Changed),
}

/// Creates the record of a remote one that is new here.
pub(in crate::mirror) fn created(
    (kind, id): (Mirrored, i64),
    remote: Remote,
    now: DateTime<Utc>,
) -> Changed {
    let mut record = Record::created((kind, id), remote.content, None, now);
    record.mirror = Mirror {
        remote_id: Some(remote.id),
        base: Some(remote.digest),
        listed: true,
        ..Mirror::default()
    };
    Changed::new(record, MirrorEvent::Loaded)
}

/// Decides about a record that both sides have.
pub(in crate::mirror) fn load(here: &Record, remote: &Remote, now: DateTime<Utc>) -> LoadDecision {
    if here.deleted {
        return removed_here(here, remote);
    }
    let mirror = &here.mirror;
    let mut after = here.clone();
    after.mirror.listed = true;
    after.mirror.base = Some(remote.digest.clone());
    let is_known = is_known(here, remote);
    let is_same = here.content == remote.content;
    match (mirror.waits(), is_same) {
        (true, true) => {
            after.mirror.sent_version = mirror.changed_version;
            (after.mirror.sending, after.mirror.due) = (None, false);
            (after.mirror.failures, after.mirror.failure) = (0, None);
            LoadDecision::Confirmed(told(after, MirrorEvent::Sent, None))
        }
        (true, false) if !is_known => {
            let conflicts = differences(here.kind, &here.content, &remote.content);
            LoadDecision::Conflict(told(after, MirrorEvent::Loaded, Some(conflicts)))
        }
        (true, false) | (false, true) if after == *here => LoadDecision::Same,
        (true, false) | (false, true) => LoadDecision::Touched(after),
        (false, false) => {
            after.content = remote.content.clone();
            (after.modifier, after.modified_at) = (None, now);
            LoadDecision::Updated(told(after, MirrorEvent::Loaded, None))
        }
    }
}

/// Returns whether the remote has what it was last known to have, or what was sent to it since.
fn is_known(here: &Record, remote: &Remote) -> bool {
    let sending = here.mirror.sending.as_ref().map(|sending| sending.content.digest());
    let known = [here.mirror.base.as_ref(), sending.as_ref()];
    known.into_iter().flatten().any(|digest| *digest == remote.digest)
}

/// Decides about a record that was removed here: the removal stands, and waits to be sent. Instead of its contents,
/// which nobody sees, the record keeps those that are lost, so that the conflict is recorded once.
fn removed_here(here: &Record, remote: &Remote) -> LoadDecision {
    if !here.mirror.waits() || is_known(here, remote) || here.content == remote.content {
        return LoadDecision::Same;
    }
    let lost = remote.content.show(here.kind);
    let conflicts =
        json!([{"field": "record", "stands": "removed here", "lost": lost, "rule": LOCAL_STANDS}]);
    let after = Record { content: remote.content.clone(), ..here.clone() };
    LoadDecision::Conflict(told(after, MirrorEvent::Removed, Some(conflicts)))
}

/// Decides about a record whose creation was begun, and that the remote turns out to have.
pub(in crate::mirror) fn adopt(here: &Record, remote: &Remote, now: DateTime<Utc>) -> LoadDecision {
    let mut adopted = here.clone();
    adopted.mirror.remote_id = Some(remote.id);
    if let Some(sending) = adopted.mirror.sending.take() {
        adopted.mirror.sent_version = adopted.mirror.sent_version.max(sending.version);
        adopted.mirror.base = Some(sending.content.digest());
    }
    (adopted.mirror.failures, adopted.mirror.failure) = (0, None);
    adopted.mirror.due = adopted.mirror.waits();
    if adopted.deleted {
        return LoadDecision::Touched(adopted);
    }
    match load(&adopted, remote, now) {
        LoadDecision::Same => LoadDecision::Confirmed(told(adopted, MirrorEvent::Sent, None)),
        LoadDecision::Touched(after) => {
            LoadDecision::Confirmed(told(after, MirrorEvent::Sent, None))
        }
        other @ (LoadDecision::Confirmed(_)
        | LoadDecision::Updated(_)
        | LoadDecision::Conflict(_)) => other,
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{content, edited, handed_out, post, removed, sent};
    use super::*;

    fn remote(name: &str) -> Remote {
        Remote::new(7, content(name))
    }

    fn name(decision: &LoadDecision) -> &'static str {
        match decision {
            LoadDecision::Same => "same",
            LoadDecision::Touched(_) => "touched",
            LoadDecision::Confirmed(_) => "confirmed",
            LoadDecision::Updated(_) => "updated",
            LoadDecision::Conflict(_) => "conflict",
        }
    }

    fn record(decision: LoadDecision) -> Option<Record> {
        match decision {
            LoadDecision::Same => None,
            LoadDecision::Touched(record) => Some(record),
            LoadDecision::Confirmed(changed)
            | LoadDecision::Updated(changed)
            | LoadDecision::Conflict(changed) => Some(changed.record),
        }
    }

    #[test]
    fn what_the_remote_changed_comes_unless_a_change_here_waits() {
        // The record here, what the remote has, the decision, the title here after it.
        for (here, there, expected, title) in [
            (sent(), "A", "touched", "A"),
            (sent(), "Z", "updated", "Z"),
            (edited(), "A", "touched", "B"),
            (edited(), "B", "confirmed", "B"),
            (edited(), "Z", "conflict", "B"),
            (handed_out(edited(), None), "B", "confirmed", "B"),
            (removed(sent()), "A", "same", "A"),
            (removed(sent()), "Z", "conflict", "Z"),
            (removed(edited()), "B", "same", "B"),
        ] {
            let decided = load(&here, &remote(there), DateTime::UNIX_EPOCH);
            assert_eq!(name(&decided), expected, "{here:?}, {there}");
            let after = record(decided).unwrap_or_else(|| here.clone());
            assert_eq!(after.content.name, title, "{here:?}, {there}");
            // The same load once more: neither a version nor an event.
            let again = load(&after, &remote(there), DateTime::UNIX_EPOCH);
            assert_eq!(name(&again), "same", "{after:?}, {there}");
        }
    }

    #[test]
    fn what_was_sent_and_not_settled_is_no_change_of_the_remote() {
        let mut here = handed_out(edited(), None);
        (here.version, here.mirror.changed_version) = (3, 3);
        here.content = content("C");
        let decided = load(&here, &remote("B"), DateTime::UNIX_EPOCH);
        assert_eq!(name(&decided), "touched");
    }

    #[test]
    fn a_conflict_names_what_stands_and_what_was_lost() {
        let decided = load(&edited(), &remote("Z"), DateTime::UNIX_EPOCH);
        let LoadDecision::Conflict(Changed { record, event, conflicts }) = decided else {
            panic!()
        };
        let conflicts = conflicts.unwrap();
        assert_eq!(conflicts.as_array().unwrap().len(), 1);
        assert_eq!(
            (&conflicts[0]["field"], &conflicts[0]["stands"]),
            (&"title".into(), &"B".into())
        );
        assert_eq!((&conflicts[0]["lost"], event), (&"Z".into(), MirrorEvent::Loaded));
        assert_eq!((record.version, record.mirror.changed_version), (3, 2));
        assert!(record.mirror.waits());
    }

    #[test]
    fn a_change_at_the_remote_that_gives_way_to_a_removal_is_recorded() {
        let decided = load(&removed(sent()), &remote("Z"), DateTime::UNIX_EPOCH);
        let LoadDecision::Conflict(Changed { record, conflicts, event }) = decided else {
            panic!()
        };
        assert_eq!(event, MirrorEvent::Removed);
        let conflict = &conflicts.unwrap()[0];
        assert_eq!(
            (&conflict["stands"], &conflict["lost"]["title"]),
            (&"removed here".into(), &"Z".into())
        );
        assert!(record.deleted && record.mirror.waits());
    }

    #[test]
    fn a_loaded_record_has_nothing_to_be_sent() {
        let Changed { record, event, .. } =
            created((Mirrored::Post, 5), remote("A"), DateTime::UNIX_EPOCH);
        assert!(!record.mirror.waits() && record.mirror.listed);
        assert_eq!((record.version, record.creator, event), (1, None, MirrorEvent::Loaded));
    }

    #[test]
    fn what_an_attempt_created_is_adopted_whatever_was_done_here_since() {
        let attempted = handed_out(post(), Some(1));
        let decided = adopt(&attempted, &remote("A"), DateTime::UNIX_EPOCH);
        assert_eq!(name(&decided), "confirmed");
        let mirror = record(decided).unwrap().mirror;
        assert_eq!((mirror.remote_id, mirror.waits(), mirror.due), (Some(7), false, false));
        let mut edited = attempted.clone();
        (edited.version, edited.mirror.changed_version) = (2, 2);
        edited.content = content("B");
        let mirror = record(adopt(&edited, &remote("A"), DateTime::UNIX_EPOCH)).unwrap().mirror;
        assert_eq!((mirror.remote_id, mirror.waits(), mirror.due), (Some(7), true, true));
        let mirror = record(adopt(&removed(attempted.clone()), &remote("A"), DateTime::UNIX_EPOCH));
        let mirror = mirror.unwrap().mirror;
        assert_eq!((mirror.remote_id, mirror.waits(), mirror.due), (Some(7), true, true));
        // By its marker, although the remote has changed it since.
        let decided = adopt(&attempted, &remote("Z"), DateTime::UNIX_EPOCH);
        assert_eq!(name(&decided), "updated");
        assert_eq!(name(&adopt(&edited, &remote("Z"), DateTime::UNIX_EPOCH)), "conflict");
    }
}
