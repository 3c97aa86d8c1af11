//! The batching delay before the next read or request, each of which costs the same however little
//! it brings. Pure.

use std::time::Duration;

/// The delay for each item of the previous batch.
const EACH: Duration = Duration::from_micros(400);
/// The longest delay.
const MOST: Duration = Duration::from_millis(5);

/// Returns the delay after a batch of `came` items.
///
/// A single item is not delayed. As long as a batch is done quickly, the delay shrinks from batch
/// to batch if fewer than 2,500 items a second arrive, because fewer arrive in it than it was
/// computed from; if more arrive, or each batch takes long, it grows to the longest.
#[must_use]
pub fn how_long(came: usize) -> Duration {
    match u32::try_from(came) {
        Ok(0 | 1) => Duration::ZERO,
        Ok(came) => EACH.saturating_mul(came).min(MOST),
        Err(_) => MOST,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the batch sizes at a constant rate that begins with a burst.
    fn turns(a_second: f64) -> Vec<usize> {
        let mut came = 50;
        let turn = |_| {
            let taken = how_long(came).as_secs_f64() * a_second;
            came = taken as usize;
            came
        };
        (0..20).map(turn).collect()
    }

    #[test]
    fn one_that_comes_alone_does_not_wait() {
        assert_eq!([how_long(0), how_long(1)], [Duration::ZERO; 2]);
    }

    #[test]
    fn where_little_comes_it_fades_and_where_much_comes_it_grows_to_the_most() {
        assert_eq!(turns(2_000.0).last(), Some(&0));
        assert_eq!(turns(5_000.0).last(), Some(&25));
        assert_eq!(how_long(usize::MAX), MOST);
    }
}
