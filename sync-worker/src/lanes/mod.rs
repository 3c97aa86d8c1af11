//! The lanes: what is carried in one direction, each a kind of records with its messages and rules.
//!
//! A lane decides, and does no I/O. The module `carrying` collects messages, sends requests
//! and settles, and knows nothing about the records.

pub mod orders;
mod report;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use shared_models::coalesce::Supersede;
use shared_models::parked::{MAX_PARKED, ReportedChange};
use shared_models::sync::MAX_CHANGES;

use crate::side_client::Reply;
use crate::side_client::answer::Answer;

// A whole batch fits into one report; otherwise a side would refuse it for ever.
const _: () = assert!(MAX_CHANGES <= MAX_PARKED);

/// A lane: how its messages are read and decided on, coalesced, sent and reported.
pub trait Lane: Clone + Send + Sync + 'static {
    /// A change of a record, as it is sent to the peer. The newest change of a record supersedes
    /// the older ones.
    type Change: Supersede + Send + Sync;

    /// The path at the peer to which changes are posted.
    const PATH: &'static str;

    /// Returns the names of the rules by which messages are dropped.
    fn rules() -> impl Iterator<Item = &'static str>;

    /// Reads the body of a message, and decides what to do with it.
    fn interpret(&self, body: &[u8]) -> Decision<Self::Change>;

    /// Returns the time at which the source made a change.
    fn made_at(change: &Self::Change) -> DateTime<Utc>;

    /// Returns the body of the request that sends these changes; `traces` are theirs, or none if no
    /// change is traced.
    fn request(
        &self,
        changes: &[&Self::Change],
        traces: Vec<Option<String>>,
    ) -> impl Serialize + Send + Sync;

    /// Reads the peer's reply to a request with these changes.
    fn read_reply(&self, changes: &[&Self::Change], reply: &Reply) -> Answer;

    /// Returns the entry for a message that cannot be carried, in the report to its source. The
    /// message need not be readable.
    fn report_entry(&self, body: &[u8], obstacle: &Obstacle) -> ReportedChange;

    /// Returns the report on these messages. A duplicate is reported once.
    fn report<'a>(
        &self,
        parked: impl IntoIterator<Item = (&'a [u8], &'a Obstacle)>,
    ) -> Vec<ReportedChange> {
        let entries = parked.into_iter().map(|(body, obstacle)| self.report_entry(body, obstacle));
        let by_event: BTreeMap<_, _> = entries.map(|entry| (entry.event_id, entry)).collect();
        by_event.into_values().collect()
    }
}

/// The decision on a message.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision<C> {
    /// The change is sent to the peer.
    Send(Box<C>),
    /// The message is dropped, by the rule of this name.
    Drop(&'static str),
    /// The message cannot be interpreted, for this reason.
    Park(Obstacle),
}

/// The final state of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The message was not sent to the peer, by the rule of this name.
    Dropped(&'static str),
    /// The peer has the change.
    Carried,
    /// The change could not be carried while others could, for this reason.
    Parked(Obstacle),
    /// The change could not be carried now.
    GivenBack,
}

/// The reason why a change cannot be carried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obstacle {
    /// The reason, as shown to people.
    pub reason: String,
    /// Set if the change may be carried later without anybody's help.
    pub may_pass: bool,
}

impl Obstacle {
    /// Creates an obstacle that stays: the change itself is invalid.
    #[must_use]
    pub fn lasting(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), may_pass: false }
    }

    /// Creates an obstacle that may be gone the next time.
    #[must_use]
    pub fn passing(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), may_pass: true }
    }
}
