//! The progress of comparing a direction's sides, as it is shown.

use chrono::{DateTime, SecondsFormat, Utc};
use schemars::JsonSchema;
use serde::{Serialize, Serializer};
use shared_models::comparison::{Finding, LogState};

/// The progress and the findings of comparing the source's changes with the peer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Comparison {
    /// The reason why nothing is compared at the moment, if so.
    pub waits_for: Option<String>,
    /// The place in the source's log up to which it has been compared.
    pub compared_to: i64,
    /// The newest place in the source's log.
    pub newest: i64,
    /// The time up to which all of the source's commits have been compared.
    #[serde(serialize_with = "show")]
    #[schemars(with = "Option<DateTime<Utc>>")]
    pub as_of: Option<DateTime<Utc>>,
    /// The time at which the last comparison ended.
    #[serde(serialize_with = "show")]
    #[schemars(with = "Option<DateTime<Utc>>")]
    pub finished_at: Option<DateTime<Utc>>,
    /// Orders that were compared.
    pub compared: u64,
    /// Orders that the peer lacked.
    pub missing: u64,
    /// Orders of which the peer lacked a change.
    pub behind: u64,
    /// Orders that differed in one revision.
    pub different: u64,
    /// Orders of which the source lacked a change of the peer.
    pub source_behind: u64,
    /// Orders that were offered again for these losses.
    pub offered: u64,
    /// Orders that are no longer offered because offers change nothing.
    pub left: u64,
    /// The time at which the last of these was left.
    #[serde(serialize_with = "show")]
    #[schemars(with = "Option<DateTime<Utc>>")]
    pub left_at: Option<DateTime<Utc>>,
}

impl Comparison {
    /// Records why nothing is compared at the moment, or `None` while comparing goes on.
    pub fn set_waits_for(&mut self, reason: Option<&str>) {
        if self.waits_for.as_deref() != reason {
            self.waits_for = reason.map(str::to_owned);
        }
    }

    /// Records the state of the source's log.
    pub fn set_log(&mut self, log: &LogState) {
        (self.compared_to, self.newest) = (log.compared, log.newest);
    }

    /// Records the place up to which the log has been compared.
    pub fn set_compared_to(&mut self, place: i64) {
        self.compared_to = place;
    }

    /// Records the end of a comparison, and up to which time all commits are compared.
    pub fn set_finished(&mut self, as_of: DateTime<Utc>, now: DateTime<Utc>) {
        (self.as_of, self.finished_at) = (Some(as_of), Some(now));
    }

    /// Counts orders that were compared.
    pub fn add_compared(&mut self, orders: usize) {
        self.compared += count(orders);
    }

    /// Counts losses whose orders are offered again: what the peer lacked, and the number of orders
    /// of which the source lacked something.
    pub fn add_losses(&mut self, at_peer: impl IntoIterator<Item = Finding>, at_source: usize) {
        for finding in at_peer {
            match finding {
                Finding::Missing => self.missing += 1,
                Finding::Behind => self.behind += 1,
                Finding::Different => self.different += 1,
                Finding::Covered | Finding::Parked => {}
            }
        }
        self.source_behind += count(at_source);
    }

    /// Counts orders that are no longer offered.
    pub fn add_left(&mut self, orders: usize, now: DateTime<Utc>) {
        if orders > 0 {
            self.left += count(orders);
            self.left_at = Some(now);
        }
    }

    /// Counts orders that were offered again.
    pub fn add_offered(&mut self, orders: usize) {
        self.offered += count(orders);
    }

    /// Returns the number of the source's changes that have not been compared yet.
    #[must_use]
    pub fn lag(&self) -> i64 {
        self.newest.saturating_sub(self.compared_to).max(0)
    }
}

fn show<S: Serializer>(at: &Option<DateTime<Utc>>, serializer: S) -> Result<S::Ok, S::Error> {
    at.map(|at| at.to_rfc3339_opts(SecondsFormat::Millis, true)).serialize(serializer)
}

fn count(orders: usize) -> u64 {
    u64::try_from(orders).unwrap_or(u64::MAX)
}
