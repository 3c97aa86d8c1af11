//! Carries the messages of one connection: collects a batch, applies the rules, sends it to the
//! peer, settles it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use lapin::Connection;
use lapin::message::Delivery;
use shared_models::names::QueueGeneration;
use shared_models::side::Direction;

use super::batch::{Batch, Fate};
use super::decide::decide;
use super::intake::Intake;
use super::interrupted::Interrupted;
use super::parking::{NotParked, Parking};
use super::peer::Peer;
use super::report::report;
use super::settlement::{Kept, Settlement, kept, runs};
use super::stop::Stop;
use crate::figures::{Figures, State};
use crate::settings::CarrySettings;
use crate::side_client::SideClient;
use crate::side_client::answer::Answer;
use crate::topology::QueueKind;

/// The parts that carrying in one direction needs, except the connection.
pub(super) struct Consuming {
    pub(super) direction: Direction,
    pub(super) peer: Peer,
    pub(super) source: SideClient,
    pub(super) parking: Parking,
    pub(super) settings: CarrySettings,
    pub(super) reply_timeout: Duration,
    pub(super) figures: Arc<Figures>,
    pub(super) stop: Stop,
}

/// The result of a worker that is ending, with no batch in hand.
#[derive(Debug)]
pub(super) struct Stopped;

/// The reason why nothing more is taken from the queue.
#[derive(Debug)]
enum End {
    Stopped,
    PeerAway,
}

/// The peer's availability after a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PeerIs {
    There,
    Away,
}

impl Consuming {
    /// Carries until asked to stop; then finishes the batch in hand.
    pub(super) async fn run(
        &mut self,
        connection: &Connection,
        queues: QueueGeneration,
    ) -> Result<Stopped, Interrupted> {
        let (name, prefetch) = (queues.queue(), self.settings.prefetch);
        let parked = queues.parked_queue();
        while self.peer.lets_in().await {
            let asked = Instant::now();
            let mut intake = Intake::open(connection, &name, prefetch, self.reply_timeout).await?;
            // RabbitMQ confirms a consumer once the queue has it.
            self.figures.queue_answered(QueueKind::Sync, asked);
            self.figures.enter(State::Consuming);
            let end = self.consume(&mut intake, &parked).await?;
            intake.close().await?;
            match end {
                End::Stopped => break,
                End::PeerAway => {}
            }
        }
        Ok(Stopped)
    }

    /// Carries batch after batch.
    async fn consume(&mut self, intake: &mut Intake, parked: &str) -> Result<End, Interrupted> {
        // RabbitMQ delivers no more than `prefetch` messages until some are settled.
        let most = self.settings.max_changes.get().min(self.settings.prefetch.get().into());
        let bytes = self.settings.max_bytes.get();
        loop {
            let deliveries = tokio::select! {
                biased;
                () = self.stop.asked.cancelled() => return Ok(End::Stopped),
                deliveries = intake.gather(most, bytes) => deliveries?,
                still = self.peer.is_still_ready() => match still {
                    Ok(()) => continue,
                    Err(trouble) => {
                        self.peer.failed(&trouble);
                        return Ok(End::PeerAway);
                    }
                },
            };
            if self.carry(intake, parked, &deliveries).await? == PeerIs::Away {
                return Ok(End::PeerAway);
            }
        }
    }

    /// Carries one batch and settles it.
    async fn carry(
        &mut self,
        intake: &Intake,
        parked: &str,
        deliveries: &[Delivery],
    ) -> Result<PeerIs, Interrupted> {
        let _in_hand = self.figures.takes_in_hand();
        let source = self.direction.from;
        let decided = deliveries.iter().map(|delivery| decide(source, &delivery.data));
        let mut batch = Batch::new(decided.collect(), self.settings.tries_alone);
        let mut peer = PeerIs::There;
        while let Some(request) = batch.next_request() {
            let answer = self.peer.tell(source, &batch, &request).await;
            if matches!(answer, Answer::Away(_)) {
                peer = PeerIs::Away;
            }
            batch.answered(request, answer);
        }
        if peer == PeerIs::Away {
            // Cancelled first, or the messages given back would be delivered to this consumer again
            // at once.
            intake.cancel().await?;
        }
        self.settle(intake, parked, deliveries, batch.into_fates()).await?;
        Ok(peer)
    }

    async fn settle(
        &mut self,
        intake: &Intake,
        parked: &str,
        deliveries: &[Delivery],
        fates: Vec<Fate>,
    ) -> Result<(), Interrupted> {
        let (where_kept, failed) = match self.keep(parked, deliveries, &fates).await {
            Ok(where_kept) => (where_kept, None),
            Err(not_parked) => (Kept::Nowhere, Some(not_parked)),
        };
        let fates = kept(fates, where_kept);
        let settlements =
            deliveries.iter().zip(&fates).map(|(it, fate)| (it.delivery_tag, Settlement::of(fate)));
        intake.settle(&runs(settlements)).await?;
        self.figures.settled(&fates);
        // The messages given back would come again at once: the session ends, and the next one
        // waits.
        failed.map_or(Ok(()), |not_parked| Err(not_parked.into()))
    }

    /// Stores the parked messages: at their source or, if the source does not take the report, in
    /// the parked queue. A change that cannot be carried must not hold up the others.
    async fn keep(
        &mut self,
        parked_queue: &str,
        deliveries: &[Delivery],
        fates: &[Fate],
    ) -> Result<Kept, NotParked> {
        let direction = self.direction.as_str();
        let (mut reported, mut parked) = (vec![], vec![]);
        for (delivery, fate) in deliveries.iter().zip(fates) {
            let Fate::Parked(obstacle) = fate else { continue };
            let message = delivery.properties.message_id().as_ref().map(ToString::to_string);
            tracing::warn!(direction, message, reason = obstacle.reason, "a change is parked");
            reported.push((&*delivery.data, obstacle.clone()));
            parked.push(delivery);
        }
        match self.source.report(report(self.direction.from, reported)).await {
            Ok(()) => Ok(Kept::AtSource),
            Err(reason) => {
                tracing::warn!(direction, reason, "its source is not told; it is told later");
                self.parking.park(parked_queue, &parked).await.map(|()| Kept::InParkedQueue)
            }
        }
    }
}
