//! The lag of a direction: the time from a change at its source to the peer's answer, over the last
//! fifteen minutes. Pure; the instant is an argument.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The seconds of one interval.
const SECONDS: u64 = 10;
/// The number of intervals that are kept.
const INTERVALS: usize = 90;
/// The number of classes in which lags are counted: four for each doubling, from 1 ms to 17 minutes.
const CLASSES: usize = 81;

/// The lags of one interval, by classes.
#[derive(Clone, Debug)]
struct Interval {
    /// The interval's number since the beginning.
    number: u64,
    counts: Box<[u32; CLASSES]>,
}

/// The lags of the last fifteen minutes.
#[derive(Clone, Debug)]
pub struct Lags {
    begun: Instant,
    /// The intervals in which something was carried; oldest first.
    intervals: VecDeque<Interval>,
}

/// The lags in a time, as they are shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quantiles {
    /// The median, in milliseconds.
    pub median: f64,
    /// The 99th percentile, in milliseconds.
    pub p99: f64,
}

/// The lag of a direction at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Lag {
    /// The lags of the last minute; `None` if nothing was carried in it.
    pub last_minute: Option<Quantiles>,
    /// The lags of each interval, oldest first.
    pub intervals: Vec<Option<Quantiles>>,
}

impl Lags {
    /// Creates an empty window.
    #[must_use]
    pub const fn new(begun: Instant) -> Self {
        Self { begun, intervals: VecDeque::new() }
    }

    /// Counts lags.
    pub fn add(&mut self, now: Instant, lags: impl IntoIterator<Item = Duration>) {
        let number = self.number(now);
        let mut lags = lags.into_iter().peekable();
        // An instant that arrives late is counted with the newest ones.
        let is_new = self.intervals.back().is_none_or(|last| last.number < number);
        if is_new && lags.peek().is_some() {
            self.intervals.push_back(Interval { number, counts: Box::new([0; CLASSES]) });
        }
        while self.intervals.front().is_some_and(|it| it.number + KEPT <= number) {
            self.intervals.pop_front();
        }
        let Some(newest) = self.intervals.back_mut() else { return };
        for lag in lags {
            let count = &mut newest.counts[class(lag)];
            *count = count.saturating_add(1);
        }
    }

    /// Returns the lag as it is shown at this instant.
    #[must_use]
    pub fn at(&self, now: Instant) -> Lag {
        let newest = self.number(now);
        let of = |number: u64| self.intervals.iter().filter(move |it| it.number == number);
        let oldest = (newest + 1).saturating_sub(KEPT);
        let numbers = oldest..=newest;
        let missing = INTERVALS.saturating_sub(usize::try_from(newest + 1 - oldest).unwrap_or(0));
        let known = numbers.map(|number| quantiles(of(number)));
        let is_of_the_last_minute = |it: &&Interval| it.number + 60 / SECONDS > newest;
        Lag {
            last_minute: quantiles(self.intervals.iter().filter(is_of_the_last_minute)),
            intervals: std::iter::repeat_n(None, missing).chain(known).collect(),
        }
    }

    fn number(&self, now: Instant) -> u64 {
        now.saturating_duration_since(self.begun).as_secs() / SECONDS
    }
}

/// The number of intervals that are kept, as a difference of their numbers.
const KEPT: u64 = INTERVALS as u64;

/// Returns the class of a lag.
fn class(lag: Duration) -> usize {
    let millis = (lag.as_secs_f64() * 1e3).max(1.0);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "not negative, and cut off at the last class"
    )]
    let class = (millis.log2() * 4.0).floor() as usize;
    class.min(CLASSES - 1)
}

/// Returns the lag that stands for a class: its middle.
fn millis_of(class: usize) -> f64 {
    let class = u32::try_from(class).map_or(f64::INFINITY, f64::from);
    ((class + 0.5) / 4.0).exp2()
}

fn quantiles<'a>(intervals: impl Iterator<Item = &'a Interval>) -> Option<Quantiles> {
    let mut counts = [0_u64; CLASSES];
    for interval in intervals {
        for (sum, count) in counts.iter_mut().zip(interval.counts.iter()) {
            *sum += u64::from(*count);
        }
    }
    let all = counts.iter().sum::<u64>();
    let quantile = |percent: u64| {
        let rank = (all * percent).div_ceil(100).max(1);
        let mut seen = 0;
        let found = counts.iter().position(|count| {
            seen += count;
            seen >= rank
        });
        found.map(millis_of)
    };
    Some(Quantiles { median: quantile(50)?, p99: quantile(99)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(begun: Instant, seconds: u64) -> Instant {
        begun + Duration::from_secs(seconds)
    }

    fn is_about(value: f64, expected: f64) -> bool {
        (value / expected).ln().abs() < 0.1
    }

    #[test]
    fn the_median_and_the_slowest_hundredth_are_known_within_a_tenth() {
        let begun = Instant::now();
        let mut lags = Lags::new(begun);
        let millis = |it: u64| Duration::from_millis(it);
        lags.add(begun, (0..98).map(|_| millis(20)).chain([millis(5_000), millis(5_000)]));
        let Quantiles { median, p99 } = lags.at(begun).last_minute.unwrap();
        assert!(is_about(median, 20.0) && is_about(p99, 5_000.0), "{median} {p99}");
    }

    #[test]
    fn what_is_older_than_the_window_is_forgotten_and_takes_no_place() {
        let begun = Instant::now();
        let mut lags = Lags::new(begun);
        for second in 0..5_000 {
            lags.add(at(begun, second), [Duration::from_millis(3)]);
        }
        assert_eq!(lags.intervals.len(), INTERVALS);
        let shown = lags.at(at(begun, 4_999));
        assert!(shown.intervals.len() == INTERVALS && shown.intervals.iter().all(Option::is_some));
        let later = lags.at(at(begun, 4_999 + 800));
        assert_eq!(later.last_minute, None);
        assert_eq!(later.intervals.iter().flatten().count(), 10);
        assert_eq!(lags.at(at(begun, 90_000)).intervals, vec![None; INTERVALS]);
    }

    #[test]
    fn at_the_beginning_there_are_as_many_intervals_as_ever() {
        let begun = Instant::now();
        let mut lags = Lags::new(begun);
        assert_eq!(lags.at(begun).intervals, vec![None; INTERVALS]);
        lags.add(at(begun, 25), [Duration::ZERO, Duration::from_secs(90_000)]);
        let shown = lags.at(at(begun, 31)).intervals;
        assert_eq!(shown.len(), INTERVALS);
        assert_eq!(shown.iter().position(Option::is_some), Some(INTERVALS - 2));
        let Quantiles { median, p99 } = shown[INTERVALS - 2].unwrap();
        assert!(median < 2.0 && p99 > 900_000.0, "{median} {p99}");
    }
}
