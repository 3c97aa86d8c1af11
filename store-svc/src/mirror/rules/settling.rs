//! What becomes of a record that was sent.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use shared_models::mirror::{MirrorEvent, Outcome, SettleItem, SettleState};

use super::{CREATED_ANEW, end_if_removed, forget_remote, removed_there, told};
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
    /// Other records have all that a look-up found, and the create may still be under way.
    Undecided(Record),
    /// Other records have all that a look-up found, and the create is over.
    NotCreated(Record),
}

/// Which record here has an id at the remote, of those ids that are settled.
pub(in crate::mirror) type Holders = HashMap<i64, Holder>;

/// The record that has an id at the remote.
#[derive(Clone, Debug)]
pub(in crate::mirror) struct Holder {
    pub(in crate::mirror) id: i64,
    /// Set if it is removed here: the remote would not give its id to another one if it had it still.
    pub(in crate::mirror) yields: bool,
    /// The digest of what the remote had of it.
    pub(in crate::mirror) base: Option<String>,
}

impl SettleDecision {
    /// Returns the record as it is now.
    pub(in crate::mirror) fn record(&self) -> &Record {
        match self {
            Self::Told(changed) => &changed.record,
            Self::Same(record)
            | Self::Touched(record)
            | Self::Taken(record)
            | Self::Undecided(record)
            | Self::NotCreated(record) => record,
        }
    }

    /// Returns what is left to do.
    pub(in crate::mirror) fn state(&self) -> SettleState {
        let mirror = &self.record().mirror;
        match self {
            Self::Taken(_) => SettleState::Taken,
            Self::Undecided(_) => SettleState::Undecided,
            Self::NotCreated(_) if mirror.waits() => SettleState::NotCreated,
            Self::Same(_) | Self::Touched(_) | Self::Told(_) | Self::NotCreated(_)
                if !mirror.waits() =>
            {
                SettleState::Settled
            }
            Self::Same(_) | Self::Touched(_) | Self::Told(_) | Self::NotCreated(_) => {
                if mirror.is_refused() { SettleState::Refused } else { SettleState::Again }
            }
        }
    }
}

/// Settles a record.
pub(in crate::mirror) fn settle(
    record: Record,
    result: &SettleItem,
    holders: &Holders,
    now: DateTime<Utc>,
) -> SettleDecision {
    let is_of = |sending: &&Sending| {
        sending.version == result.version && sending.attempt == result.attempt && !sending.failed
    };
    let Some(sending) = record.mirror.sending.as_ref().filter(is_of).cloned() else {
        return repeated(record, result, holders);
    };
    match &result.outcome {
        Outcome::Sent { .. } if sending.attempt.is_none() => sent(record, &sending),
        Outcome::Sent { remote_id } => created(record, &sending, *remote_id, holders),
        Outcome::Found { .. } | Outcome::NotCreated {} if sending.attempt.is_none() => {
            SettleDecision::Same(record)
        }
        Outcome::Found { remote_ids, is_over, detail, parks } => {
            let is_free = |id: &&i64| is_free(&record, &sending, **id, holders);
            match remote_ids.iter().find(is_free) {
                Some(free) => created(record, &sending, Some(*free), holders),
                None if *parks => SettleDecision::Undecided(record),
                None => others(record, sending, *is_over, detail.as_deref()),
            }
        }
        Outcome::NotCreated {} => SettleDecision::Touched(not_created(record)),
        Outcome::Failed { detail, parked, not_created, sent_ago } => {
            let sending = sent_at(sending, *sent_ago, now);
            SettleDecision::Touched(failed(record, sending, detail, (*parked, *not_created)))
        }
        Outcome::Undecided { .. } if sending.attempt.is_none() => SettleDecision::Same(record),
        Outcome::Undecided { detail, sent_ago } => {
            let sending = sent_at(sending, *sent_ago, now);
            SettleDecision::Touched(undecided(record, sending, detail))
        }
        Outcome::Gone {} => gone(record, &sending),
    }
}

/// The detail of a removed record of unknown creation, where another one of the same contents was not found yet.
const CONTESTED: &str =
    "another record here, with the same contents, may be the one that the remote has";

