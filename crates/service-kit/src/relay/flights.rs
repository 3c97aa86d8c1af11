//! The batches that are published on the channel and not confirmed yet. While RabbitMQ writes one
//! batch to its disk, the next is read and sent.

use std::collections::VecDeque;
use std::fmt;

use tokio::time::Instant;

use super::answers::{Answers, Sent};
use super::flight::Flight;
use super::publisher::PublishError;

/// The most batches in flight.
const MOST: usize = 4;

/// The in-flight batches, oldest first.
#[derive(Default)]
pub(super) struct Flights {
    flying: VecDeque<Flight>,
    answers: Answers,
    landed: Option<Result<Sent, PublishError>>,
}

impl Flights {
    pub(super) fn add(&mut self, flight: Flight) {
        self.answers.published(flight.messages());
        self.flying.push_back(flight);
    }

    /// Forgets all batches: they stay in the outbox, and are published again. Their channel must
    /// not be used any more, because later returns on it may be theirs.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    pub(super) fn is_empty(&self) -> bool {
        self.flying.is_empty() && self.landed.is_none()
    }

    /// Returns whether no more may be sent before one is confirmed; with `alone`, one at a time.
    pub(super) fn is_full(&self, alone: bool) -> bool {
        self.flying.len() >= if alone { 1 } else { MOST }
    }

    /// Returns the sequence numbers of all in-flight changes.
    pub(super) fn seqs(&self) -> Vec<i64> {
        self.flying.iter().flat_map(Flight::messages).map(|message| message.seq).collect()
    }

    /// Restarts the time limit of each batch: RabbitMQ was blocked until now.
    pub(super) fn begin_anew(&mut self, now: Instant) {
        for flight in &mut self.flying {
            flight.begin_anew(now);
        }
    }

    /// Waits until the newest batch is written to the socket.
    pub(super) async fn write(&mut self) -> Result<(), PublishError> {
        match self.flying.back_mut() {
            Some(newest) => newest.write().await,
            None => Ok(()),
        }
    }

    /// Waits until the outcome of the oldest batch is certain. Cancel-safe; waits for ever if there
    /// is none.
    pub(super) async fn land(&mut self) {
        if self.landed.is_none() {
            self.landed = Some(self.judged().await);
            self.flying.pop_front();
        }
    }

    /// Takes the outcome of the oldest batch, once it is certain.
    pub(super) fn landed(&mut self) -> Option<Result<Sent, PublishError>> {
        self.landed.take()
    }

    async fn judged(&mut self) -> Result<Sent, PublishError> {
        let Some(oldest) = self.flying.front_mut() else { return std::future::pending().await };
        oldest.land(0, &mut self.answers).await?;
        loop {
            // The confirms of a batch can be read only when all of it is written, and one of them
            // may have come with a return of the oldest batch.
            for flight in &mut self.flying {
                flight.write().await?;
            }
            for (batch, flight) in self.flying.iter_mut().enumerate() {
                flight.look(batch, &mut self.answers);
            }
            if let Some(sent) = self.answers.judge() {
                return Ok(sent);
            }
            let mut flying = self.flying.iter_mut().enumerate();
            match flying.find(|(_, flight)| !flight.has_landed()) {
                Some((batch, flight)) => flight.land(batch, &mut self.answers).await?,
                // When all are answered, each has its outcome.
                None => return std::future::pending().await,
            }
        }
    }
}

impl fmt::Debug for Flights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flights").field("flying", &self.flying.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "flights_tests.rs"]
mod tests;
