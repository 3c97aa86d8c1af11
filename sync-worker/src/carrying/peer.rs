//! The peer of one direction: it gets changes while the breaker is closed, a readiness probe while
//! it is half-open, and nothing while it is open.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::Utc;
use program_kit::backoff;
use tokio::time::{sleep, sleep_until};

use super::Stop;
use super::batch::{MessageBatch, Request};
use super::spans::Spans;
use crate::breaker::{Breaker, BreakerState, Next, Policy};
use crate::figures::{Figures, State};
use crate::lanes::Lane;
use crate::settings::{CarrySettings, SidesSettings};
use crate::side_client::answer::{Answer, Unavailable};
use crate::side_client::{BuildError, SideClient};

/// The number of failures over every change of several, in a row, that count against the peer.
const MAX_PEER_FAILURES: u32 = 10;

/// The peer of one direction.
pub(super) struct Peer<L> {
    lane: L,
    client: SideClient,
    breaker: Breaker,
    shared_failures: SharedFailures,
    /// The reason of the last failure.
    reason: Option<String>,
    settings: CarrySettings,
    figures: Arc<Figures>,
    stop: Stop,
}

impl<L: Lane> Peer<L> {
    /// Builds the peer for the direction of `figures`.
    pub(super) fn new(
        lane: L,
        settings: &SidesSettings,
        figures: Arc<Figures>,
        stop: Stop,
    ) -> Result<Self, BuildError> {
        let client = SideClient::new(figures.direction.to(), settings)?;
        let settings = settings.carry.clone();
        let breaker = Breaker::new(Policy {
            failures: settings.breaker_failures,
            min: settings.backoff_min,
            max: settings.backoff_max,
            retry_after_max: settings.retry_after_max,
        });
        let shared_failures = SharedFailures::default();
        Ok(Self { lane, client, breaker, shared_failures, reason: None, settings, figures, stop })
    }

    /// Waits until the breaker is closed, so that no message is taken before. Returns `false` when
    /// asked to stop.
    pub(super) async fn wait_until_closed(&mut self) -> bool {
        let stop = self.stop.requested.clone();
        while !stop.is_cancelled() {
            let state = self.breaker.at(Instant::now());
            self.figures.set_breaker(&self.breaker);
            match state {
                BreakerState::Closed => return true,
                BreakerState::Open { until } => {
                    self.figures.enter(State::WaitingForPeer(self.reason.clone()));
                    stop.run_until_cancelled(sleep_until(until.into())).await;
                }
                BreakerState::HalfOpen => {
                    stop.run_until_cancelled(self.probe_half_open()).await;
                }
            }
        }
        false
    }

    async fn probe_half_open(&mut self) {
        match self.client.probe().await {
            Ok(()) => self.breaker.peer_became_ready(),
            Err(unavailable) => _ = self.record_failure(&unavailable),
        }
    }

    /// Sends the changes of a request, and repeats that after failures until the breaker opens.
    pub(super) async fn send(
        &mut self,
        batch: &MessageBatch<L::Change>,
        request: &Request,
        spans: &Spans,
    ) -> Answer {
        let stop = self.stop.requested.clone();
        let mut wait = self.wait_before_retry(batch.failures(request));
        loop {
            if !wait.is_zero() {
                if stop.run_until_cancelled(sleep(wait)).await.is_none() {
                    return stopping();
                }
                self.figures.histograms.retries.increment(1);
            }
            let unavailable = match self.send_once(batch, request, spans).await {
                Answer::Unavailable(unavailable) => unavailable,
                answer @ (Answer::Processed(_) | Answer::Refused(_)) => {
                    self.breaker.succeeded();
                    self.shared_failures.reset();
                    self.figures.set_breaker(&self.breaker);
                    return answer;
                }
                answer @ Answer::Failed(_) => return answer,
            };
            match self.record_failure(&unavailable) {
                Next::TryAgain { after } => wait = after,
                Next::GiveBack => return Answer::Unavailable(unavailable),
            }
        }
    }

