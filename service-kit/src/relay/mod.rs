//! From the outbox to RabbitMQ.
//!
//! One relay is active for each database. It reads what is in the outbox, publishes it, awaits
//! every confirm, and deletes what was confirmed; whatever else happens, a change stays in the
//! outbox and is published again. It is woken by each commit in this process, and looks from time
//! to time for what others wrote. (A NOTIFY in the writing transaction takes a lock at commit: it
//! cut the rate of commits to a third.)

mod counts;
mod lease;
mod pace;
mod publisher;
mod state;
mod step;
mod storage;

use std::sync::Arc;
use std::time::Instant;

use shared_models::site::Site;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use crate::settings::{BrokerSettings, DatabaseSettings, RelaySettings};
use counts::Counts;
pub use counts::RelayCounts;
use lease::Lease;
use pace::{Looks, Pace, Portion, Wait};
use publisher::{PublishError, Publisher, Sent};
pub use state::{RelayHandle, RelayState};
use step::{Step, StepError};

/// What a relay needs to know.
#[derive(Clone, Debug)]
pub struct RelayOptions {
    /// The program's name.
    pub name: &'static str,
    /// The site whose changes it publishes.
    pub site: Site,
    /// The database whose outbox it empties.
    pub database: DatabaseSettings,
    /// Where it publishes.
    pub broker: BrokerSettings,
    /// How.
    pub relay: RelaySettings,
}

/// The relay of one process.
#[derive(Debug)]
pub struct Relay {
    options: RelayOptions,
    wake: Arc<Notify>,
    state: watch::Sender<RelayState>,
    counts: Arc<Counts>,
    pace: Pace,
    looks: Looks,
    portion: Portion,
    lease: Option<Lease>,
    publisher: Option<Publisher>,
}

impl Relay {
    /// A relay, and the handle to it.
    #[must_use]
    pub fn new(options: RelayOptions) -> (Self, RelayHandle) {
        let wake = Arc::new(Notify::new());
        let (state, observed) = watch::channel(RelayState::Starting);
        let counts = Arc::default();
        let handle = RelayHandle::new(Arc::clone(&wake), observed, Arc::clone(&counts));
        let pace = Pace::new(options.relay.poll_min, options.relay.poll_max);
        let (looks, portion) = (Looks::default(), Portion::new(options.relay.batch_size));
        let (lease, publisher) = (None, None);
        (Self { options, wake, state, counts, pace, looks, portion, lease, publisher }, handle)
    }

    /// Runs until told to stop; then finishes the step in hand.
    pub async fn run(mut self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let outcome = self.step().await;
            let wait = self.conclude(outcome);
            tokio::select! {
                () = stop.cancelled() => {}
                // Only a relay that could publish at once has use for being woken.
                () = self.wake.notified(), if wait.may_be_woken => {}
                () = tokio::time::sleep(wait.at_most) => {}
            }
        }
        if let Some(publisher) = self.publisher.take() {
            publisher.close().await;
        }
    }

    async fn step(&mut self) -> Result<Step, StepError> {
        let lease = match &mut self.lease {
            Some(lease) => lease,
            none => match Lease::take(&self.options).await? {
                Some(lease) => none.insert(lease),
                None => return Ok(Step::Standby),
            },
        };
        if lease.is_paused().await? {
            return Ok(Step::Paused);
        }
        let waits_no_longer = self.looks.is_due(Instant::now());
        // However busy the outbox is: what is parked has waited long enough. Noted before it is
        // tried: where it cannot be offered, the rest is published all the same.
        if waits_no_longer {
            self.looks.looked(Instant::now(), false);
            let more = lease.offer_parked().await?;
            self.looks.looked(Instant::now(), more);
        }
        let waiting = lease.read(self.portion.now()).await?;
        if waiting.is_empty() {
            return match lease.advance_offer().await? {
                true => Ok(Step::Busy),
                false => self.look_after_the_broker().await,
            };
        }
        let publisher = match self.publisher.take() {
            Some(publisher) => publisher,
            None => lease.renewing(Publisher::connect(&self.options)).await??,
        };
        let limit = self.options.relay.confirm_timeout;
        let sent = lease.renewing(publisher.publish(&waiting, limit)).await??;
        self.publisher = Some(publisher);
        self.counts.add(&sent);
        self.portion.was_confirmed();
        lease.delete(&sent.confirmed).await?;
        match sent {
            Sent { returned: 1.., .. } => Ok(Step::Unroutable { returned: sent.returned }),
            Sent { refused: 1.., .. } => Ok(Step::Refused { refused: sent.refused }),
            Sent { .. } => {
                // An outbox that is never empty must not hold an offer up for ever; one that cannot
                // be emptied gets nothing more.
                if waits_no_longer {
                    lease.advance_offer().await?;
                }
                Ok(Step::Busy)
            }
        }
    }

    /// With nothing to publish, RabbitMQ is still to be there when something comes.
    async fn look_after_the_broker(&mut self) -> Result<Step, StepError> {
        let Some(lease) = &mut self.lease else { return Ok(Step::Standby) };
        if self.publisher.as_ref().is_none_or(Publisher::is_closed) {
            self.publisher = None;
            let connecting = Publisher::connect(&self.options);
            self.publisher = Some(lease.renewing(connecting).await??);
        }
        Ok(Step::Idle)
    }

    /// What a step's outcome means for the state, for what is held, and for the next step.
    fn conclude(&mut self, outcome: Result<Step, StepError>) -> Wait {
        let (state, wait) = match outcome {
            Ok(Step::Standby) => (RelayState::Standby, self.pace.standby()),
            Ok(Step::Paused) => (RelayState::Paused, self.pace.paused()),
            Ok(Step::Idle) => (RelayState::Publishing, self.pace.idle()),
            Ok(Step::Busy) => (RelayState::Publishing, self.pace.busy()),
            Ok(Step::Unroutable { returned }) => {
                tracing::warn!(returned, "RabbitMQ has no queue for changes; they are kept");
                (RelayState::Unroutable, self.pace.failed(fastrand::f64()))
            }
            Ok(Step::Refused { refused }) => {
                let reason = format!("RabbitMQ did not take {refused} changes");
                (RelayState::Waiting(reason), self.pace.failed(fastrand::f64()))
            }
            Err(error) => {
                match &error {
                    StepError::Database(_) | StepError::Connect(_) => self.lease = None,
                    StepError::Publish(error) => {
                        self.publisher = None;
                        if matches!(error, PublishError::NotConfirmed(_)) {
                            self.portion.was_too_much();
                        }
                    }
                }
                (RelayState::Waiting(error.to_string()), self.pace.failed(fastrand::f64()))
            }
        };
        state.tell(&self.state);
        wait
    }
}
