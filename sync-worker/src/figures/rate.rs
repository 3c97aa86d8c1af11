//! A rate per second over the last seconds. Pure; the instant is an argument.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The length of the window in seconds.
const SECONDS: u32 = 10;

/// The counts of a sliding window.
#[derive(Clone, Debug)]
pub(super) struct Rate {
    begun: Instant,
    /// Pairs of a second since the beginning and the count in it; oldest first.
    counted: VecDeque<(u64, u64)>,
}

impl Rate {
    /// Creates an empty window.
    #[must_use]
    pub(super) const fn new(begun: Instant) -> Self {
        Self { begun, counted: VecDeque::new() }
    }

    /// Adds to the count of the current second.
    pub(super) fn add(&mut self, now: Instant, count: u64) {
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
    #[must_use]
    pub(super) fn per_second(&self, now: Instant) -> f64 {
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
    fn it_holds_no_more_than_it_shows() {
        let begun = Instant::now();
        let mut rate = Rate::new(begun);
        for second in 0..1000 {
            rate.add(begun + Duration::from_secs(second), 1);
        }
        assert_eq!(rate.counted.len(), 10);
    }

    #[test]
    fn an_instant_that_is_told_late_is_counted_all_the_same() {
        let begun = Instant::now() + Duration::from_secs(100);
        let mut rate = Rate::new(begun);
        rate.add(begun + Duration::from_secs(5), 1);
        rate.add(begun - Duration::from_secs(5), 1);
        assert_eq!(rate.per_second(begun + Duration::from_secs(5)), 0.4);
    }
}