/// Leaves a removed record open that was looked up by its contents: what was found may be another one's.
pub(in crate::mirror) fn leave_open(record: Record, result: &SettleItem) -> SettleDecision {
    let is_parked_now = matches!(result.outcome, Outcome::Found { parks: true, .. });
    match record.mirror.sending.clone().filter(|_| !is_parked_now) {
        Some(sending) => SettleDecision::Undecided(undecided(record, sending, CONTESTED)),
        None => SettleDecision::Undecided(record),
    }
}

/// Returns the other record that has an id at the remote, and does not yield it.
fn holder(record: &Record, remote_id: i64, holders: &Holders) -> Option<i64> {
    let Holder { id, yields, .. } = holders.get(&remote_id)?;
    (*id != record.id && !yields).then_some(*id)
}

/// Returns whether what was found by the contents of a create may be that: a removed record yields an id only if the
/// remote had other contents under it.
fn is_free(record: &Record, sending: &Sending, remote_id: i64, holders: &Holders) -> bool {
    let has_same = |holder: &Holder| {
        holder.id != record.id && holder.base.as_deref() == Some(&*sending.content.digest())
    };
    holder(record, remote_id, holders).is_none() && !holders.get(&remote_id).is_some_and(has_same)
}

/// Lets a removed record go whose id the remote has given to another one.
pub(in crate::mirror) fn yield_id(record: &mut Record) {
    forget_remote(record);
    end_if_removed(record);
}

fn sent_at(sending: Sending, ago: Option<u64>, now: DateTime<Utc>) -> Sending {
    let sent =
        ago.and_then(|ago| now.checked_sub_signed(TimeDelta::milliseconds(ago.try_into().ok()?)));
    Sending { at: sent.map_or(sending.at, |sent| sending.at.max(sent)), ..sending }
}

/// A result that was settled before changes nothing.
fn repeated(record: Record, result: &SettleItem, holders: &Holders) -> SettleDecision {
    let is_taken = matches!(result.outcome, Outcome::Sent { remote_id: Some(id) }
        if holder(&record, id, holders).is_some())
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
    holders: &Holders,
) -> SettleDecision {
    let holder = remote_id.and_then(|id| holder(&record, id, holders));
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

fn not_created(mut record: Record) -> Record {
    (record.mirror.sending, record.mirror.due) = (None, true);
    end_if_removed(&mut record);
    record
}

/// The detail of a create of unknown outcome, where the remote has others with the same contents.
const OTHERS: &str = "the remote has records with the same contents, which other records here have";

/// A look-up has found records with the same contents that others here have.
fn others(record: Record, sending: Sending, is_over: bool, detail: Option<&str>) -> SettleDecision {
    match (is_over, detail) {
        (false, Some(detail)) => {
            SettleDecision::Undecided(failed(record, sending, detail, (false, false)))
        }
        (false, None) => SettleDecision::Undecided(undecided(record, sending, OTHERS)),
        (true, Some(detail)) => {
            SettleDecision::NotCreated(failed(record, sending, detail, (false, true)))
        }
        (true, None) => SettleDecision::NotCreated(not_created(record)),
    }
}

/// Keeps a create that may still be under way. That is no failure, however often it is seen.
fn undecided(mut record: Record, sending: Sending, detail: &str) -> Record {
    let mirror = &mut record.mirror;
    mirror.failure = Some(kept(detail));
    (mirror.sending, mirror.due) = (Some(Sending { failed: true, ..sending }), true);
    record
}

/// Returns of the reason of a failure what is kept.
fn kept(detail: &str) -> String {
    detail.replace('\0', "\u{fffd}").chars().take(DETAIL).collect()
}

fn failed(
    mut record: Record,
    sending: Sending,
    detail: &str,
    (parked, not_created): (bool, bool),
) -> Record {
    let mirror = &mut record.mirror;
    mirror.failures = mirror.failures.saturating_add(1);
    mirror.failure = Some(kept(detail));
    mirror.due = true;
    // Of an update, the remote may have it or not: that is no reason to take it for changed there.
    let is_over = sending.attempt.is_some() && not_created;
    if parked {
        // No newer change can be sent before the outcome of a create is known: it waits with that.
        let is_unknown = sending.attempt.is_some() && !is_over;
        let refused = if is_unknown { mirror.changed_version } else { sending.version };
        mirror.refused_version = mirror.refused_version.max(refused);
        mirror.due = mirror.changed_version > refused || sending.offered;
    }
    mirror.sending = (!is_over).then_some(Sending { failed: true, ..sending });
    end_if_removed(&mut record);
    record
}

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
