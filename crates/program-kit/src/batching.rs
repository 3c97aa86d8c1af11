//! The batching delay before the next read or request, each of which costs the same however little
//! it brings. Pure.

use std::time::Duration;

/// The delay for each item of the previous batch.
const DELAY_PER_ITEM: Duration = Duration::from_micros(400);
/// The longest delay.
const MAX_DELAY: Duration = Duration::from_millis(5);

/// Returns the delay after a batch of `count` items.
///
/// A single item is not delayed. As long as a batch is done quickly, the delay shrinks from batch
/// to batch if fewer than 2,500 items a second arrive, because fewer arrive in it than it was
/// computed from; if more arrive, or each batch takes long, it grows to the longest.
#[must_use]
pub fn delay(count: usize) -> Duration {
    match u32::try_from(count) {
        Ok(0 | 1) => Duration::ZERO,
        Ok(count) => DELAY_PER_ITEM.saturating_mul(count).min(MAX_DELAY),
        Err(_) => MAX_DELAY,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the batch sizes at a constant rate that begins with a burst.
    fn turns(a_second: f64) -> Vec<usize> {
        let mut count = 50;
        let turn = |_| {
            let taken = delay(count).as_secs_f64() * a_second;
            count = taken as usize;
            count
        };
        (0..20).map(turn).collect()
    }

    #[test]
    fn one_that_comes_alone_does_not_wait() {
        assert_eq!([delay(0), delay(1)], [Duration::ZERO; 2]);
    }

    #[test]
    fn where_little_comes_it_fades_and_where_much_comes_it_grows_to_the_most() {
        assert_eq!(turns(2_000.0).last(), Some(&0));
        assert_eq!(turns(5_000.0).last(), Some(&25));
        assert_eq!(delay(usize::MAX), MAX_DELAY);
    }
}
