//! The pause between two pages of a comparison. Pure.

use std::num::NonZeroU32;
use std::time::Duration;

/// The longest pause.
const LONGEST: Duration = Duration::from_secs(2);
/// The shortest pause, as a multiple of the time that the page took: catching up takes 4% of the
/// time of one connection, which is 2% of two cores, and pages come more seldom where sides are slow.
const SHORTEST: u32 = 24;

/// Returns the pause after a page that took `took`. It is `times` as long, or less where more is
/// left: `share` is the time in which the page, and the pause after it, keep up.
#[must_use]
pub fn rest(took: Duration, times: NonZeroU32, share: Duration) -> Duration {
    let most = took.saturating_mul(times.get()).min(LONGEST);
    let least = took.saturating_mul(SHORTEST).min(most);
    share.saturating_sub(took).clamp(least, most)
}

/// Returns the time for each page that works off so many changes in an interval.
#[must_use]
pub fn share(interval: Duration, changes: usize, page: usize) -> Duration {
    let pages = u32::try_from(changes / page + 1).unwrap_or(u32::MAX);
    interval / pages
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(took: u64, share: u64) -> u128 {
        let times = NonZeroU32::new(50).unwrap();
        rest(Duration::from_millis(took), times, Duration::from_millis(share)).as_millis()
    }

    #[test]
    fn where_little_is_left_it_rests_in_proportion_and_not_for_ever() {
        let cases = [(0, 0), (4, 200), (20, 1_000), (40, 2_000), (600, 2_000), (60_000, 2_000)];
        for (took, rests) in cases {
            assert_eq!(after(took, 3_000), rests);
        }
        assert_eq!(rest(Duration::MAX, NonZeroU32::MAX, Duration::ZERO), LONGEST);
        assert_eq!(rest(Duration::from_secs(1), NonZeroU32::MIN, LONGEST), Duration::from_secs(1));
    }

    #[test]
    fn where_more_is_left_it_rests_less_and_still_24_times_as_long_as_the_page_took() {
        for (took, share, rests) in [(10, 300, 290), (10, 100, 240), (10, 1, 240), (90, 1, 2_000)] {
            assert_eq!(after(took, share), rests);
        }
    }

    /// The changes that are compared in a second where so many are made, a page takes `took`, and
    /// the end of the log is looked at every 3 s.
    fn compared(a_second: usize, took: u64) -> usize {
        let (interval, page) = (Duration::from_secs(3), 500);
        let (mut left, mut at, mut done) = (0, Duration::ZERO, 0);
        let took = Duration::from_millis(took);
        for look in 1..=100 {
            left += 3 * a_second;
            while left > 0 && at < interval * look {
                at += took + rest(took, NonZeroU32::new(50).unwrap(), share(interval, left, page));
                done += left.min(page);
                left = left.saturating_sub(page);
            }
            at = at.max(interval * look);
        }
        done / 300
    }

    #[test]
    fn it_keeps_up_with_what_pages_of_that_duration_allow() {
        for (a_second, took) in [(600, 30), (900, 20), (1_900, 10)] {
            assert!(compared(a_second, took) * 100 >= a_second * 97, "{a_second}, {took} ms");
        }
        assert!(compared(2_200, 10) < 2_100);
    }
}
