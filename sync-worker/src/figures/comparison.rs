//! How far a direction's sides have been compared, as it is shown.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use shared_models::comparison::{Finding, LogState};

use crate::comparison::judging::{Loss, Losses};

/// How far the source's changes have been compared with the peer, and what was found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// Why nothing is compared at the moment, where that is so.
    pub waits_for: Option<String>,
    /// The place in the source's log up to which it has been compared.
    pub compared_to: i64,
    /// The newest place in it.
    pub newest: i64,
    /// All that the source had committed by then has been compared.
    pub as_of: Option<String>,
    /// When it last came to an end.
    pub finished_at: Option<String>,
    /// Orders that were compared.
    pub compared: u64,
    /// Orders that the peer lacked.
    pub missing: u64,
    /// Orders of which the peer lacked a change.
    pub behind: u64,
    /// Orders that differed in one revision.
    pub different: u64,
    /// Orders of which the source lacked what the peer had said.
    pub source_behind: u64,
    /// Orders that were offered again for it.
    pub offered: u64,
    /// Orders that were left because offers change nothing.
    pub left: u64,
}

impl Comparison {
    /// Nothing is compared at the moment, for this reason; or it goes on.
    pub fn waits(&mut self, reason: Option<&str>) {
        if self.waits_for.as_deref() != reason {
            self.waits_for = reason.map(str::to_owned);
        }
    }

    /// The source's log was looked at.
    pub fn looked(&mut self, log: &LogState) {
        (self.compared_to, self.newest) = (log.compared, log.newest);
    }

    /// It has come to this place.
    pub fn came_to(&mut self, place: i64) {
        self.compared_to = place;
    }

    /// It has come to an end; all that had been committed by `as_of`, where that is known, is compared.
    pub fn finished(&mut self, as_of: Option<DateTime<Utc>>, now: DateTime<Utc>) {
        let shown = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Millis, true);
        self.as_of = as_of.map(shown).or(self.as_of.take());
        self.finished_at = Some(shown(now));
    }

    /// So many orders were compared.
    pub fn compared(&mut self, orders: usize) {
        self.compared += count(orders);
    }

    /// This was lost, and so many orders are left as they are.
    pub fn found(&mut self, losses: &Losses, left: usize) {
        for Loss { finding, .. } in &losses.of_source {
            match finding {
                Finding::Missing => self.missing += 1,
                Finding::Behind => self.behind += 1,
                Finding::Different => self.different += 1,
                Finding::Covered | Finding::Parked => {}
            }
        }
        self.source_behind += count(losses.of_peer.len());
        self.left += count(left);
    }

    /// So many orders were offered again.
    pub fn offered(&mut self, orders: usize) {
        self.offered += count(orders);
    }

    /// How many changes of the source have not been compared yet.
    #[must_use]
    pub fn lag(&self) -> i64 {
        self.newest.saturating_sub(self.compared_to).max(0)
    }
}

fn count(orders: usize) -> u64 {
    u64::try_from(orders).unwrap_or(u64::MAX)
}
