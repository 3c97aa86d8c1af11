//! One step of the relay: read, publish, delete what was confirmed.

use std::time::Instant;

use shared_models::names::exchange;

use super::answers::Sent;
use super::floor::Floor;
use super::lease::{Advance, Lease, Look, Waiting};
use super::publisher::Publisher;
use super::step::{Step, StepError};
use super::{Relay, RelayState};

impl Relay {
    pub(super) async fn step(&mut self) -> Result<Step, StepError> {
        let lease = match &mut self.lease {
            Some(lease) => lease,
            none => match Lease::take(&self.options).await? {
                Some(lease) => {
                    // Another process may have held it, or the database have been replaced by
                    // another.
                    self.floor = Floor::default();
                    none.insert(lease)
                }
                None => return Ok(Step::Standby),
            },
        };
        if let Some(reason) = self.publisher.as_mut().and_then(Publisher::blocked) {
            self.flights.begin_anew(Instant::now().into());
            let paused = lease.is_paused().await?;
            return Ok(if paused { Step::Paused } else { Step::Blocked { reason } });
        }
        if self.flights.is_full(!self.portion.is_whole()) {
            return self.await_the_oldest().await;
        }
        let looks_at_all = self.looks.is_due(Instant::now());
        if looks_at_all && lease.is_paused().await? {
            return Ok(Step::Paused);
        }
        self.look_after_offers(looks_at_all).await?;
        let Some(lease) = &mut self.lease else { return Ok(Step::Standby) };
        let under_way = self.flights.seqs();
        let first_under_way = under_way.iter().copied().min();
        let limit = usize::from(self.portion.now()) + under_way.len();
        let waiting = lease.read(Look {
            from: if looks_at_all { 0 } else { self.floor.now() },
            limit: i64::try_from(limit).unwrap_or(i64::MAX),
            under_way,
        });
        let waiting = waiting.await?;
        let seen = || waiting.iter().map(|change| change.seq);
        if looks_at_all {
            self.floor.looked_at_all(seen().chain(first_under_way).min());
        }
        self.floor.saw(seen());
        self.pace.found(waiting.len());
        self.offers.found(waiting.len() >= usize::from(self.portion.now()));
        match waiting.is_empty() {
            true => self.nothing_waits().await,
            false => self.publish(waiting).await,
        }
    }

    /// Returns RabbitMQ's reason, if it takes no messages now.
    pub(super) fn blocked(&mut self) -> Option<String> {
        self.publisher.as_mut().and_then(Publisher::blocked)
    }

    async fn publish(&mut self, waiting: Vec<Waiting>) -> Result<Step, StepError> {
        let Some(lease) = &mut self.lease else { return Ok(Step::Standby) };
        let publisher = match &mut self.publisher {
            Some(publisher) => publisher,
            none => none.insert(lease.renewing(Publisher::connect(&self.options)).await??),
        };
        let there_is_more = waiting.len() >= usize::from(self.portion.now());
        self.flights.add(publisher.publish(waiting, self.options.relay.confirm_timeout));
        let writing = async {
            tokio::select! {
                written = self.flights.write() => written,
                () = publisher.blocks() => Ok(()),
            }
        };
        lease.renewing(writing).await??;
        Ok(if there_is_more { Step::Busy } else { Step::UnderWay })
    }

    pub(super) async fn await_the_oldest(&mut self) -> Result<Step, StepError> {
        if let (Some(lease), Some(publisher)) = (&mut self.lease, &mut self.publisher) {
            let landing = async {
                tokio::select! {
                    () = self.flights.land() => {}
                    () = publisher.blocks() => {}
                }
            };
            lease.renewing(landing).await?;
        }
        let settled = self.settle().await?;
        Ok(if settled == Step::UnderWay { Step::Busy } else { settled })
    }

    /// Deletes confirmed changes from the outbox.
    pub(super) async fn settle(&mut self) -> Result<Step, StepError> {
        let (Some(lease), Some(landed)) = (&mut self.lease, self.flights.landed()) else {
            return Ok(Step::UnderWay);
        };
        let sent = landed.map_err(|error| error.about(exchange(self.options.side)))?;
        self.counts.add(&sent);
        self.portion.was_confirmed();
        lease.delete(&sent.confirmed).await?;
        Ok(match sent {
            Sent { returned: returned @ 1.., .. } => Step::Unroutable { returned },
            Sent { refused: refused @ 1.., .. } => Step::Refused { refused },
            Sent { .. } => {
                self.pace.succeeded();
                RelayState::Publishing.tell(&self.state);
                Step::UnderWay
            }
        })
    }

    async fn nothing_waits(&mut self) -> Result<Step, StepError> {
        let Some(lease) = &mut self.lease else { return Ok(Step::Standby) };
        if !self.flights.is_empty() {
            Ok(Step::UnderWay)
        } else if lease.is_paused().await? {
            Ok(Step::Paused)
        } else if self.offers.may_begin(Instant::now()) && self.advance_offer().await? {
            Ok(Step::Busy)
        } else {
            self.look_after_the_broker().await
        }
    }

    /// Offers due parked changes once a second, however busy the outbox is; takes a step of an
    /// offer then too, and in between as its rate allows.
    async fn look_after_offers(&mut self, looks_at_all: bool) -> Result<(), StepError> {
        let Some(lease) = &mut self.lease else { return Ok(()) };
        if looks_at_all {
            // Noted before it is tried: if it fails, the changes in the outbox are published all
            // the same.
            self.looks.looked(Instant::now(), false);
            match lease.offer_parked().await? {
                Ok(more) => self.looks.looked(Instant::now(), more),
                Err(error) => tracing::warn!(%error, "parked changes could not be offered again"),
            }
        }
        // Nothing is added to an outbox that cannot be emptied.
        let is_publishing = *self.state.borrow() == RelayState::Publishing;
        if is_publishing && self.offers.is_due(Instant::now(), looks_at_all) {
            self.advance_offer().await?;
        }
        Ok(())
    }

    /// Takes a step of an offer; returns whether it published anything.
    async fn advance_offer(&mut self) -> Result<bool, StepError> {
        let Some(lease) = &mut self.lease else { return Ok(false) };
        let began = Instant::now();
        let advance = lease.advance_offer().await?;
        self.offers.advanced(began, Instant::now(), advance);
        Ok(matches!(advance, Advance::Offered { .. }))
    }

    /// Keeps the connection to RabbitMQ open while there is nothing to publish.
    async fn look_after_the_broker(&mut self) -> Result<Step, StepError> {
        let Some(lease) = &mut self.lease else { return Ok(Step::Standby) };
        if self.publisher.as_ref().is_none_or(Publisher::is_closed) {
            self.publisher = None;
            let connecting = Publisher::connect(&self.options);
            self.publisher = Some(lease.renewing(connecting).await??);
        }
        Ok(Step::Idle)
    }
}
