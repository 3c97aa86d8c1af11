//! RabbitMQ's answers on one channel, and what they mean for each batch. Pure.
//!
//! A message that no queue took is returned before it is confirmed, and the confirm is an ordinary
//! one. lapin keeps the returns of a channel in a queue of its own and hands out one with each
//! confirm that it completes, of whichever message and batch; of several that are confirmed by one
//! frame, in any order. So a return belongs to its channel, and is identified by the message's id.
//!
//! No function shows which returns are still in lapin's queue, but it follows:
//!
//! - A confirm that came without a return found the queue empty. So if no confirm of a batch, and
//!   none of those received for the others, came with one, nothing was returned before the batch
//!   was confirmed.
//! - Each return adds one to lapin's queue, and the confirm of its message takes one off. So when
//!   every message of the channel is confirmed, the queue is empty, and each return came with a
//!   confirm.

use std::collections::{HashSet, VecDeque};

use uuid::Uuid;

/// The id of a return without one of our ids. Its message is not known, so all in-flight messages
/// count as returned.
pub(super) const UNKNOWN: Uuid = Uuid::nil();

/// A published message whose outcome is not decided yet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Message {
    pub(super) seq: i64,
    pub(super) id: Uuid,
}

/// RabbitMQ's answer to one message, and the return, of any message, that lapin attached to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct MessageAnswer {
    pub(super) taken: bool,
    pub(super) returned: Option<Uuid>,
}

/// The outcome of a batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct BatchOutcome {
    /// The sequence numbers of the messages that RabbitMQ has in a queue.
    pub(super) confirmed: Vec<i64>,
    /// The number of messages that no queue took.
    pub(super) returned: usize,
    /// The number of messages that RabbitMQ refused.
    pub(super) refused: usize,
}

/// The answers on one channel to all batches without an outcome, oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Answers {
    batches: VecDeque<BatchAnswers>,
    returned: HashSet<Uuid>,
}

#[derive(Clone, Debug)]
struct BatchAnswers {
    messages: Vec<(Message, Option<bool>)>,
    unanswered: usize,
}

impl Answers {
    /// Adds a batch that was published on the channel.
    pub(super) fn published(&mut self, messages: impl Iterator<Item = Message>) {
        let messages = messages.map(|message| (message, None)).collect::<Vec<_>>();
        self.batches.push_back(BatchAnswers { unanswered: messages.len(), messages });
    }

    /// Notes the answer to a message, given by the index of its batch among those without an
    /// outcome, and its index in the batch.
    pub(super) fn answered(&mut self, batch: usize, message: usize, answer: MessageAnswer) {
        self.returned.extend(answer.returned);
        let Some(batch) = self.batches.get_mut(batch) else { return };
        if let Some((_, taken @ None)) = batch.messages.get_mut(message) {
            *taken = Some(answer.taken);
            batch.unanswered -= 1;
        }
    }

    /// Returns the outcome of the oldest batch, once it is certain. Every received answer, of every
    /// batch, must have been noted before, so each batch must be written: until then its confirms
    /// cannot be read.
    pub(super) fn take_oldest_outcome(&mut self) -> Option<BatchOutcome> {
        let all_returns_are_here = self.returned.is_empty() || self.are_complete();
        let oldest = self.batches.front()?;
        if oldest.unanswered > 0 || !all_returns_are_here {
            return None;
        }
        let oldest = self.batches.pop_front()?;
        let any_may_be_returned = self.returned.contains(&UNKNOWN);
        let mut outcome = BatchOutcome::default();
        for (Message { seq, id }, taken) in oldest.messages {
            let came_back = !self.returned.is_empty() && self.returned.remove(&id);
            let came_back = came_back || any_may_be_returned;
            match (came_back, taken) {
                (true, _) => outcome.returned += 1,
                (false, Some(true)) => outcome.confirmed.push(seq),
                (false, Some(false) | None) => outcome.refused += 1,
            }
        }
        if self.batches.is_empty() {
            self.returned.clear();
        }
        Some(outcome)
    }

    fn are_complete(&self) -> bool {
        self.batches.iter().all(|batch| batch.unanswered == 0)
    }
}

#[cfg(test)]
#[path = "answers_tests.rs"]
mod tests;
