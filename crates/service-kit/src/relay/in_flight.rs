//! The batches on the channel whose outcome is not known yet: each is written to the socket, then
//! each of its messages is confirmed. While RabbitMQ writes one batch to its disk, the next is read
//! and sent.
//!
//! A queue of futures (`FuturesOrdered`) cannot replace it: the outcome of the oldest batch depends
//! on the answers to all the others (see [`answers`](super::answers)), so they are polled together.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use lapin::{Confirmation, ConnectionStatus, PublisherConfirm};
use metrics::Histogram;
use program_kit::broker::{BrokerError, is_blocked};
use program_kit::telemetry::trace::Span;
use shared_models::fault_switch::Guard;
use tokio::time::{Instant, timeout_at};

use super::answers::{Answers, BatchOutcome, Message, MessageAnswer, UNKNOWN};
use super::publisher::PublishError;

/// The most batches in flight.
const MAX_BATCHES: usize = 4;

/// The in-flight batches, oldest first.
pub(super) struct InFlightBatches {
    batches: VecDeque<PublishedBatch>,
    answers: Answers,
    outcome: Option<Result<BatchOutcome, PublishError>>,
    confirm_duration: Histogram,
}

impl InFlightBatches {
    /// Creates an empty list; the time until the outcome of a batch is certain is recorded.
    pub(super) fn new(confirm_duration: Histogram) -> Self {
        let (batches, answers) = (VecDeque::new(), Answers::default());
        Self { batches, answers, outcome: None, confirm_duration }
    }

    pub(super) fn add(&mut self, batch: PublishedBatch) {
        self.answers.published(batch.messages());
        self.batches.push_back(batch);
    }

    /// Forgets all batches: they stay in the outbox, and are published again. Their channel must
    /// not be used any more, because later returns on it may be theirs.
    pub(super) fn forget(&mut self) {
        *self = Self::new(self.confirm_duration.clone());
    }

    pub(super) fn is_empty(&self) -> bool {
        self.batches.is_empty() && self.outcome.is_none()
    }

    /// Returns whether no more may be sent before one is confirmed; with `alone`, one at a time.
    pub(super) fn is_full(&self, alone: bool) -> bool {
        self.batches.len() >= if alone { 1 } else { MAX_BATCHES }
    }

    /// Returns the sequence numbers of all in-flight changes.
    pub(super) fn seqs(&self) -> Vec<i64> {
        self.batches.iter().flat_map(PublishedBatch::messages).map(|message| message.seq).collect()
    }

    /// Restarts the time limit of each batch: RabbitMQ was blocked until now.
    pub(super) fn restart_timeouts(&mut self, now: Instant) {
        for batch in &mut self.batches {
            batch.restart_timeout(now);
        }
    }

    /// Waits until the newest batch is written to the socket.
    pub(super) async fn await_written(&mut self) -> Result<(), PublishError> {
        match self.batches.back_mut() {
            Some(newest) => newest.await_written().await,
            None => Ok(()),
        }
    }

    /// Waits until the outcome of the oldest batch is certain. Cancel-safe; waits for ever if there
    /// is none.
    pub(super) async fn await_oldest_outcome(&mut self) {
        if self.outcome.is_none() {
            let outcome = self.outcome_of_oldest().await;
            if let (Ok(_), Some(oldest)) = (&outcome, self.batches.pop_front()) {
                self.confirm_duration.record(oldest.published.elapsed());
            }
            self.outcome = Some(outcome);
        }
    }

    /// Removes and returns the outcome of the oldest batch, once it is certain.
    pub(super) fn take_outcome(&mut self) -> Option<Result<BatchOutcome, PublishError>> {
        self.outcome.take()
    }

    async fn outcome_of_oldest(&mut self) -> Result<BatchOutcome, PublishError> {
        let Some(oldest) = self.batches.front_mut() else { return std::future::pending().await };
        oldest.confirm(0, &mut self.answers).await?;
        loop {
            // The confirms of a batch can be read only when all of it is written, and one of them
            // may have come with a return of the oldest batch.
            for batch in &mut self.batches {
                batch.await_written().await?;
            }
            for (index, batch) in self.batches.iter_mut().enumerate() {
                batch.note_answers(index, &mut self.answers);
            }
            if let Some(outcome) = self.answers.take_oldest_outcome() {
                return Ok(outcome);
            }
            let mut others = self.batches.iter_mut().enumerate();
            match others.find(|(_, batch)| !batch.is_answered()) {
                Some((index, batch)) => batch.confirm(index, &mut self.answers).await?,
                // When all are answered, each has its outcome.
                None => return std::future::pending().await,
            }
        }
    }
}

impl fmt::Debug for InFlightBatches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InFlightBatches")
            .field("batches", &self.batches.len())
            .finish_non_exhaustive()
    }
}

/// The confirms of the messages that were written, or the errors.
pub(super) type PublishResults = Vec<lapin::Result<PublisherConfirm>>;

/// An in-flight batch.
pub(super) struct PublishedBatch {
    messages: Vec<Message>,
    stage: Stage,
    published: Instant,
    began: Instant,
    limit: Duration,
    connection: ConnectionStatus,
    /// The spans of traced changes.
    #[expect(dead_code, reason = "each ends when it is dropped, with the batch")]
    spans: Vec<Span>,
}

