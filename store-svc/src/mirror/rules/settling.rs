//! What becomes of a record that was sent.

use shared_models::mirror::{MirrorEvent, Outcome, SettleItem, SettleState};

use super::{end_if_removed, forget_remote, removed_there, told};
use crate::mirrored::event::Changed;
use crate::mirrored::record::{Record, Sending};

/// The most characters of the reason of a failure that are kept.
const DETAIL: usize = 1_000;

/// A record after it was settled.
#[derive(Debug)]
pub(in crate::mirror) enum SettleDecision {
    /// The result is known already, or is of nothing that was handed out.
    Same(Record),
    /// Only the state in the mirror changes.
    Touched(Record),
    /// The record is shown otherwise than before.
    Told(Changed),
    /// The remote gave an id that another record has.
    Taken(Record),
}

impl SettleDecision {
    /// Returns the record as it is now.
    pub(in crate::mirror) fn record(&self) -> &Record {
        match self {
            Self::Same(record) | Self::Touched(record) | Self::Taken(record) => record,
            Self::Told(changed) => &changed.record,
        }
    }

    /// Returns what is left to do.
    pub(in crate::mirror) fn state(&self) -> SettleState {
        let mirror = &self.record().mirror;
        match self {
            Self::Taken(_) => SettleState::Taken,
            Self::Same(_) | Self::Touched(_) | Self::Told(_) if !mirror.waits() => {
                SettleState::Settled
            }
            Self::Same(_) | Self::Touched(_) | Self::Told(_) => {
                let is_refused = mirror.changed_version <= mirror.refused_version && !mirror.due;
                if is_refused { SettleState::Refused } else { SettleState::Again }
            }
        }
    }
}

/// Settles a record. `holder` is the other record that has the id which the remote gave, if there is one.
pub(in crate::mirror) fn settle(
    record: Record,
    result: &SettleItem,
    holder: Option<i64>,
) -> SettleDecision {
    let is_of = |sending: &&Sending| {
        sending.version == result.version && sending.attempt == result.attempt && !sending.failed
    };
    let Some(sending) = record.mirror.sending.as_ref().filter(is_of).cloned() else {
        return repeated(record, result, holder);
    };
    match &result.outcome {
        Outcome::Sent { .. } if sending.attempt.is_none() => sent(record, &sending),
        Outcome::Sent { remote_id } => created(record, &sending, *remote_id, holder),
        Outcome::NotCreated {} => not_created(record, &sending),
        Outcome::Failed { detail, parked, not_created } => {
            SettleDecision::Touched(failed(record, sending, detail, (*parked, *not_created)))
        }
        Outcome::Gone {} => gone(record, &sending),
    }
}

/// A result that was settled before changes nothing.
fn repeated(record: Record, result: &SettleItem, holder: Option<i64>) -> SettleDecision {
    let is_taken = matches!(result.outcome, Outcome::Sent { remote_id: Some(_) })
        && holder.is_some()
        && result.attempt.is_some()
        && record.mirror.remote_id.is_none();
    if is_taken { SettleDecision::Taken(record) } else { SettleDecision::Same(record) }
}

/// The remote has this version now.
fn has_version(record: &mut Record, sending: &Sending) {
    let mirror = &mut record.mirror;
    mirror.sent_version = mirror.sent_version.max(sending.version);
    mirror.base = Some(sending.content.digest());
    (mirror.sending, mirror.failures, mirror.failure) = (None, 0, None);
    mirror.due = mirror.waits();
}

/// Tells of a record that exists; nobody sees that a removed one has changed.
fn told_if_seen(record: Record) -> SettleDecision {
    match record.deleted {
        true => SettleDecision::Touched(record),
        false => SettleDecision::Told(told(record, MirrorEvent::Sent, None)),
    }
}

fn sent(mut record: Record, sending: &Sending) -> SettleDecision {
    let was_deleted = record.deleted && sending.version == record.mirror.changed_version;
    has_version(&mut record, sending);
    if was_deleted {
        forget_remote(&mut record);
        end_if_removed(&mut record);
    }
    told_if_seen(record)
}

fn created(
    mut record: Record,
    sending: &Sending,
    remote_id: Option<i64>,
    holder: Option<i64>,
) -> SettleDecision {
    if let Some((holder, remote_id)) = holder.zip(remote_id) {
        let mirror = &mut record.mirror;
        let kind = record.kind.resource();
        mirror.failure =
            Some(format!("the remote gave the id {remote_id}, which {kind} {holder} has"));
        // It is refused when the worker has parked it, and says so: a record that is refused and not parked
        // would never be sent again.
        mirror.due = true;
        return SettleDecision::Taken(record);
    }
    record.mirror.remote_id = remote_id;
    has_version(&mut record, sending);
    told_if_seen(record)
}

fn not_created(mut record: Record, sending: &Sending) -> SettleDecision {
    if sending.attempt.is_none() {
        return SettleDecision::Same(record);
    }
    (record.mirror.sending, record.mirror.due) = (None, true);
    end_if_removed(&mut record);
    SettleDecision::Touched(record)
}

fn failed(
    mut record: Record,
    sending: Sending,
    detail: &str,
    (parked, not_created): (bool, bool),
) -> Record {
    let mirror = &mut record.mirror;
    mirror.failures = mirror.failures.saturating_add(1);
    mirror.failure = Some(detail.replace('\0', "\u{fffd}").chars().take(DETAIL).collect());
    mirror.due = true;
    if parked {
        mirror.refused_version = mirror.refused_version.max(sending.version);
        mirror.due = mirror.changed_version > sending.version;
    }
    // Of an update, the remote may have it or not: that is no reason to take it for changed there.
    let is_over = sending.attempt.is_some() && not_created;
    mirror.sending = (!is_over).then_some(Sending { failed: true, ..sending });
    end_if_removed(&mut record);
    record
}

/// The rule by which a change here stands against a removal at the remote.
pub(super) const CREATED_ANEW: &str =
    "a change made here that is not sent yet stands: the record is created anew";

fn gone(mut record: Record, sending: &Sending) -> SettleDecision {
    if sending.attempt.is_some() {
        return SettleDecision::Same(record);
    }
    forget_remote(&mut record);
    record.mirror.due = true;
    if record.deleted {
        end_if_removed(&mut record);
        return SettleDecision::Touched(record);
    }
    let conflicts = removed_there("changed here", "removed at the remote", CREATED_ANEW);
    SettleDecision::Told(told(record, MirrorEvent::Sent, Some(conflicts)))
}
