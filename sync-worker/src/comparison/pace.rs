//! The pause between two pages of a comparison. Pure.

use std::num::NonZeroU32;
use std::time::Duration;

/// The longest pause: it keeps up with 250 orders a second even where the sites are slow.
const LONGEST: Duration = Duration::from_secs(2);

/// Returns the pause after a page that took `took`.
#[must_use]
pub fn rest(took: Duration, times: NonZeroU32) -> Duration {
    took.saturating_mul(times.get()).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_rests_in_proportion_and_not_for_ever() {
        let cases = [(0, 0), (4, 200), (20, 1_000), (40, 2_000), (60_000, 2_000)];
        for (took, rests) in cases {
            let took = Duration::from_millis(took);
            assert_eq!(rest(took, NonZeroU32::new(50).unwrap()), Duration::from_millis(rests));
        }
        assert_eq!(rest(Duration::MAX, NonZeroU32::MAX), LONGEST);
    }
}
