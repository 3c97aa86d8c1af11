//! A rate limit, as a token bucket. Pure: the clock is given.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// A rate limit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// The requests per second; greater than 0.
    pub per_second: f64,
    /// The number of requests that may come at once; at least 1.
    #[serde(default = "one")]
    pub burst: u32,
}

fn one() -> u32 {
    1
}

impl Rate {
    /// Creates a limit without bursts.
    #[must_use]
    pub fn per_second(per_second: f64) -> Self {
        Self { per_second, burst: 1 }
    }

    /// Returns what is wrong with the rate, if something is.
    pub(super) fn check(&self) -> Result<(), String> {
        match self.per_second.is_finite() && self.per_second >= 0.001 && self.burst > 0 {
            true => Ok(()),
            false => {
                Err("expected per_second of at least 0.001 and burst of at least 1".to_owned())
            }
        }
    }
}

/// The bucket of a limit: each request takes one token out.
#[derive(Debug)]
pub(super) struct Bucket {
    rate: Rate,
    tokens: f64,
    at: Instant,
}

impl Bucket {
    pub(super) fn new(rate: Rate, now: Instant) -> Self {
        Self { rate, tokens: f64::from(rate.burst), at: now }
    }

    pub(super) fn rate(&self) -> Rate {
        self.rate
    }

    /// Admits a request, or returns the time after which the next one will be admitted.
    pub(super) fn take(&mut self, now: Instant) -> Result<(), Duration> {
        let since = now.saturating_duration_since(self.at).as_secs_f64();
        let most = f64::from(self.rate.burst);
        self.tokens = (self.tokens + since * self.rate.per_second).min(most);
        self.at = now;
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return Ok(());
        }
        Err(Duration::from_secs_f64((1.0 - self.tokens) / self.rate.per_second))
    }
}

/// Returns a time in whole seconds, rounded up: a caller that comes too early is refused again.
pub(super) fn whole_seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_exceeds_the_rate_is_told_how_long_to_wait() {
        let start = Instant::now();
        let mut bucket = Bucket::new(Rate { per_second: 2.0, burst: 2 }, start);
        let mut at = |ms| bucket.take(start + Duration::from_millis(ms));
        assert_eq!((at(0), at(0)), (Ok(()), Ok(())));
        assert_eq!(at(0), Err(Duration::from_millis(500)));
        assert_eq!(at(250), Err(Duration::from_millis(250)));
        assert_eq!(at(500), Ok(()));
        assert_eq!((at(60_000), at(60_000)), (Ok(()), Ok(())));
        assert!(at(60_000).is_err(), "no more than a burst is saved up");
    }

    #[test]
    fn seconds_are_rounded_up() {
        assert_eq!(whole_seconds(Duration::from_millis(1)), 1);
        assert_eq!(whole_seconds(Duration::from_secs(2)), 2);
    }

    #[test]
    fn a_rate_that_admits_nothing_is_refused() {
        assert!(Rate::per_second(0.5).check().is_ok());
        for per_second in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(Rate::per_second(per_second).check().is_err());
        }
        assert!(Rate { per_second: 1.0, burst: 0 }.check().is_err());
    }
}
