//! The peer of one direction: it gets changes while the breaker is closed, a readiness probe while
//! it is half-open, and nothing while it is open.

use std::sync::Arc;
use std::time::{Duration, Instant};

use program_kit::backoff;
use shared_models::side::Side;
use tokio::time::{sleep, sleep_until};

use super::batch::{Batch, Request};
use super::blame::Blame;
use super::stop::Stop;
use crate::breaker::{Breaker, Next, Policy, State as Circuit};
use crate::figures::{Figures, State};
use crate::settings::{CarrySettings, SidesSettings};
use crate::side_client::answer::{Answer, Trouble};
use crate::side_client::{BuildError, SideClient};

/// The peer of one direction.
pub(super) struct Peer {
    client: SideClient,
    breaker: Breaker,
    blame: Blame,
    /// The reason of the last failure.
    reason: Option<String>,
    settings: CarrySettings,
    figures: Arc<Figures>,
    stop: Stop,
}

impl Peer {
    /// Builds the peer for the direction of `figures`.
    pub(super) fn new(
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
        let blame = Blame::default();
        Ok(Self { client, breaker, blame, reason: None, settings, figures, stop })
    }

    /// Waits until the breaker is closed, so that no message is taken before. Returns `false` when
    /// asked to stop.
    pub(super) async fn lets_in(&mut self) -> bool {
        let stop = self.stop.asked.clone();
        while !stop.is_cancelled() {
            let circuit = self.breaker.at(Instant::now());
            self.figures.breaker(&self.breaker);
            match circuit {
                Circuit::Closed => return true,
                Circuit::Open { until } => {
                    self.figures.enter(State::WaitingForPeer(self.reason.clone()));
                    stop.run_until_cancelled(sleep_until(until.into())).await;
                }
                Circuit::HalfOpen => {
                    stop.run_until_cancelled(self.probe()).await;
                }
            }
        }
        false
    }

    async fn probe(&mut self) {
        match self.client.probe().await {
            Ok(()) => self.breaker.is_ready(),
            Err(trouble) => _ = self.failed(&trouble),
        }
    }

    /// Sends the changes of a request, and repeats that after failures until the breaker opens.
    pub(super) async fn tell(&mut self, from: Side, batch: &Batch, request: &Request) -> Answer {
        let stop = self.stop.asked.clone();
        let mut wait = self.before_the_same_again(batch.failures(request));
        loop {
            if !wait.is_zero() && stop.run_until_cancelled(sleep(wait)).await.is_none() {
                return ending();
            }
            let trouble = match self.try_to_tell(from, batch, request).await {
                Answer::Away(trouble) => trouble,
                answer @ (Answer::Taken(_) | Answer::Refused(_)) => {
                    self.breaker.succeeded();
                    self.blame.something_got_through();
                    self.figures.breaker(&self.breaker);
                    return answer;
                }
                answer @ Answer::Failed(_) => return answer,
            };
            match self.failed(&trouble) {
                Next::TryAgain { after } => wait = after,
                Next::GiveBack => return Answer::Away(trouble),
            }
        }
    }

    /// Sends a request once. The peer itself may have caused a failure, so its readiness is probed
    /// before any change is taken to be the cause. A worker that is ending leaves that to the next
    /// one.
    async fn try_to_tell(&mut self, from: Side, batch: &Batch, request: &Request) -> Answer {
        let telling = self.client.tell(from, batch.changes(request));
        let Some(answer) = self.stop.hurry.run_until_cancelled(telling).await else {
            return ending();
        };
        self.figures.requested(&answer);
        let Answer::Failed(reason) = answer else { return answer };
        if self.stop.asked.is_cancelled() {
            return Answer::Away(reason.into());
        }
        match self.client.probe().await {
            Ok(()) if batch.speaks_against_the_peer(request) && self.blame.is_the_peers() => {
                Answer::Away(format!("it is ready, but takes no change: {reason}").into())
            }
            Ok(()) => Answer::Failed(reason),
            Err(Trouble { reason: probed, failure }) => {
                Answer::Away(Trouble { reason: format!("{reason}; {probed}"), failure })
            }
        }
    }

    /// Waits while nothing is sent to the peer, and then asks whether it is still ready.
    pub(super) async fn is_still_ready(&self) -> Result<(), Trouble> {
        sleep(self.settings.probe_interval).await;
        self.client.probe().await
    }

    /// Records that the peer took nothing, or is not ready.
    pub(super) fn failed(&mut self, trouble: &Trouble) -> Next {
        let next = self.breaker.failed(Instant::now(), trouble.failure, fastrand::f64());
        self.reason = Some(trouble.reason.clone());
        self.figures.breaker(&self.breaker);
        next
    }

    fn before_the_same_again(&self, failures: u32) -> Duration {
        let (min, max) = (self.settings.backoff_min, self.settings.backoff_max);
        match failures {
            0 => Duration::ZERO,
            _ => backoff::wait(failures - 1, min, max, fastrand::f64()),
        }
    }
}

fn ending() -> Answer {
    Answer::Away("the worker is ending".to_owned().into())
}
