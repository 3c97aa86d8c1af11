//! The counters of a direction since the program began.

use std::collections::BTreeMap;

use serde::Serialize;
use shared_models::rules::RULES;
use shared_models::sync::Outcome;

use crate::carrying::batch::Fate;

/// The counters of a direction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Counters {
    /// Messages taken from the queue; each is also counted as one of the next four.
    pub received: u64,
    /// Messages that were not sent to the peer, by rule.
    pub dropped: BTreeMap<&'static str, u64>,
    /// Messages whose change the peer has.
    pub carried: u64,
    /// Messages that could not be carried while others could.
    pub parked: u64,
    /// Messages that could not be carried at that time.
    pub given_back: u64,
    /// Requests sent to the peer.
    pub requests: u64,
    /// The outcomes of the changes in them.
    pub results: Results,
}

/// The outcomes of changes at the peer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Results {
    /// Changes newer than the peer's order.
    pub applied: u64,
    /// Changes merged with the peer's order.
    pub merged: u64,
    /// Changes that the peer already had.
    pub stale: u64,
    /// Changes that no side can have made.
    pub rejected: u64,
}

impl Default for Counters {
    fn default() -> Self {
        Self {
            received: 0,
            // Rules that never applied are shown too.
            dropped: RULES.iter().map(|rule| (rule.as_str(), 0)).collect(),
            carried: 0,
            parked: 0,
            given_back: 0,
            requests: 0,
            results: Results::default(),
        }
    }
}

impl Counters {
    /// Counts settled messages by their fates.
    pub(super) fn add(&mut self, fates: &[Fate]) {
        for fate in fates {
            self.received += 1;
            *self.of(fate) += 1;
        }
    }

    fn of(&mut self, fate: &Fate) -> &mut u64 {
        match fate {
            Fate::Dropped(rule) => self.dropped.entry(rule.as_str()).or_default(),
            Fate::Carried => &mut self.carried,
            Fate::Parked(_) => &mut self.parked,
            Fate::GivenBack => &mut self.given_back,
        }
    }
}

impl Results {
    /// Counts the outcomes of an answer.
    pub(super) fn add(&mut self, outcomes: &[Outcome]) {
        for outcome in outcomes {
            match outcome {
                Outcome::Applied => self.applied += 1,
                Outcome::Merged => self.merged += 1,
                Outcome::Stale => self.stale += 1,
                Outcome::Rejected { .. } => self.rejected += 1,
            }
        }
    }
}