enum Stage {
    Writing(BoxFuture<'static, PublishResults>),
    Written { confirms: Vec<Confirm>, unanswered: usize },
}

enum Confirm {
    Waiting(PublisherConfirm),
    Failed(lapin::Error),
    Answered,
}

impl PublishedBatch {
    /// Creates a batch of these messages; `writing` resolves when they are written. `limit` is the
    /// time that RabbitMQ has to confirm it, not counting the time in which it blocks the
    /// connection.
    pub(super) fn new(
        messages: Vec<Message>,
        writing: impl Future<Output = PublishResults> + Send + 'static,
        limit: Duration,
        connection: ConnectionStatus,
    ) -> Self {
        let stage = Stage::Writing(writing.boxed());
        let now = Instant::now();
        Self { messages, stage, published: now, began: now, limit, connection, spans: vec![] }
    }

    /// Returns the batch with the spans of its traced changes.
    pub(super) fn traced(self, spans: Vec<Span>) -> Self {
        Self { spans, ..self }
    }

    fn messages(&self) -> impl Iterator<Item = Message> {
        self.messages.iter().copied()
    }

    /// Returns whether each of its messages was answered.
    const fn is_answered(&self) -> bool {
        matches!(self.stage, Stage::Written { unanswered: 0, .. })
    }

    /// Restarts its time limit.
    const fn restart_timeout(&mut self, now: Instant) {
        self.began = now;
    }

    /// Waits until all messages are written.
    async fn await_written(&mut self) -> Result<(), PublishError> {
        loop {
            match timeout_at(self.began + self.limit, self.stage.await_written()).await {
                Ok(()) => return Ok(()),
                Err(_) => self.check_timeout()?,
            }
        }
    }

    /// Waits until all messages are answered.
    async fn confirm(&mut self, index: usize, answers: &mut Answers) -> Result<(), PublishError> {
        loop {
            match timeout_at(self.began + self.limit, self.stage.confirm(index, answers)).await {
                Ok(confirmed) => return confirmed,
                Err(_) => self.check_timeout()?,
            }
        }
    }

    /// Notes each answer that has been received. Failures are reported by [`Self::confirm`].
    fn note_answers(&mut self, index: usize, answers: &mut Answers) {
        self.stage.note_answers(index, answers);
    }

    fn check_timeout(&mut self) -> Result<(), PublishError> {
        if !is_blocked(&self.connection) {
            return Err(PublishError::NotConfirmed(self.limit));
        }
        self.began = Instant::now();
        Ok(())
    }
}

impl Stage {
    async fn await_written(&mut self) {
        if let Self::Writing(writing) = self {
            *self = Self::written(writing.await);
        }
    }

    fn written(written: PublishResults) -> Self {
        let confirms = written.into_iter().map(|written| match written {
            Ok(confirm) => Confirm::Waiting(confirm),
            Err(error) => Confirm::Failed(error),
        });
        let confirms = confirms.collect::<Vec<_>>();
        Self::Written { unanswered: confirms.len(), confirms }
    }

    async fn confirm(&mut self, batch: usize, answers: &mut Answers) -> Result<(), PublishError> {
        self.await_written().await;
        let Self::Written { confirms, unanswered } = self else { return Ok(()) };
        for (place, confirm) in confirms.iter_mut().enumerate() {
            if let Some(answer) = poll_fn(|context| confirm.poll(context)).await {
                answers.answered(batch, place, answer);
                *unanswered -= 1;
            }
            if let Confirm::Failed(error) = confirm {
                return Err(BrokerError::from(error.clone()).into());
            }
        }
        Ok(())
    }

    // Nobody is woken by what it polls: `confirm` polls again, with a waker, before anything is awaited.
    fn note_answers(&mut self, batch: usize, answers: &mut Answers) {
        let mut nobody = Context::from_waker(Waker::noop());
        if let Self::Writing(writing) = self
            && let Poll::Ready(written) = writing.poll_unpin(&mut nobody)
        {
            *self = Self::written(written);
        }
        let Self::Written { confirms, unanswered } = self else { return };
        for (place, confirm) in confirms.iter_mut().enumerate() {
            if let Poll::Ready(Some(answer)) = confirm.poll(&mut nobody) {
                answers.answered(batch, place, answer);
                *unanswered -= 1;
            }
        }
    }
}

impl Confirm {
    /// Polls for the answer; `None` if it was returned before, or will never come.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<MessageAnswer>> {
        let Self::Waiting(confirm) = self else { return Poll::Ready(None) };
        let answer = match Guard::Confirms.is_off() {
            true => Ok(Confirmation::Ack(None)),
            false => match confirm.poll_unpin(context) {
                Poll::Ready(answer) => answer,
                Poll::Pending => return Poll::Pending,
            },
        };
        match answer {
            Ok(confirmation) => {
                *self = Self::Answered;
                Poll::Ready(Some(answer_of(confirmation)))
            }
            Err(error) => {
                *self = Self::Failed(error);
                Poll::Ready(None)
            }
        }
    }
}

fn answer_of(confirmation: Confirmation) -> MessageAnswer {
    let (taken, returned) = match confirmation {
        Confirmation::Ack(returned) => (true, returned),
        Confirmation::Nack(returned) => (false, returned),
        Confirmation::NotRequested => (false, None),
    };
    let returned = returned.map(|message| {
        let id = message.delivery.properties.message_id().as_ref();
        id.and_then(|id| id.as_str().parse().ok()).unwrap_or(UNKNOWN)
    });
    MessageAnswer { taken, returned }
}

#[cfg(test)]
#[path = "in_flight_tests.rs"]
mod tests;
