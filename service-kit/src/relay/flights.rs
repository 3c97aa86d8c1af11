//! What is published on the channel and not confirmed yet. While RabbitMQ writes one batch to its
//! disk, the next is read and sent.

use std::collections::VecDeque;
use std::fmt;

use tokio::time::Instant;

use super::answers::{Answers, Sent};
use super::flight::Flight;
use super::publisher::PublishError;

/// How many batches are under way at once.
const MOST: usize = 4;

/// Batches on their way, the oldest first.
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

    /// Forgets all: they stay in the outbox, and are published again. Their channel is not to be
    /// used any more, for what is returned on it later may be theirs.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    pub(super) fn is_empty(&self) -> bool {
        self.flying.is_empty() && self.landed.is_none()
    }

    /// Whether no more are to be sent before one has landed; `alone`: one at a time.
    pub(super) fn is_full(&self, alone: bool) -> bool {
        self.flying.len() >= if alone { 1 } else { MOST }
    }

    /// The places of all that is on its way.
    pub(super) fn seqs(&self) -> Vec<i64> {
        self.flying.iter().flat_map(Flight::messages).map(|message| message.seq).collect()
    }

    /// Gives each batch its whole time from now on: RabbitMQ was blocked until now.
    pub(super) fn begin_anew(&mut self, now: Instant) {
        for flight in &mut self.flying {
            flight.begin_anew(now);
        }
    }

    /// Waits until the newest is written to the socket.
    pub(super) async fn write(&mut self) -> Result<(), PublishError> {
        match self.flying.back_mut() {
            Some(newest) => newest.write().await,
            None => Ok(()),
        }
    }

    /// Waits until it is certain what became of the oldest. May be dropped while it waits; waits
    /// for ever where there is none.
    pub(super) async fn land(&mut self) {
        if self.landed.is_none() {
            self.landed = Some(self.judged().await);
            self.flying.pop_front();
        }
    }

    /// What became of the oldest, once it has landed.
    pub(super) fn landed(&mut self) -> Option<Result<Sent, PublishError>> {
        self.landed.take()
    }

    async fn judged(&mut self) -> Result<Sent, PublishError> {
        let Some(oldest) = self.flying.front_mut() else { return std::future::pending().await };
        oldest.land(0, &mut self.answers).await?;
        loop {
            for (batch, flight) in self.flying.iter_mut().enumerate() {
                flight.look(batch, &mut self.answers);
            }
            if let Some(sent) = self.answers.judge() {
                return Ok(sent);
            }
            let mut flying = self.flying.iter_mut().enumerate();
            match flying.find(|(_, flight)| !flight.has_landed()) {
                Some((batch, flight)) => flight.land(batch, &mut self.answers).await?,
                // Where all are answered, each is judged.
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
