//! The pace of requests to a service outside that limits their rate: after an answer that says so, requests
//! begin with a growing distance; while it takes them, the distance shrinks.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use program_kit::backoff;
use tokio::time::{sleep, sleep_until};

use super::outbound::{Failure, Reason};

/// The distance after the first answer that says so.
const FIRST: Duration = Duration::from_millis(10);
/// The longest distance.
const LONGEST: Duration = Duration::from_secs(5);
/// What is left of a short distance after a request that was taken.
const SHRINKS: f64 = 0.97;
/// What is left at least. Of a long distance little is left: with few requests it would take minutes otherwise.
const HALVES: f64 = 0.5;
/// The distance that counts as none.
const NONE: Duration = Duration::from_millis(1);

/// The tries of a request while a service is not available.
const TRIES: u32 = 3;
/// The answers that there are too many requests, after which one has failed: each makes all requests slower.
pub(super) const MOST_THROTTLED: u32 = 20;
/// The shortest and the longest pause before the next of them.
const PAUSE: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(2));
/// The longest `Retry-After` that a run waits for.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// The pace that all requests to one service share.
#[derive(Clone, Debug)]
pub(super) struct SharedPace(Arc<Mutex<Pace>>);

impl SharedPace {
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(Pace::new(Instant::now()))))
    }

    /// Waits until the pace permits a request; returns when that was.
    pub(super) async fn begin(&self) -> Instant {
        let at = self.pace().book(Instant::now());
        sleep_until(at.into()).await;
        at
    }

    /// Takes an answer into account: `throttled` is the wait that the service asks for, if it says that there
    /// are too many requests.
    pub(super) fn answered(&self, begun: Instant, throttled: Option<Duration>) {
        match throttled {
            Some(wait) => self.pace().slow_down(begun, Instant::now(), wait),
            None => self.pace().speed_up(),
        }
    }

    /// Sends a request that may be repeated, again where the service says that it may succeed soon.
    pub(super) async fn patiently<T, F>(&self, send: impl Fn() -> F) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        let (mut failures, mut too_many) = (0, 0);
        loop {
            let begun = self.begin().await;
            let answer = send().await;
            let wait = answer.as_ref().err().and_then(throttled);
            let wait = wait.map(|after| after.clamp(PAUSE.0, LONGEST_WAIT));
            self.answered(begun, wait);
            let failure = match answer {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            // Of one that is throttled, the pace is the pause.
            if wait.is_some() && too_many < MOST_THROTTLED {
                too_many += 1;
                continue;
            }
            failures += 1;
            let may_pass = matches!(failure.reason, Reason::Status(502..=504));
            if !may_pass || failures == TRIES {
                return Err(failure);
            }
            let pause = backoff::wait(failures - 1, PAUSE.0, PAUSE.1, fastrand::f64());
            sleep(failure.retry_after.map_or(pause, |after| after.min(LONGEST_WAIT))).await;
        }
    }

    fn pace(&self) -> MutexGuard<'_, Pace> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns how long to wait if the service says that there are too many requests.
pub(super) fn throttled(failure: &Failure) -> Option<Duration> {
    let is_throttled = failure.reason == Reason::Status(429);
    is_throttled.then(|| failure.retry_after.unwrap_or_default())
}

/// The pace of requests. Pure.
#[derive(Clone, Copy, Debug)]
struct Pace {
    distance: Duration,
    next: Instant,
    /// The time from which requests keep the distance of now: those before were booked with a shorter one.
    slowed_at: Option<Instant>,
}

impl Pace {
    const fn new(now: Instant) -> Self {
        Self { distance: Duration::ZERO, next: now, slowed_at: None }
    }

    /// Books the next request; returns when it may begin.
    fn book(&mut self, now: Instant) -> Instant {
        let at = self.next.max(now);
        self.next = at + self.distance;
        at
    }

    /// Slows down, as the remote has refused a request that began at `begun`, and asks to wait. Several that
    /// were under way together slow down once.
    fn slow_down(&mut self, begun: Instant, now: Instant, wait: Duration) {
        if self.slowed_at.is_none_or(|slowed_at| begun >= slowed_at) {
            self.distance = (self.distance * 2).clamp(FIRST, LONGEST);
            self.slowed_at = Some(self.next.max(now));
        }
        self.next = self.next.max(now + wait);
    }

    /// Speeds up, as the remote has taken a request.
    fn speed_up(&mut self) {
        let left = (SHRINKS - self.distance.as_secs_f64()).max(HALVES);
        let shorter = self.distance.mul_f64(left);
        self.distance = if shorter < NONE { Duration::ZERO } else { shorter };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    #[test]
    fn requests_go_at_once_until_the_remote_says_that_there_are_too_many() {
        let now = Instant::now();
        let mut pace = Pace::new(now);
        assert_eq!([pace.book(now), pace.book(now)], [now, now]);
        pace.slow_down(now, now + ms(5), ms(100));
        let booked = [pace.book(now), pace.book(now), pace.book(now)];
        assert_eq!(booked, [now + ms(105), now + ms(115), now + ms(125)]);
    }

    #[test]
    fn requests_that_were_under_way_together_slow_down_once() {
        let now = Instant::now();
        let mut pace = Pace::new(now);
        for _ in 0..8 {
            pace.slow_down(now, now + ms(5), ms(0));
        }
        assert_eq!(pace.distance, FIRST);
        pace.slow_down(now + ms(9), now + ms(12), ms(0));
        assert_eq!(pace.distance, FIRST * 2);
    }

    #[test]
    fn requests_that_were_booked_before_it_slowed_down_do_not_slow_it_down_again() {
        let now = Instant::now();
        let mut pace = Pace::new(now);
        pace.slow_down(now, now, ms(0));
        let booked = [0; 20].map(|_| pace.book(now));
        for begun in booked {
            pace.slow_down(begun, begun + ms(5), ms(0));
        }
        assert_eq!(pace.distance, FIRST * 2);
    }

    #[test]
    fn after_the_longest_distance_it_is_fast_again_within_seconds() {
        let begin = Instant::now();
        let mut pace = Pace { distance: LONGEST, next: begin, slowed_at: None };
        let mut now = begin;
        while pace.distance > ms(50) {
            now = pace.book(now);
            pace.speed_up();
        }
        assert!(now - begin < Duration::from_secs(20), "{:?}", now - begin);
    }

    #[test]
    fn it_gets_as_fast_again_as_it_was() {
        let now = Instant::now();
        let mut pace = Pace::new(now);
        for step in 0..100 {
            pace.slow_down(now + ms(step), now + ms(step), ms(0));
        }
        assert_eq!(pace.distance, LONGEST);
        for _ in 0..400 {
            pace.speed_up();
        }
        assert_eq!(pace.distance, Duration::ZERO);
    }

    /// A remote that takes one request in 20 ms, whatever it is asked.
    #[test]
    fn the_rate_comes_near_to_what_the_remote_takes() {
        let begin = Instant::now();
        let (mut pace, mut free_at, mut taken) = (Pace::new(begin), begin, 0);
        let mut now = begin;
        while now < begin + Duration::from_secs(60) {
            now = pace.book(now);
            if now >= free_at {
                free_at = now + ms(20);
                taken += 1;
                pace.speed_up();
            } else {
                pace.slow_down(now, now, ms(20));
            }
        }
        assert!((1_500..=3_001).contains(&taken), "{taken} of 3,000");
    }
}
