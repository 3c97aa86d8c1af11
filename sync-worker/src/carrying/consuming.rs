//! Carries the messages of one connection: collects a batch, has the lane decide, sends the changes
//! to the peer, settles the messages.

use std::sync::Arc;
use std::time::{Duration, Instant};

use lapin::Connection;
use lapin::message::Delivery as DeliveredMessage;
use shared_models::names::QueueGeneration;
use shared_models::side::Direction;
use shared_models::trace::TraceContext;

use super::batch::MessageBatch;
use super::intake::Intake;
use super::parked_queue::ParkedQueuePublisher;
use super::peer::Peer;
use super::settlement::{Settlement, StoredAt, final_fates, runs};
use super::spans::{Spans, trace_of};
use super::{NotParked, SessionError, Stop, Stopped};
use crate::figures::{Figures, State};
use crate::lanes::{Fate, Lane};
use crate::settings::CarrySettings;
use crate::side_client::SideClient;
use crate::side_client::answer::Answer;
use crate::topology::QueueKind;

/// The parts that carrying in one direction needs, except the connection.
pub(super) struct Consuming<L> {
    pub(super) lane: L,
    pub(super) direction: Direction,
    pub(super) peer: Peer<L>,
    pub(super) source: SideClient,
    pub(super) parked_queue: ParkedQueuePublisher,
    pub(super) settings: CarrySettings,
    pub(super) reply_timeout: Duration,
    pub(super) figures: Arc<Figures>,
    pub(super) stop: Stop,
}

/// The reason why nothing more is taken from the queue.
#[derive(Debug)]
enum End {
    Stopped,
    PeerUnavailable,
}

/// The peer's availability after a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PeerState {
    Available,
    Unavailable,
}

impl<L: Lane> Consuming<L> {
    /// Carries until asked to stop; then finishes the batch in hand.
    pub(super) async fn run(
        &mut self,
        connection: &Connection,
        queues: QueueGeneration,
    ) -> Result<Stopped, SessionError> {
        let (name, prefetch) = (queues.queue(), self.settings.prefetch);
        let parked = queues.parked_queue();
        while self.peer.wait_until_closed().await {
            let asked = Instant::now();
            let mut intake = Intake::open(connection, &name, prefetch, self.reply_timeout).await?;
            // RabbitMQ confirms a consumer once the queue has it.
            self.figures.record_prompt_answer(QueueKind::Sync, asked);
            self.figures.enter(State::Consuming);
            let end = self.consume(&mut intake, &parked).await?;
            intake.close().await?;
            match end {
                End::Stopped => break,
                End::PeerUnavailable => {}
            }
        }
        Ok(Stopped)
    }

    /// Carries batch after batch.
    async fn consume(&mut self, intake: &mut Intake, parked: &str) -> Result<End, SessionError> {
        // RabbitMQ delivers no more than `prefetch` messages until some are settled.
        let most = self.settings.max_changes.get().min(self.settings.prefetch.get().into());
        let bytes = self.settings.max_bytes.get();
        loop {
            let deliveries = tokio::select! {
                biased;
                () = self.stop.requested.cancelled() => return Ok(End::Stopped),
                deliveries = intake.collect(most, bytes) => deliveries?,
                ready = self.peer.check_still_ready() => match ready {
                    Ok(()) => continue,
                    Err(unavailable) => {
                        self.peer.record_failure(&unavailable);
                        return Ok(End::PeerUnavailable);
                    }
                },
            };
            if self.carry_batch(intake, parked, &deliveries).await? == PeerState::Unavailable {
                return Ok(End::PeerUnavailable);
            }
        }
    }

    /// Carries one batch and settles it.
    async fn carry_batch(
        &mut self,
        intake: &Intake,
        parked: &str,
        deliveries: &[DeliveredMessage],
    ) -> Result<PeerState, SessionError> {
        let _in_hand = self.figures.start_batch();
        let decisions = deliveries.iter().map(|delivery| self.lane.interpret(&delivery.data));
        let mut batch = MessageBatch::new(decisions, self.settings.tries_alone);
        let spans = Spans::begin(self.direction, deliveries);
        let mut peer = PeerState::Available;
        while let Some(request) = batch.next_request() {
            let answer = self.peer.send(&batch, &request, &spans).await;
            if matches!(answer, Answer::Unavailable(_)) {
                peer = PeerState::Unavailable;
            }
            batch.answered(request, answer);
        }
        if peer == PeerState::Unavailable {
            // Cancelled first, or the messages given back would be delivered to this consumer again
            // at once.
            intake.cancel().await?;
        }
        self.settle_batch(intake, parked, deliveries, batch.into_fates(), spans).await?;
        Ok(peer)
    }

    async fn settle_batch(
        &mut self,
        intake: &Intake,
        parked: &str,
        deliveries: &[DeliveredMessage],
        fates: Vec<Fate>,
        spans: Spans,
    ) -> Result<(), SessionError> {
        let (stored, failed) = match self.store_parked(parked, deliveries, &fates).await {
            Ok(stored) => (stored, None),
            Err(not_parked) => (StoredAt::Nowhere, Some(not_parked)),
        };
        let fates = final_fates(fates, stored);
        let settlements =
            deliveries.iter().zip(&fates).map(|(it, fate)| (it.delivery_tag, Settlement::of(fate)));
        intake.settle(&runs(settlements)).await?;
        self.figures.count_settled(&fates);
        spans.end(&fates);
        // The messages given back would come again at once: the session ends, and the next one
        // waits.
        failed.map_or(Ok(()), |not_parked| Err(not_parked.into()))
    }

    /// Stores the parked messages: at their source or, if the source does not accept the report, in
    /// the parked queue.
    async fn store_parked(
        &mut self,
        parked_queue: &str,
        deliveries: &[DeliveredMessage],
        fates: &[Fate],
    ) -> Result<StoredAt, NotParked> {
        let direction = self.direction.as_str();
        let (mut reported, mut parked) = (vec![], vec![]);
        for (delivery, fate) in deliveries.iter().zip(fates) {
            let Fate::Parked(obstacle) = fate else { continue };
            let message = delivery.properties.message_id().as_ref().map(ToString::to_string);
            let (reason, trace) = (&obstacle.reason, trace_of(&delivery.properties));
            let trace_id = trace.map(TraceContext::trace_id_text);
            let record = self.lane.report_entry(&delivery.data, obstacle).record;
            tracing::warn!(
                direction,
                message,
                resource = record.resource,
                key = record.key,
                trace_id,
                reason,
                "parking a change that cannot be carried"
            );
            reported.push((&*delivery.data, obstacle));
            parked.push(delivery);
        }
        if parked.is_empty() {
            return Ok(StoredAt::Source);
        }
        match self.source.report(self.lane.report(reported)).await {
            Ok(()) => Ok(StoredAt::Source),
            Err(reason) => {
                tracing::warn!(
                    direction,
                    reason,
                    "the source did not accept the report of parked changes; they are moved to the \
                     parked queue and reported later"
                );
                self.parked_queue.publish(parked_queue, &parked).await?;
                Ok(StoredAt::ParkedQueue)
            }
        }
    }
}
