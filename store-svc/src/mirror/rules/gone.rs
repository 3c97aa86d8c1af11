//! What becomes of a record that the remote has no more.

use chrono::{DateTime, Utc};
use shared_models::mirror::MirrorEvent;

use super::{CREATED_ANEW, end_if_removed, forget_remote, removed_there, told};
use crate::mirrored::event::Changed;
use crate::mirrored::record::Record;

/// What becomes of a record that the remote has no more.
#[derive(Debug)]
pub(in crate::mirror) enum GoneDecision {
    /// No load has ever seen it there: it stays.
    NeverListed,
    /// The record was removed here, too.
    WasRemoved(Record),
    /// A change here waits: it is created anew.
    CreatedAnew(Changed),
    /// The record is removed.
    Removed(Changed),
}

/// Decides about a record that the remote has no more.
pub(in crate::mirror) fn gone(record: Record, now: DateTime<Utc>) -> GoneDecision {
    let mut after = record;
    if !after.mirror.listed {
        return GoneDecision::NeverListed;
    }
    let waits = after.mirror.waits();
    forget_remote(&mut after);
    if after.deleted {
        end_if_removed(&mut after);
        return GoneDecision::WasRemoved(after);
    }
    if waits {
        after.mirror.due = true;
        let conflicts = removed_there("changed here", "removed at the remote", CREATED_ANEW);
        return GoneDecision::CreatedAnew(told(after, MirrorEvent::Loaded, Some(conflicts)));
    }
    GoneDecision::Removed(removed(after, now))
}

/// Removes a comment with its post, which the remote has no more.
pub(in crate::mirror) fn removed_with_post(comment: &Record, now: DateTime<Utc>) -> Changed {
    let mut after = comment.clone();
    let waits = after.mirror.waits();
    forget_remote(&mut after);
    let mut changed = removed(after, now);
    if waits {
        let rule = "comments go with their post";
        changed.conflicts = Some(removed_there("removed at the remote", "changed here", rule));
    }
    changed
}

fn removed(mut record: Record, now: DateTime<Utc>) -> Changed {
    record.deleted = true;
    (record.modifier, record.modified_at) = (None, now);
    end_if_removed(&mut record);
    told(record, MirrorEvent::Removed, None)
}

#[cfg(test)]
mod tests {
    use super::super::samples::{edited, handed_out, post, removed as removed_here, sent};
    use super::*;

    fn listed(mut record: Record) -> Record {
        record.mirror.listed = true;
        record
    }

    #[test]
    fn what_was_never_listed_is_never_removed() {
        for record in [sent(), edited(), removed_here(sent())] {
            let decided = gone(record, DateTime::UNIX_EPOCH);
            assert!(matches!(decided, GoneDecision::NeverListed), "{decided:?}");
        }
    }

    #[test]
    fn what_the_remote_removed_is_removed_and_nothing_is_sent() {
        let decided = gone(listed(sent()), DateTime::UNIX_EPOCH);
        let GoneDecision::Removed(Changed { record, event, .. }) = decided else { panic!() };
        assert!(record.deleted && !record.mirror.waits() && !record.mirror.due);
        assert_eq!((record.mirror.remote_id, event), (None, MirrorEvent::Removed));
        let decided = gone(listed(removed_here(sent())), DateTime::UNIX_EPOCH);
        let GoneDecision::WasRemoved(record) = decided else { panic!() };
        assert!(!record.mirror.waits() && record.mirror.remote_id.is_none());
    }

    #[test]
    fn a_change_that_waits_stands_and_the_record_is_created_anew() {
        for record in [edited(), handed_out(edited(), None)] {
            let decided = gone(listed(record), DateTime::UNIX_EPOCH);
            let GoneDecision::CreatedAnew(changed) = decided else { panic!() };
            let mirror = &changed.record.mirror;
            assert!(mirror.due && mirror.waits() && mirror.remote_id.is_none() && !mirror.listed);
            assert_eq!(mirror.sending, None);
            assert_eq!(changed.conflicts.unwrap()[0]["stands"], "changed here");
        }
    }

    #[test]
    fn a_comment_goes_with_its_post_and_an_edit_of_it_does_not_vanish_in_silence() {
        for (comment, has_conflict) in [(sent(), false), (edited(), true), (post(), true)] {
            let changed = removed_with_post(&comment, DateTime::UNIX_EPOCH);
            assert!(changed.record.deleted && !changed.record.mirror.waits());
            assert_eq!(changed.conflicts.is_some(), has_conflict, "{comment:?}");
        }
    }
}
