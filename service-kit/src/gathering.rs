//! How long to gather before the next look or request, each of which costs the same however little
//! it brings. Pure.

use std::time::Duration;

/// For each of those that came the last time.
const EACH: Duration = Duration::from_micros(400);
/// At the most.
const MOST: Duration = Duration::from_millis(5);

/// How long to gather where so many came the last time.
///
/// One that comes alone goes on at once. As long as what is gathered is soon done, fewer come in this
/// time than it was made of where fewer than 2,500 come in a second, and it becomes shorter and
/// shorter; where more come, or each turn takes long, it grows to the most.
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

    /// How many come in each turn at a rate that stays the same, when all begins with a burst.
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
