//! The pause between two pages of a comparison. Pure.

use std::num::NonZeroU32;
use std::time::Duration;

/// The longest pause.
const MAX_PAUSE: Duration = Duration::from_secs(2);
/// The shortest pause, as a multiple of the time that the page took: catching up takes 4% of the
/// time of one connection, which is 2% of two cores, and pages come more seldom where sides are slow.
const MIN_FACTOR: u32 = 24;

/// Returns the pause after a page that took `took`. It is `factor` times as long, or less where more
/// is left: `per_page` is the time that the page and the pause after it may take to keep up.
#[must_use]
pub fn pause(took: Duration, factor: NonZeroU32, per_page: Duration) -> Duration {
    let max = took.saturating_mul(factor.get()).min(MAX_PAUSE);
    let min = took.saturating_mul(MIN_FACTOR).min(max);
    per_page.saturating_sub(took).clamp(min, max)
}

/// Returns the time that each page may take, so that so many changes are read in an interval.
#[must_use]
pub fn time_per_page(interval: Duration, changes: usize, page: usize) -> Duration {
    let pages = u32::try_from(changes / page + 1).unwrap_or(u32::MAX);
    interval / pages
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(took: u64, per_page: u64) -> u128 {
        let factor = NonZeroU32::new(50).unwrap();
        pause(Duration::from_millis(took), factor, Duration::from_millis(per_page)).as_millis()
    }

    #[test]
    fn where_little_is_left_the_pause_is_in_proportion_and_limited() {
        let cases = [(0, 0), (4, 200), (20, 1_000), (40, 2_000), (600, 2_000), (60_000, 2_000)];
        for (took, expected) in cases {
            assert_eq!(after(took, 3_000), expected);
        }
        assert_eq!(pause(Duration::MAX, NonZeroU32::MAX, Duration::ZERO), MAX_PAUSE);
        assert_eq!(
            pause(Duration::from_secs(1), NonZeroU32::MIN, MAX_PAUSE),
            Duration::from_secs(1)
        );
    }

    #[test]
    fn where_more_is_left_the_pause_is_shorter_but_24_times_as_long_as_the_page_took() {
        for (took, per_page, expected) in
            [(10, 300, 290), (10, 100, 240), (10, 1, 240), (90, 1, 2_000)]
        {
            assert_eq!(after(took, per_page), expected);
        }
    }

    /// The changes that are compared in a second where so many are made, a page takes `took`, and
    /// the end of the log is polled every 3 s.
    fn compared(a_second: usize, took: u64) -> usize {
        let (interval, page) = (Duration::from_secs(3), 500);
        let (mut left, mut at, mut done) = (0, Duration::ZERO, 0);
        let took = Duration::from_millis(took);
        for poll in 1..=100 {
            left += 3 * a_second;
            while left > 0 && at < interval * poll {
                let per_page = time_per_page(interval, left, page);
                at += took + pause(took, NonZeroU32::new(50).unwrap(), per_page);
                done += left.min(page);
                left = left.saturating_sub(page);
            }
            at = at.max(interval * poll);
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
