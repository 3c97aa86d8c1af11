//! The counters of a direction since the program began, and its rates over the last seconds. Pure;
//! the instant is an argument.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use schemars::JsonSchema;
use serde::Serialize;
use shared_models::sync::Outcome;

use crate::lanes::Fate;

/// The counters of a direction.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
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
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Results {
    /// Changes newer than the peer's record.
    pub applied: u64,
    /// Changes merged with the peer's record.
    pub merged: u64,
    /// Changes that the peer already had.
    pub stale: u64,
    /// Changes that no side can have made.
    pub rejected: u64,
}

impl Counters {
    /// Creates counters at zero; rules that never applied are shown too.
    pub(super) fn new(rules: impl Iterator<Item = &'static str>) -> Self {
        Self { dropped: rules.map(|rule| (rule, 0)).collect(), ..Self::default() }
    }

    /// Counts settled messages by their fates.
    pub(super) fn add(&mut self, fates: &[Fate]) {
        for fate in fates {
            self.received += 1;
            *self.counter(fate) += 1;
        }
    }

    fn counter(&mut self, fate: &Fate) -> &mut u64 {
        match fate {
            Fate::Dropped(rule) => self.dropped.entry(rule).or_default(),
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

/// Messages per second, over the last ten seconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Rates {
    /// All messages settled.
    pub received: f64,
    /// Messages whose change the peer has.
    pub carried: f64,
}

/// The counts from which the rates are computed.
#[derive(Clone, Debug)]
pub(super) struct RateCounts {
    received: Rate,
    carried: Rate,
}

impl RateCounts {
    /// Creates empty counts.
    pub(super) const fn new(begun: Instant) -> Self {
        Self { received: Rate::new(begun), carried: Rate::new(begun) }
    }

    /// Counts settled messages.
    pub(super) fn add(&mut self, now: Instant, fates: &[Fate]) {
        let count = |fates: usize| u64::try_from(fates).unwrap_or(u64::MAX);
        let carried = fates.iter().filter(|fate| matches!(fate, Fate::Carried)).count();
        self.received.add(now, count(fates.len()));
        self.carried.add(now, count(carried));
    }

    /// Returns the current rates.
    pub(super) fn per_second(&self, now: Instant) -> Rates {
        Rates { received: self.received.per_second(now), carried: self.carried.per_second(now) }
    }
}

/// The length of the window in seconds.
const SECONDS: u32 = 10;

/// The counts of a sliding window.
#[derive(Clone, Debug)]
struct Rate {
    begun: Instant,
    /// Pairs of a second since the beginning and the count in it; oldest first.
    counted: VecDeque<(u64, u64)>,
}

impl Rate {
    /// Creates an empty window.
    const fn new(begun: Instant) -> Self {
        Self { begun, counted: VecDeque::new() }
    }

    /// Adds to the count of the current second.
    fn add(&mut self, now: Instant, count: u64) {
        let second = self.second(now);
        match self.counted.back_mut() {
            Some((last, counted)) if *last >= second => *counted += count,
            Some(_) | None => self.counted.push_back((second, count)),
        }
        while self.counted.front().is_some_and(|(oldest, _)| is_past(*oldest, second)) {
            self.counted.pop_front();
        }
    }

    /// Returns the rate per second over the last ten, including this one; at the beginning, over as
    /// many as have passed.
    fn per_second(&self, now: Instant) -> f64 {
        let second = self.second(now);
        let seen = self.counted.iter().filter(|(counted, _)| !is_past(*counted, second));
        let sum: u64 = seen.map(|(_, count)| count).sum();
        let since = now.saturating_duration_since(self.begun);
        let window = since.clamp(Duration::from_secs(1), Duration::from_secs(SECONDS.into()));
        #[expect(clippy::cast_precision_loss, reason = "a rate is rough")]
        let rate = sum as f64 / window.as_secs_f64();
        (rate * 10.0).round() / 10.0
    }

    fn second(&self, now: Instant) -> u64 {
        now.saturating_duration_since(self.begun).as_secs()
    }
}

fn is_past(counted: u64, now: u64) -> bool {
    counted + u64::from(SECONDS) <= now
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_of_the_last_ten_seconds() {
        let begun = Instant::now();
        let at = |seconds: f64| begun + Duration::from_secs_f64(seconds);
        let mut rate = Rate::new(begun);
        assert_eq!(rate.per_second(at(0.0)), 0.0);
        rate.add(at(0.2), 50);
        rate.add(at(0.9), 50);
        let cases = [(0.9, 100.0), (2.0, 50.0), (5.0, 20.0), (9.9, 10.1), (10.0, 0.0)];
        for (seconds, expected) in cases {
            assert_eq!(rate.per_second(at(seconds)), expected, "after {seconds} s");
        }
        for second in 20..40_u32 {
            rate.add(at(second.into()), 7);
        }
        assert_eq!(rate.per_second(at(39.5)), 7.0);
        assert_eq!(rate.per_second(at(44.5)), 3.5);
        assert_eq!(rate.per_second(at(3600.0)), 0.0);
    }

    #[test]
    fn counts_outside_the_window_are_discarded() {
        let begun = Instant::now();
        let mut rate = Rate::new(begun);
        for second in 0..1000 {
            rate.add(begun + Duration::from_secs(second), 1);
        }
        assert_eq!(rate.counted.len(), 10);
    }

    #[test]
    fn an_instant_that_arrives_late_is_counted_all_the_same() {
        let begun = Instant::now() + Duration::from_secs(100);
        let mut rate = Rate::new(begun);
        rate.add(begun + Duration::from_secs(5), 1);
        rate.add(begun - Duration::from_secs(5), 1);
        assert_eq!(rate.per_second(begun + Duration::from_secs(5)), 0.4);
    }
}
