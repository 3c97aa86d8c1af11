//! An in-flight batch: its messages are written to the socket, then each is confirmed.

use std::future::poll_fn;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use lapin::{Confirmation, ConnectionStatus, PublisherConfirm};
use program_kit::broker::{BrokerError, is_blocked};
use shared_models::unguarded::Guard;
use tokio::time::{Instant, timeout_at};

use super::answers::{Answer, Answers, Message, UNKNOWN};
use super::publisher::PublishError;

/// The confirms of the messages that were written, or the errors.
pub(super) type Written = Vec<lapin::Result<PublisherConfirm>>;

/// An in-flight batch.
pub(super) struct Flight {
    messages: Vec<Message>,
    stage: Stage,
    began: Instant,
    limit: Duration,
    connection: ConnectionStatus,
}

enum Stage {
    Writing(BoxFuture<'static, Written>),
    Written { confirms: Vec<Confirm>, unanswered: usize },
}

enum Confirm {
    Waiting(PublisherConfirm),
    Failed(lapin::Error),
    Answered,
}

impl Flight {
    /// Creates a batch of these messages; `writing` resolves when they are written. `limit` is the
    /// time that RabbitMQ has to confirm it, not counting the time in which it blocks the
    /// connection.
    pub(super) fn new(
        messages: Vec<Message>,
        writing: impl Future<Output = Written> + Send + 'static,
        limit: Duration,
        connection: ConnectionStatus,
    ) -> Self {
        let stage = Stage::Writing(writing.boxed());
        Self { messages, stage, began: Instant::now(), limit, connection }
    }

    pub(super) fn messages(&self) -> impl Iterator<Item = Message> {
        self.messages.iter().copied()
    }

    /// Returns whether each of its messages was answered.
    pub(super) const fn has_landed(&self) -> bool {
        matches!(self.stage, Stage::Written { unanswered: 0, .. })
    }

    /// Restarts its time limit.
    pub(super) const fn begin_anew(&mut self, now: Instant) {
        self.began = now;
    }

    /// Waits until all messages are written.
    pub(super) async fn write(&mut self) -> Result<(), PublishError> {
        loop {
            match timeout_at(self.began + self.limit, self.stage.write()).await {
                Ok(()) => return Ok(()),
                Err(_) => self.was_too_late()?,
            }
        }
    }

    /// Waits until all messages are answered.
    pub(super) async fn land(
        &mut self,
        batch: usize,
        answers: &mut Answers,
    ) -> Result<(), PublishError> {
        loop {
            match timeout_at(self.began + self.limit, self.stage.land(batch, answers)).await {
                Ok(landed) => return landed,
                Err(_) => self.was_too_late()?,
            }
        }
    }

    /// Notes each answer that has been received. Failures are reported by [`Self::land`].
    pub(super) fn look(&mut self, batch: usize, answers: &mut Answers) {
        self.stage.look(batch, answers);
    }

    fn was_too_late(&mut self) -> Result<(), PublishError> {
        if !is_blocked(&self.connection) {
            return Err(PublishError::NotConfirmed(self.limit));
        }
        self.began = Instant::now();
        Ok(())
    }
}

impl Stage {
    async fn write(&mut self) {
        if let Self::Writing(writing) = self {
            *self = Self::written(writing.await);
        }
    }

    fn written(written: Written) -> Self {
        let confirms = written.into_iter().map(|written| match written {
            Ok(confirm) => Confirm::Waiting(confirm),
            Err(error) => Confirm::Failed(error),
        });
        let confirms = confirms.collect::<Vec<_>>();
        Self::Written { unanswered: confirms.len(), confirms }
    }

    async fn land(&mut self, batch: usize, answers: &mut Answers) -> Result<(), PublishError> {
        self.write().await;
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

    // Nobody is woken by what it polls: `land` polls again, with a waker, before anything is awaited.
    fn look(&mut self, batch: usize, answers: &mut Answers) {
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
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Answer>> {
        let Self::Waiting(confirm) = self else { return Poll::Ready(None) };
        let told = match Guard::Confirms.is_off() {
            true => Ok(Confirmation::Ack(None)),
            false => match confirm.poll_unpin(context) {
                Poll::Ready(told) => told,
                Poll::Pending => return Poll::Pending,
            },
        };
        match told {
            Ok(told) => {
                *self = Self::Answered;
                Poll::Ready(Some(read(told)))
            }
            Err(error) => {
                *self = Self::Failed(error);
                Poll::Ready(None)
            }
        }
    }
}

fn read(told: Confirmation) -> Answer {
    let (taken, returned) = match told {
        Confirmation::Ack(returned) => (true, returned),
        Confirmation::Nack(returned) => (false, returned),
        Confirmation::NotRequested => (false, None),
    };
    let returned = returned.map(|message| {
        let id = message.delivery.properties.message_id().as_ref();
        id.and_then(|id| id.as_str().parse().ok()).unwrap_or(UNKNOWN)
    });
    Answer { taken, returned }
}
