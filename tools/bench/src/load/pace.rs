//! When requests are due, and waking just then.

use std::io;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use anyhow::ensure;
use rustix::fs::Timespec;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, timerfd_create, timerfd_settime,
};
use tokio::io::unix::AsyncFd;

/// After the last request was due, its answer is awaited so long.
const GRACE: Duration = Duration::from_secs(30);

/// When requests are sent.
#[derive(Clone, Copy, Debug)]
pub(super) enum Plan {
    /// Each request as soon as the last was answered.
    FlatOut {
        /// First so long without counting,
        warm_up: Duration,
        /// then so long.
        lasts: Duration,
    },
    /// Each request by the clock.
    AtRate {
        /// A second.
        rate: f64,
        /// The number of all requests.
        count: u64,
    },
}

impl Plan {
    pub(super) fn at_rate(rate: f64, lasts: Duration) -> anyhow::Result<Self> {
        ensure!(rate.is_finite() && rate > 0.0, "a load of {rate} requests a second is none");
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "checked above"
        )]
        let count = (rate * lasts.as_secs_f64()).ceil() as u64;
        Ok(Self::AtRate { rate, count })
    }

    /// When request `number` is due, from the beginning; nothing where none is any more.
    pub(super) fn due(self, number: u64, now: Duration) -> Option<Duration> {
        match self {
            Self::FlatOut { warm_up, lasts } => (now < warm_up + lasts).then_some(now),
            Self::AtRate { rate, count } => (number < count).then(|| after(number, rate)),
        }
    }

    /// The time that counts, from the beginning.
    pub(super) fn counts(self) -> (Duration, Duration) {
        match self {
            Self::FlatOut { warm_up, lasts } => (warm_up, warm_up + lasts),
            Self::AtRate { .. } => (Duration::ZERO, Duration::MAX),
        }
    }

    /// When the last answer must have come, from the beginning.
    pub(super) fn deadline(self) -> Duration {
        GRACE
            + match self {
                Self::FlatOut { warm_up, lasts } => warm_up + lasts,
                Self::AtRate { rate, count } => after(count, rate),
            }
    }
}

/// The time a request is due, from the beginning and not from the one before, so that errors do not
/// add up.
fn after(number: u64, rate: f64) -> Duration {
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let number = number as f64;
    Duration::from_secs_f64(number / rate)
}

/// Wakes within microseconds, where tokio's own timers wake within milliseconds.
#[derive(Debug)]
pub(super) struct Alarm(AsyncFd<OwnedFd>);

impl Alarm {
    pub(super) fn new() -> io::Result<Self> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
        #[expect(
            deprecated,
            reason = "what came in its place is unsafe; an owned fd is as it must be"
        )]
        Ok(Self(AsyncFd::new(timer)?))
    }

    /// Returns at `due`, or at once where that is past.
    pub(super) async fn until(&self, due: Instant) -> io::Result<()> {
        let left = due.saturating_duration_since(Instant::now());
        // Zero would switch the alarm off.
        if left.is_zero() {
            return Ok(());
        }
        let once = Timespec { tv_sec: 0, tv_nsec: 0 };
        let left = Timespec::try_from(left).map_err(io::Error::other)?;
        let timer = Itimerspec { it_interval: once, it_value: left };
        timerfd_settime(self.0.get_ref(), TimerfdTimerFlags::empty(), &timer)?;
        let mut times = [0; size_of::<u64>()];
        loop {
            let mut rung = self.0.readable().await?;
            let read = rung.try_io(|timer| Ok(rustix::io::read(timer.get_ref(), &mut times)?));
            if let Ok(read) = read {
                return read.map(drop);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_due_by_the_clock_does_not_drift() {
        let plan = Plan::at_rate(300.0, Duration::from_secs(60)).unwrap();
        let due = |number| plan.due(number, Duration::ZERO);
        assert_eq!(due(0), Some(Duration::ZERO));
        assert_eq!(due(9_000), Some(Duration::from_secs(30)));
        assert!(due(17_999).is_some_and(|due| due < Duration::from_secs(60)));
        assert_eq!(due(18_000), None);
    }

    #[test]
    fn a_rate_that_is_none_is_refused() {
        for rate in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(Plan::at_rate(rate, Duration::from_secs(1)).is_err(), "{rate}");
        }
    }

    #[tokio::test]
    async fn an_alarm_never_rings_early_and_rings_again() {
        let alarm = Alarm::new().unwrap();
        for micros in [300, 0, 700, 1_500] {
            let due = Instant::now() + Duration::from_micros(micros);
            alarm.until(due).await.unwrap();
            assert!(Instant::now() >= due);
        }
    }
}