    /// Sends a request once. The peer itself may have caused a failure, so its readiness is probed
    /// before any change is taken to be the cause. A worker that is stopping leaves that to the next
    /// one.
    async fn send_once(
        &mut self,
        batch: &MessageBatch<L::Change>,
        request: &Request,
        spans: &Spans,
    ) -> Answer {
        let (began, changes) = (Instant::now(), batch.changes(request));
        let posting = self.post(&changes, spans.traces(batch.messages(request)));
        let Some(answer) = self.stop.hurry.run_until_cancelled(posting).await else {
            return stopping();
        };
        self.figures.count_request(&answer, began.elapsed());
        self.figures.record_lag(&answer, changes.into_iter().map(L::made_at), Utc::now());
        let Answer::Failed(reason) = answer else { return answer };
        if self.stop.requested.is_cancelled() {
            return Answer::Unavailable(reason.into());
        }
        let points_to_peer = batch.failure_points_to_peer(request);
        match self.client.probe().await {
            Ok(())
                if points_to_peer && self.shared_failures.count_failure() == FailureCause::Peer =>
            {
                let reason = format!("it is ready, but takes no change: {reason}");
                Answer::Unavailable(reason.into())
            }
            Ok(()) => Answer::Failed(reason),
            Err(Unavailable { reason: probed, failure }) => {
                let reason = format!("{reason}; {probed}");
                Answer::Unavailable(Unavailable { reason, failure })
            }
        }
    }

    async fn post(&self, changes: &[&L::Change], traces: Vec<Option<String>>) -> Answer {
        let request = self.lane.request(changes, traces);
        let reply = self.client.post_changes(L::PATH, &request).await;
        reply.map_or_else(Answer::from, |reply| self.lane.read_reply(changes, &reply))
    }

    /// Waits while nothing is sent to the peer, and then checks whether it is still ready.
    pub(super) async fn check_still_ready(&self) -> Result<(), Unavailable> {
        sleep(self.settings.probe_interval).await;
        self.client.probe().await
    }

    /// Records that the peer processed nothing, or is not ready.
    pub(super) fn record_failure(&mut self, unavailable: &Unavailable) -> Next {
        let next = self.breaker.failed(Instant::now(), unavailable.failure, fastrand::f64());
        self.reason = Some(unavailable.reason.clone());
        self.figures.set_breaker(&self.breaker);
        next
    }

    fn wait_before_retry(&self, failures: u32) -> Duration {
        let (min, max) = (self.settings.backoff_min, self.settings.backoff_max);
        match failures {
            0 => Duration::ZERO,
            _ => backoff::wait(failures - 1, min, max, fastrand::f64()),
        }
    }
}

fn stopping() -> Answer {
    Answer::Unavailable("the worker is stopping".to_owned().into())
}

/// The presumed cause of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FailureCause {
    Peer,
    Change,
}

/// The failures over every change of several, since the peer last processed or refused a change.
///
/// If the peer reports to be ready and fails over all of them, a fault of the peer is more likely
/// than one of each change, so at first the changes wait, untouched. But if there are no others, no
/// change would ever count as the cause, and these would hold up all later ones. So from time to
/// time a single one does.
#[derive(Clone, Copy, Debug, Default)]
struct SharedFailures {
    count: u32,
}

impl SharedFailures {
    /// Counts one more such failure; returns whether the peer counts as its cause, or the change
    /// that failed last.
    const fn count_failure(&mut self) -> FailureCause {
        self.count = (self.count + 1) % (MAX_PEER_FAILURES + 1);
        if self.count == 0 { FailureCause::Change } else { FailureCause::Peer }
    }

    /// Records that the peer processed or refused a change.
    const fn reset(&mut self) {
        self.count = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failures_before_a_change_is_the_cause(failures: &mut SharedFailures) -> usize {
        std::iter::repeat_with(|| failures.count_failure())
            .take_while(|cause| *cause == FailureCause::Peer)
            .count()
    }

    #[test]
    fn once_in_a_while_a_change_counts_as_the_cause() {
        let mut failures = SharedFailures::default();
        for _ in 0..3 {
            assert_eq!(failures_before_a_change_is_the_cause(&mut failures), 10);
        }
    }

    #[test]
    fn what_gets_through_starts_the_count_anew() {
        let mut failures = SharedFailures::default();
        for _ in 0..7 {
            assert_eq!(failures.count_failure(), FailureCause::Peer);
        }
        failures.reset();
        assert_eq!(failures_before_a_change_is_the_cause(&mut failures), 10);
    }
}
