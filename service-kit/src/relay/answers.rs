//! RabbitMQ's answers on one channel, and what they mean for each batch. Pure.
//!
//! A message that no queue took is returned before it is confirmed, and the confirm is an ordinary
//! one. lapin keeps the returns of a channel in a queue of its own and hands out one with each
//! confirm that it completes, of whichever message and batch; of several that are confirmed by one
//! frame, in any order. So a return belongs to its channel, and is told by the message's id.
//!
//! Which returns are still in lapin's queue is told by no function, but it follows:
//!
//! - A confirm that came without a return found the queue empty. So where no confirm of a batch and
//!   none of those that are there of the others came with one, nothing was returned before the
//!   batch was confirmed.
//! - Each return adds one to lapin's queue, and the confirm of its message takes one off. So when
//!   every message of the channel is confirmed, the queue is empty, and each return came with a
//!   confirm.

use std::collections::{HashSet, VecDeque};

use uuid::Uuid;

/// The id of a return that bears none of ours. Which message it is of is not known, so that all
/// that are on their way count as returned.
pub(super) const UNKNOWN: Uuid = Uuid::nil();

/// A message that was published and is not judged yet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Message {
    pub(super) seq: i64,
    pub(super) id: Uuid,
}

/// RabbitMQ's answer to one message, with the return that lapin handed out with it: any message's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) taken: bool,
    pub(super) returned: Option<Uuid>,
}

/// What became of a batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sent {
    /// RabbitMQ has these, in a queue.
    pub(super) confirmed: Vec<i64>,
    /// For so many it has no queue.
    pub(super) returned: usize,
    /// So many it did not take.
    pub(super) refused: usize,
}

/// The answers on one channel to all batches that are not judged yet, the oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Answers {
    batches: VecDeque<Batch>,
    returned: HashSet<Uuid>,
}

#[derive(Clone, Debug)]
struct Batch {
    messages: Vec<(Message, Option<bool>)>,
    unanswered: usize,
}

impl Answers {
    /// A batch was published on the channel.
    pub(super) fn published(&mut self, messages: impl Iterator<Item = Message>) {
        let messages = messages.map(|message| (message, None)).collect::<Vec<_>>();
        self.batches.push_back(Batch { unanswered: messages.len(), messages });
    }

    /// A message was answered: its batch's place among those that are not judged, and its own there.
    pub(super) fn answered(&mut self, batch: usize, message: usize, answer: Answer) {
        self.returned.extend(answer.returned);
        let Some(batch) = self.batches.get_mut(batch) else { return };
        if let Some((_, taken @ None)) = batch.messages.get_mut(message) {
            *taken = Some(answer.taken);
            batch.unanswered -= 1;
        }
    }

    /// What became of the oldest batch, once that is certain. To be asked only when each answer
    /// that is there has been noted, of every batch.
    pub(super) fn judge(&mut self) -> Option<Sent> {
        let all_returns_are_here = self.returned.is_empty() || self.are_complete();
        let oldest = self.batches.front()?;
        if oldest.unanswered > 0 || !all_returns_are_here {
            return None;
        }
        let oldest = self.batches.pop_front()?;
        let any_may_be_returned = self.returned.contains(&UNKNOWN);
        let mut sent = Sent::default();
        for (Message { seq, id }, taken) in oldest.messages {
            let came_back = !self.returned.is_empty() && self.returned.remove(&id);
            let came_back = came_back || any_may_be_returned;
            match (came_back, taken) {
                (true, _) => sent.returned += 1,
                (false, Some(true)) => sent.confirmed.push(seq),
                (false, Some(false) | None) => sent.refused += 1,
            }
        }
        if self.batches.is_empty() {
            self.returned.clear();
        }
        Some(sent)
    }

    fn are_complete(&self) -> bool {
        self.batches.iter().all(|batch| batch.unanswered == 0)
    }
}

#[cfg(test)]
#[path = "answers_tests.rs"]
mod tests;
