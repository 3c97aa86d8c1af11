//! The place in the change log from which an offer since a time reads. Pure.
//!
//! The log is in the order of `seq`, and nearly in that of `at`: the clocks of replicas differ, and
//! a transaction commits some time after its number was assigned. So the search aims well before
//! the requested time, and the entries that it skips were certainly written earlier.

use chrono::{DateTime, TimeDelta, Utc};

/// The most by which times in the log may be out of order.
const MARGIN: TimeDelta = TimeDelta::minutes(5);

/// A binary search: every entry up to `low` is before the target; none after `high` need be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Search {
    target: DateTime<Utc>,
    low: i64,
    high: i64,
}

impl Search {
    /// Creates a search of the log up to its entry `newest`.
    pub(super) fn new(since: DateTime<Utc>, newest: i64) -> Self {
        let target = since.checked_sub_signed(MARGIN).unwrap_or(DateTime::<Utc>::MIN_UTC);
        Self { target, low: 0, high: newest }
    }

    /// Returns the place to look at next; `None` when the search is over.
    pub(super) const fn next(&self) -> Option<i64> {
        match self.low < self.high {
            true => Some(self.low + (self.high - self.low + 1) / 2),
            false => None,
        }
    }

    /// Takes in the first entry at `place` or after it.
    pub(super) fn found(&mut self, place: i64, entry: Option<(i64, DateTime<Utc>)>) {
        match entry {
            Some((seq, at)) if seq <= self.high && at < self.target => self.low = seq,
            Some(_) | None => self.high = place - 1,
        }
    }

    /// Returns the last entry that is certainly too early; 0 if there is none.
    pub(super) const fn last_too_early(&self) -> i64 {
        self.low
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minute(minute: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minute)
    }

    /// Searches a log; gives the place and the number of look-ups.
    fn search(log: &[(i64, DateTime<Utc>)], since: DateTime<Utc>) -> (i64, usize) {
        let mut search = Search::new(since, log.last().map_or(0, |last| last.0));
        let mut lookups = 0;
        while let Some(place) = search.next() {
            search.found(place, log.iter().find(|entry| entry.0 >= place).copied());
            lookups += 1;
        }
        (search.last_too_early(), lookups)
    }

    #[test]
    fn what_it_passes_over_is_earlier_by_the_margin() {
        let log = (1..=1_000).map(|n| (n * 3, minute(n))).collect::<Vec<_>>();
        assert_eq!(search(&log, minute(500)).0, 494 * 3);
        assert_eq!(search(&log, minute(-9)).0, 0);
        assert_eq!(search(&log, minute(5_000)).0, 3_000);
        assert_eq!(search(&log, DateTime::<Utc>::MIN_UTC).0, 0);
        assert_eq!(search(&[], minute(1)).0, 0);
    }

    #[test]
    fn no_entry_of_the_time_is_passed_over_where_clocks_differ_by_less_than_the_margin() {
        let skew = |n: i64| TimeDelta::seconds((n * 7_919) % 290);
        let log = (1..=2_000).map(|n| (n, minute(n / 10) + skew(n))).collect::<Vec<_>>();
        for since in 0..220 {
            let (place, _) = search(&log, minute(since));
            let missed = log.iter().find(|(seq, at)| *seq <= place && *at >= minute(since));
            assert_eq!(missed, None, "since minute {since}");
        }
    }

    #[test]
    fn a_long_log_takes_few_lookups() {
        let mut search = Search::new(minute(1_000_000_000), 5_000_000_000);
        let mut lookups = 0;
        while let Some(place) = search.next() {
            search.found(place, Some((place, minute(place))));
            lookups += 1;
        }
        assert!(lookups <= 33, "{lookups}");
        assert_eq!(search.last_too_early(), 1_000_000_000 - 6);
    }
}
