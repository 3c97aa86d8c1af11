//! Exponential back-off with jitter. Pure.

use std::time::Duration;

/// Returns the wait after the failed attempt number `attempt` (from 0): between `min` and a ceiling
/// that doubles from `min` up to `max`. `chance`, from 0 to 1, selects the point between them, so
/// that many that failed together do not retry together.
#[must_use]
pub fn wait(attempt: u32, min: Duration, max: Duration, chance: f64) -> Duration {
    let doubled = min.saturating_mul(1_u32.checked_shl(attempt).unwrap_or(u32::MAX));
    let ceiling = doubled.min(max).max(min);
    min + (ceiling - min).mul_f64(chance.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIN: Duration = Duration::from_millis(50);
    const MAX: Duration = Duration::from_secs(2);

    #[test]
    fn the_ceiling_doubles_up_to_the_longest_wait() {
        let ceilings = (0..8).map(|attempt| wait(attempt, MIN, MAX, 1.0).as_millis());
        let expected = [50, 100, 200, 400, 800, 1600, 2000, 2000];
        assert_eq!(ceilings.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn chance_says_where_between_the_shortest_wait_and_the_ceiling() {
        for attempt in [0, 1, 5, 31, 32, u32::MAX] {
            let waits = [0.0, 0.5, 1.0].map(|chance| wait(attempt, MIN, MAX, chance));
            assert!(waits.is_sorted() && waits[0] == MIN && waits[2] <= MAX, "{waits:?}");
        }
        assert_eq!(wait(3, MIN, MAX, 0.5), Duration::from_millis(225));
    }

    #[test]
    fn odd_settings_and_odd_chances_do_no_harm() {
        assert_eq!(wait(9, MAX, MIN, 1.0), MAX);
        assert_eq!(wait(9, Duration::ZERO, MAX, 1.0), Duration::ZERO);
        assert_eq!(wait(9, MIN, MAX, 7.0), MAX);
        assert_eq!(wait(9, MIN, MAX, -7.0), MIN);
    }
}
