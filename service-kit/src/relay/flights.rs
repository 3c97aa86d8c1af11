//! What is published and not confirmed yet. While RabbitMQ writes one batch to its disk, the next
//! is read and sent.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;

use futures_util::future::BoxFuture;

use super::publisher::{PublishError, Sent};

/// How many batches are under way at once.
const MOST: usize = 4;

/// A batch on its way.
pub(super) struct Flight {
    seqs: Vec<i64>,
    landing: BoxFuture<'static, Result<Sent, PublishError>>,
}

impl Flight {
    /// A batch of the changes in these places; `landing` tells what has become of them.
    pub(super) fn new(
        seqs: Vec<i64>,
        landing: impl Future<Output = Result<Sent, PublishError>> + Send + 'static,
    ) -> Self {
        Self { seqs, landing: Box::pin(landing) }
    }
}

/// Batches on their way, the oldest first.
#[derive(Default)]
pub(super) struct Flights {
    flying: VecDeque<Flight>,
    landed: Option<Result<Sent, PublishError>>,
}

impl Flights {
    pub(super) fn add(&mut self, flight: Flight) {
        self.flying.push_back(flight);
    }

    /// Forgets all: they stay in the outbox, and are published again.
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
        self.flying.iter().flat_map(|flight| flight.seqs.iter().copied()).collect()
    }

    /// Waits until the oldest has landed. May be dropped while it waits; waits for ever where there
    /// is none.
    pub(super) async fn land(&mut self) {
        if self.landed.is_some() {
            return;
        }
        match self.flying.front_mut() {
            Some(oldest) => self.landed = Some(Pin::new(&mut oldest.landing).await),
            None => std::future::pending().await,
        }
        self.flying.pop_front();
    }

    /// What became of the oldest, once it has landed.
    pub(super) fn landed(&mut self) -> Option<Result<Sent, PublishError>> {
        self.landed.take()
    }
}

impl fmt::Debug for Flights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flights").field("flying", &self.flying.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    fn flight(seqs: &[i64], sent: Option<Sent>) -> Flight {
        Flight::new(seqs.to_vec(), async {
            match sent {
                Some(sent) => Ok(sent),
                None => std::future::pending().await,
            }
        })
    }

    #[test]
    fn the_oldest_lands_first_and_what_is_still_on_its_way_is_known() {
        let mut flights = Flights::default();
        let sent = Sent { confirmed: vec![1, 2], ..Sent::default() };
        flights.add(flight(&[1, 2], Some(sent)));
        flights.add(flight(&[4], None));
        assert_eq!(flights.seqs(), [1, 2, 4]);
        assert!(flights.land().now_or_never().is_some());
        assert_eq!(flights.landed().unwrap().unwrap().confirmed, [1, 2]);
        assert_eq!(flights.seqs(), [4]);
        assert!(flights.land().now_or_never().is_none(), "the second has not landed");
        assert!(!flights.is_empty());
    }

    #[test]
    fn there_are_never_more_than_the_most_or_one_where_it_flies_alone() {
        let mut flights = Flights::default();
        for count in 0..=MOST {
            assert_eq!(flights.is_full(false), count == MOST);
            assert_eq!(flights.is_full(true), count > 0);
            flights.add(flight(&[], None));
        }
        flights.forget();
        assert!(flights.is_empty());
    }
}
