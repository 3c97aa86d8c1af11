//! Carries what arrives on one connection: gathers, decides, tells the peer, settles.

use std::sync::Arc;
use std::time::Duration;

use lapin::Connection;
use lapin::message::Delivery;
use service_kit::backoff;
use shared_models::names::queue;
use shared_models::site::Direction;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::answer::Answer;
use super::batch::{Batch, Fate};
use super::decide::decide;
use super::intake::Intake;
use super::interrupted::Interrupted;
use super::settlement::{Settlement, runs};
use crate::figures::{Figures, State};
use crate::settings::CarrySettings;
use crate::site_client::SiteClient;

/// What carrying in one direction needs, but for the connection.
pub(super) struct Consuming {
    pub(super) direction: Direction,
    pub(super) peer: SiteClient,
    pub(super) settings: CarrySettings,
    pub(super) reply_timeout: Duration,
    pub(super) figures: Arc<Figures>,
    pub(super) stop: CancellationToken,
    /// How often in a row the peer took nothing.
    pub(super) failures: u32,
}

/// The worker is ending, and nothing is in hand.
#[derive(Debug)]
pub(super) struct Stopped;

/// Why nothing more is taken from the queue.
#[derive(Debug)]
enum End {
    Stopped,
    PeerAway(String),
}

impl Consuming {
    /// Carries until told to stop; then finishes the batch in hand.
    pub(super) async fn run(&mut self, connection: &Connection) -> Result<Stopped, Interrupted> {
        while self.peer_becomes_ready().await {
            let (name, prefetch) = (queue(self.direction), self.settings.prefetch);
            let mut intake = Intake::open(connection, name, prefetch, self.reply_timeout).await?;
            self.figures.enter(State::Consuming);
            let end = self.consume(&mut intake).await?;
            intake.close().await?;
            match end {
                End::Stopped => break,
                End::PeerAway(reason) => self.pause(reason).await,
            }
        }
        Ok(Stopped)
    }

    /// Asks the peer until it is ready, so that no message is taken before. `false`: told to stop.
    async fn peer_becomes_ready(&mut self) -> bool {
        let stop = self.stop.clone();
        while let Some(answer) = stop.run_until_cancelled(self.peer.probe()).await {
            match answer {
                Ok(()) => return true,
                Err(reason) => self.pause(reason).await,
            }
        }
        false
    }

    /// Waits, longer from failure to failure until a request succeeds.
    async fn pause(&mut self, reason: String) {
        self.figures.enter(State::WaitingForPeer(Some(reason)));
        let (min, max) = (self.settings.backoff_min, self.settings.backoff_max);
        let wait = backoff::wait(self.failures, min, max, fastrand::f64());
        self.failures = self.failures.saturating_add(1);
        self.stop.run_until_cancelled(sleep(wait)).await;
    }

    /// Carries batch after batch.
    async fn consume(&mut self, intake: &mut Intake) -> Result<End, Interrupted> {
        let (most, bytes) = (self.settings.max_changes.get(), self.settings.max_bytes.get());
        loop {
            let deliveries = tokio::select! {
                biased;
                () = self.stop.cancelled() => return Ok(End::Stopped),
                deliveries = intake.gather(most, bytes) => deliveries?,
            };
            if let Some(reason) = self.carry(intake, &deliveries).await? {
                return Ok(End::PeerAway(reason));
            }
        }
    }

    /// Carries one batch and settles it. Gives back why the peer takes nothing more, if so.
    async fn carry(
        &mut self,
        intake: &Intake,
        deliveries: &[Delivery],
    ) -> Result<Option<String>, Interrupted> {
        let source = self.direction.from;
        let decided = deliveries.iter().map(|delivery| decide(source, &delivery.data));
        let mut batch = Batch::new(decided.collect());
        let mut away = None;
        while let Some(request) = batch.next_request() {
            let answer = self.peer.tell(source, batch.changes(&request)).await;
            self.figures.requested(&answer);
            match &answer {
                Answer::Taken(_) | Answer::Refused(_) => self.failures = 0,
                Answer::Away(reason) => away = Some(reason.clone()),
            }
            batch.answered(request, answer);
        }
        if away.is_some() {
            // First, or what is given back would be handed to us again at once.
            intake.cancel().await?;
        }
        self.settle(intake, deliveries, &batch.into_fates()).await?;
        Ok(away)
    }

    async fn settle(
        &self,
        intake: &Intake,
        deliveries: &[Delivery],
        fates: &[Fate],
    ) -> Result<(), Interrupted> {
        let each = || deliveries.iter().zip(fates);
        let settlements = each().map(|(it, fate)| (it.delivery_tag, Settlement::of(fate)));
        intake.settle(&runs(settlements)).await?;
        self.figures.settled(fates);
        for (delivery, fate) in each() {
            if let Fate::Parked(reason) = fate {
                let message = delivery.properties.message_id().as_ref().map(ToString::to_string);
                let direction = self.direction.as_str();
                tracing::warn!(direction, message, reason, "a change was parked");
            }
        }
        Ok(())
    }
}
