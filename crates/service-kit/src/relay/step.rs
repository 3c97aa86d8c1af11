//! A step of the relay: its tasks, then what waits in the outbox is read and published. What was
//! confirmed is deleted by `delete_confirmed`, when the relay knows the outcome of a batch.

use std::time::Instant;

use shared_models::names::exchange;

use super::answers::BatchOutcome;
use super::housekeeping::TaskOutcome;
use super::lease::{Lease, Pending, ReadOutbox};
use super::publisher::{PublishError, Publisher};
use super::scan_start::ScanStart;
use super::{Relay, RelayState};
use crate::database::DatabaseError;

/// The outcome of one step.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Another process is active.
    Standby,
    /// The side is paused.
    Paused,
    /// RabbitMQ takes no messages now.
    Blocked { reason: String },
    /// There was nothing to do.
    Idle,
    /// Nothing to do before RabbitMQ answers, or more is written.
    InFlight,
    /// Changes were published or offered; there may be more.
    Busy,
    /// RabbitMQ has no queue for some changes.
    Unroutable { returned: usize },
    /// RabbitMQ refused some changes.
    Refused { refused: usize },
}

/// The error of a step.
#[derive(Debug, thiserror::Error)]
pub(super) enum StepError {
    #[error("{0}")]
    Database(#[from] DatabaseError),
    #[error("{0}")]
    Connect(#[from] diesel::ConnectionError),
    #[error("{0}")]
    Publish(#[from] PublishError),
}

impl Relay {
    /// Runs one step: the tasks, then the changes in the outbox.
    pub(super) async fn step(&mut self) -> Result<Step, StepError> {
        let lease = match &mut self.lease {
            Some(lease) => lease,
            none => match Lease::take(&self.options).await? {
                Some(lease) => {
                    // Another process may have held it, or the database have been replaced by
                    // another.
                    self.scan_start = ScanStart::default();
                    none.insert(lease)
                }
                None => return Ok(Step::Standby),
            },
        };
        if let Some(reason) = self.publisher.as_mut().and_then(Publisher::blocked) {
            self.in_flight.restart_timeouts(Instant::now().into());
            let paused = lease.is_paused().await?;
            return Ok(if paused { Step::Paused } else { Step::Blocked { reason } });
        }
        if self.in_flight.is_full(!self.batch_size.is_full()) {
            return self.await_oldest().await;
        }
        let tick = self.schedule.is_tick_due(Instant::now());
        if tick {
            if lease.is_paused().await? {
                return Ok(Step::Paused);
            }
            self.schedule.ticked(Instant::now());
        }
        self.step_tasks(tick).await?;
        let pending = self.read(tick).await?;
        match pending.is_empty() {
            true => self.nothing_pending().await,
            false => self.publish(pending).await,
        }
    }

    /// Reads the next batch from the outbox: with the tick from its beginning, else from the scan
    /// start.
    async fn read(&mut self, tick: bool) -> Result<Vec<Pending>, StepError> {
        let Some(lease) = &mut self.lease else { return Ok(vec![]) };
        let in_flight = self.in_flight.seqs();
        let first_in_flight = in_flight.iter().copied().min();
        let size = usize::from(self.batch_size.now());
        let pending = lease.read(ReadOutbox {
            from: if tick { 0 } else { self.scan_start.now() },
            limit: i64::try_from(size + in_flight.len()).unwrap_or(i64::MAX),
            in_flight,
        });
        let pending = pending.await?;
        let seen = || pending.iter().map(|change| change.seq);
        if tick {
            self.scan_start.scanned_all(seen().chain(first_in_flight).min());
        }
        self.scan_start.saw(seen());
        self.pace.found(pending.len());
        self.schedule.found(pending.len() >= size);
        Ok(pending)
    }

    /// Returns RabbitMQ's reason, if it takes no messages now.
    pub(super) fn blocked(&mut self) -> Option<String> {
        self.publisher.as_mut().and_then(Publisher::blocked)
    }

    async fn publish(&mut self, pending: Vec<Pending>) -> Result<Step, StepError> {
        let Some(lease) = &mut self.lease else { return Ok(Step::Standby) };
        let publisher = match &mut self.publisher {
            Some(publisher) => publisher,
            none => none.insert(lease.renewing(Publisher::connect(&self.options)).await??),
        };
        let is_more = pending.len() >= usize::from(self.batch_size.now());
        self.histograms.record_batch(pending.len());
        self.in_flight.add(publisher.publish(pending, self.options.relay.confirm_timeout));
        let writing = async {
            tokio::select! {
                written = self.in_flight.await_written() => written,
                () = publisher.blocks() => Ok(()),
            }
        };
        lease.renewing(writing).await??;
        Ok(if is_more { Step::Busy } else { Step::InFlight })
    }

    pub(super) async fn await_oldest(&mut self) -> Result<Step, StepError> {
        if let (Some(lease), Some(publisher)) = (&mut self.lease, &mut self.publisher) {
            let deciding = async {
                tokio::select! {
                    () = self.in_flight.await_oldest_outcome() => {}
                    () = publisher.blocks() => {}
                }
            };
            lease.renewing(deciding).await?;
        }
        let step = self.delete_confirmed().await?;
        // There may be room for another batch now.
        Ok(if step == Step::InFlight { Step::Busy } else { step })
    }

    /// Deletes what was confirmed of the oldest batch, if its outcome is known, from the outbox.
    pub(super) async fn delete_confirmed(&mut self) -> Result<Step, StepError> {
        let (Some(lease), Some(outcome)) = (&mut self.lease, self.in_flight.take_outcome()) else {
            return Ok(Step::InFlight);
        };
        let outcome = outcome.map_err(|error| error.about(exchange(self.options.side)))?;
        self.counts.add(&outcome);
        self.batch_size.grow();
        lease.delete(&outcome.confirmed).await?;
        Ok(match outcome {
            BatchOutcome { returned: returned @ 1.., .. } => Step::Unroutable { returned },
            BatchOutcome { refused: refused @ 1.., .. } => Step::Refused { refused },
            BatchOutcome { .. } => {
                self.pace.succeeded();
                RelayState::Publishing.report_to(&self.state);
                Step::InFlight
            }
        })
    }

    async fn nothing_pending(&mut self) -> Result<Step, StepError> {
        let Some(lease) = &mut self.lease else { return Ok(Step::Standby) };
        if !self.in_flight.is_empty() {
            Ok(Step::InFlight)
        } else if lease.is_paused().await? {
            Ok(Step::Paused)
        } else {
            self.keep_connected().await
        }
    }

    /// Has the first task that finds something to do take a step, if one is due.
    async fn step_tasks(&mut self, tick: bool) -> Result<(), StepError> {
        let Some(lease) = &mut self.lease else { return Ok(()) };
        let is_publishing = *self.state.borrow() == RelayState::Publishing;
        if !self.schedule.is_step_due(Instant::now(), tick) {
            return Ok(());
        }
        let began = Instant::now();
        let (mut last, mut outcome) = (0, Ok(TaskOutcome::Nothing));
        for (index, task) in self.schedule.begin(is_publishing) {
            (last, outcome) = (index, lease.run(&*task).await);
            if !matches!(outcome, Ok(TaskOutcome::Nothing)) {
                break;
            }
        }
        let known = outcome.as_ref().copied().unwrap_or(TaskOutcome::Failed);
        self.schedule.stepped(last, began, Instant::now(), known);
        Ok(outcome.map(drop)?)
    }

    /// Keeps the connection to RabbitMQ open while there is nothing to publish.
    async fn keep_connected(&mut self) -> Result<Step, StepError> {
        let Some(lease) = &mut self.lease else { return Ok(Step::Standby) };
        if self.publisher.as_ref().is_none_or(Publisher::is_closed) {
            self.publisher = None;
            let connecting = Publisher::connect(&self.options);
            self.publisher = Some(lease.renewing(connecting).await??);
        }
        Ok(Step::Idle)
    }
}
