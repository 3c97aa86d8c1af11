//! What a direction has done since the program began.

use std::collections::BTreeMap;

use serde::Serialize;
use shared_models::rules::RULES;
use shared_models::sync::Outcome;

use crate::carrying::batch::Fate;

/// What a direction has done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Counters {
    /// Messages taken in; each ends as one of the four that follow.
    pub received: u64,
    /// Messages of which the peer was not told, by rule.
    pub dropped: BTreeMap<&'static str, u64>,
    /// Messages whose change the peer knows.
    pub carried: u64,
    /// Messages that could not be carried while others could.
    pub parked: u64,
    /// Messages that could not be carried at that time.
    pub given_back: u64,
    /// Requests sent to the peer.
    pub requests: u64,
    /// What the peer made of the changes in them.
    pub results: Results,
}

/// What the peer made of changes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Results {
    /// Newer than what it had.
    pub applied: u64,
    /// Merged with what it had.
    pub merged: u64,
    /// Known already.
    pub stale: u64,
    /// Nothing that a site can have decided.
    pub rejected: u64,
}

impl Default for Counters {
    fn default() -> Self {
        Self {
            received: 0,
            // A rule that never applied is shown too.
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
    /// Messages were settled.
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
    /// The peer answered.
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
