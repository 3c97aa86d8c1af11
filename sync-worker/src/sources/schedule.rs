//! The schedule of a task. The side that keeps the runs knows when the last one began, so several workers,
//! and one that was started again, keep to one interval.

use std::time::Duration;

use program_kit::backoff;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::run::{Scheduled, Task, Work};

/// The pause before another try while another run of the job is under way.
const BUSY: Duration = Duration::from_secs(1);
/// The shortest and the longest back-off while the side cannot be asked.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(30));
/// The jitter of a wait, as a part of it: several workers do not ask at the same moment.
const JITTER: f64 = 0.1;

/// Runs a task at an interval until asked to stop.
pub async fn repeat<W: Work>(task: &Task<W>, interval: Duration, stop: CancellationToken) {
    let (mut failures, mut next) = (0, interval);
    while !stop.is_cancelled() {
        let wait = match task.run_if_due(next).await {
            Ok(scheduled) => {
                failures = 0;
                let (wait, due_after) = wait_after(&scheduled, interval);
                next = due_after.unwrap_or(next);
                wait
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

/// Returns how long to wait, and the interval by which the next run is due, if that changes.
fn wait_after(scheduled: &Scheduled, interval: Duration) -> (Duration, Option<Duration>) {
    match scheduled {
        Scheduled::Ran { again_after } => {
            let next = again_after.map_or(interval, |after| after.min(interval));
            (next, Some(next))
        }
        Scheduled::Busy => (BUSY.min(interval), None),
        Scheduled::NotDue(due_in) => (*due_in, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn a_wait_is_as_long_as_the_side_says() {
        let due_in = Duration::from_millis(1_234);
        assert_eq!(wait_after(&Scheduled::NotDue(due_in), MINUTE), (due_in, None));
        assert_eq!(wait_after(&Scheduled::Busy, MINUTE), (BUSY, None));
        let short = Duration::from_millis(10);
        assert_eq!(wait_after(&Scheduled::Busy, short), (short, None));
    }
}
