//! The schedule of a task. The side that keeps the runs knows when the next one is due, so several workers,
//! and one that was started again, keep to one interval.

use std::time::Duration;

use program_kit::backoff;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::run::{Scheduled, Task, Work};

/// The pause before another try while another run of the job is under way.
const BUSY: Duration = Duration::from_secs(1);
/// The shortest and the longest back-off while the side cannot be asked.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(30));
/// The jitter of a wait, as a part of it: several workers do not ask at the same moment.
const JITTER: f64 = 0.1;

/// Runs a task at an interval until asked to stop.
pub async fn repeat<W: Work>(task: &Task<W>, interval: Duration, stop: CancellationToken) {
    let mut failures = 0;
    while !stop.is_cancelled() {
        let wait = match task.run_if_due(interval).await {
            Ok(scheduled) => {
                failures = 0;
                wait_after(&scheduled, interval, W::LOOK)
            }
            Err(failure) => {
                let wait = backoff::wait(failures, BACKOFF.0, BACKOFF.1, fastrand::f64());
                if failures == 0 {
                    tracing::warn!(source = task.job, failure.detail, "no run can begin");
                }
                failures += 1;
                wait
            }
        };
        stop.run_until_cancelled(sleep(wait.mul_f64(1.0 + JITTER * fastrand::f64()))).await;
    }
}

/// Waits, once a stop is asked for, for the runs that callers have begun.
pub async fn finish(asked: TaskTracker, stop: CancellationToken) {
    stop.cancelled().await;
    asked.close();
    asked.wait().await;
}

/// Returns how long to wait before the side is asked again. Another worker, or a person, may meanwhile begin
/// a run that is due again before its interval.
fn wait_after(scheduled: &Scheduled, interval: Duration, look: Duration) -> Duration {
    match scheduled {
        // Longer than another task waits that has found this one under way.
        Scheduled::Ran => (BUSY * 2).min(interval),
        Scheduled::Busy => BUSY.min(interval),
        Scheduled::NotDue(due_in) => (*due_in).min(look),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);
    const LOOK: Duration = Duration::from_secs(2);

    #[test]
    fn a_wait_is_as_long_as_the_side_says() {
        let due_in = Duration::from_millis(1_234);
        assert_eq!(wait_after(&Scheduled::NotDue(due_in), MINUTE, LOOK), due_in);
        assert_eq!(wait_after(&Scheduled::NotDue(MINUTE), MINUTE, LOOK), LOOK);
        assert_eq!(wait_after(&Scheduled::Ran, MINUTE, LOOK), BUSY * 2);
        assert_eq!(wait_after(&Scheduled::Busy, MINUTE, LOOK), BUSY);
        let short = Duration::from_millis(10);
        assert_eq!(wait_after(&Scheduled::Busy, short, LOOK), short);
    }
}
