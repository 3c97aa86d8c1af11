//! The place in the change log from which an offer since a time reads. Pure.
//!
//! The log is in the order of `seq`, and nearly in that of `at`: the clocks of replicas differ, and
//! a transaction commits some time after its number was assigned. So the search aims well before
//! the requested time. An entry of a clock that is further behind misleads it all the same: it
//! passes over everything before that entry. So the search is followed by a look back at single
//! entries, until in a long stretch of the log none of them is of the requested time.

use chrono::{DateTime, TimeDelta, Utc};

/// The most by which times in the log may be out of order.
const MARGIN: TimeDelta = TimeDelta::minutes(5);

/// A binary search: the entry `low` is before the target, and the one after `high` is not.
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

    /// Records the first entry at `place` or after it.
    pub(super) fn found(&mut self, place: i64, entry: Option<(i64, DateTime<Utc>)>) {
        match entry {
            Some((seq, at)) if seq <= self.high && at < self.target => self.low = seq,
            Some(_) | None => self.high = place - 1,
        }
    }

    /// Returns the last entry that is too early, as far as single entries show; 0 if there is none.
    pub(super) const fn last_too_early(&self) -> i64 {
        self.low
    }
}

/// The stretch that is looked at in one statement, in numbers of the log.
pub(super) const STRETCH: i64 = 10_000;

/// The distance between two entries that are looked at. A prime, so that no regular pattern in the
/// log (every second change is one of a slow clock) is hit alike each time.
pub(super) const STRIDE: i64 = 101;

/// The stretches in a row that have to be without an entry of the requested time: as many numbers as
/// are given in more than two minutes at 300 a second.
const STRETCHES: u8 = 4;

/// A look back from the place of a search: as many stretches as one step may look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LookBack {
    from: i64,
    place: i64,
    next: i64,
    stretches: u8,
}

impl LookBack {
    /// Begins before this place, up to which the log is assumed to be too early.
    pub(super) const fn from(place: i64) -> Self {
        Self { from: place, place, next: place, stretches: 0 }
    }

    /// Returns the newest number of the stretch to look at next; `None` when this step has read
    /// enough.
    pub(super) const fn next(&self) -> Option<i64> {
        match self.stretches < STRETCHES && self.next > 0 {
            true => Some(self.next),
            false => None,
        }
    }

    /// Records whether an entry of the requested time was seen in the stretch.
    pub(super) fn saw(&mut self, has_any: bool) {
        self.stretches += 1;
        self.next = (self.next - STRETCH).max(0);
        if has_any {
            self.place = self.next;
        }
    }

    /// Returns the place up to which the log is too early, as far as it was looked at.
    pub(super) const fn place(&self) -> i64 {
        self.place
    }

    /// Returns whether the look back is over; otherwise another one follows from its place.
    pub(super) const fn is_over(&self) -> bool {
        self.place == self.from || self.place == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minute(minute: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minute)
    }

    /// The entries of the time that are passed over: by the search alone, and after looking back.
    fn passed_over(log: &[(i64, DateTime<Utc>)], since: DateTime<Utc>) -> (usize, usize) {
        let count =
            |place: i64| log.iter().filter(|(seq, at)| *seq <= place && *at >= since).count();
        let found = search(log, since).0;
        let (mut place, mut is_over) = (found, false);
        while !is_over {
            let mut back = LookBack::from(place);
            while let Some(newest) = back.next() {
                let places = (newest - STRETCH + 1..=newest).step_by(STRIDE as usize);
                let entry = |place| log.get(log.partition_point(|(seq, _)| *seq < place));
                let seen = places.filter_map(entry).filter(|(seq, _)| *seq <= newest);
                back.saw(seen.into_iter().any(|(_, at)| *at >= since));
            }
            assert!(back.is_over() || back.place() < place, "it goes no further");
            (place, is_over) = (back.place(), back.is_over());
        }
        (count(found), count(place))
    }

    /// An entry each 3 ms, with every second number, of which `is_slow` are an hour behind.
    fn log(is_slow: impl Fn(i64) -> bool) -> Vec<(i64, DateTime<Utc>)> {
        let at = |n: i64| minute(600) + TimeDelta::milliseconds(n * 3);
        let behind = |n: i64| if is_slow(n) { TimeDelta::hours(1) } else { TimeDelta::zero() };
        (1..=400_000).map(|n| (n * 2, at(n) - behind(n))).collect()
    }

    #[test]
    fn what_a_slow_clock_hides_is_found_by_looking_back() {
        // Twenty minutes in all; the search begins in the middle.
        let since = minute(608);
        for (slow, of) in [(199_990..200_005, 1), (180_002..200_001, 1), (150_000..250_000, 2)] {
            let log = log(|n| slow.contains(&n) && n % of == 0);
            let (before, after) = passed_over(&log, since);
            assert!(before > 10_000, "the search is not misled by {slow:?}: {before}");
            assert_eq!(after, 0, "{slow:?}");
        }
        assert_eq!(passed_over(&log(|_| false), since), (0, 0));
    }

    #[test]
    fn a_step_looks_at_a_few_stretches_and_at_the_beginning_of_the_log_it_is_over() {
        let mut back = LookBack::from(1_000_000);
        let mut stretches = 0;
        while let Some(newest) = back.next() {
            assert_eq!(newest, 1_000_000 - STRETCH * stretches);
            back.saw(true);
            stretches += 1;
        }
        assert_eq!((stretches, back.place(), back.is_over()), (4, 960_000, false));
        let mut back = LookBack::from(7);
        back.saw(true);
        assert_eq!((back.next(), back.place(), back.is_over()), (None, 0, true));
        assert_eq!(LookBack::from(0).next(), None);
        assert!(LookBack::from(0).is_over());
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
