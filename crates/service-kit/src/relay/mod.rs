//! The relay: publishes the outbox to RabbitMQ.
//!
//! One relay is active for each database. It reads the outbox, publishes the changes, awaits every
//! confirm, and deletes what was confirmed; whatever else happens, a change stays in the outbox and
//! is published again. Several batches are in flight at once. Each commit in this process wakes the
//! relay, and it polls for the commits of others. (A NOTIFY in the writing transaction takes a lock
//! at commit: it cut the rate of commits to a third.)

mod answers;
mod handle;
mod histograms;
mod housekeeping;
mod in_flight;
mod lease;
mod pace;
mod publisher;
mod scan_start;
mod settings;
mod step;

use std::sync::Arc;

use program_kit::broker::BrokerSettings;
use program_kit::http::metrics::Registry;
use shared_models::side::Side;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::database::DatabaseSettings;
use crate::resource::Resources;
use handle::Counts;
pub use handle::{RelayCounts, RelayHandle, RelayState};
use histograms::Histograms;
use housekeeping::Schedule;
pub use housekeeping::{Task, TaskOutcome};
use in_flight::InFlightBatches;
use lease::Lease;
use pace::{BatchSize, Pace, Wait};
use publisher::{PublishError, Publisher};
use scan_start::ScanStart;
pub use settings::RelaySettings;
use step::{Step, StepError};

/// The options of a relay.
#[derive(Clone, Debug)]
pub struct RelayOptions {
    /// The program's name.
    pub name: &'static str,
    /// The side whose changes it publishes.
    pub side: Side,
    /// The database whose outbox it empties.
    pub database: DatabaseSettings,
    /// The connection to RabbitMQ.
    pub broker: BrokerSettings,
    /// The batch size, timeouts and rates.
    pub relay: RelaySettings,
    /// The resources whose changes it publishes.
    pub resources: Resources,
    /// The tasks besides publishing.
    pub tasks: Vec<Arc<dyn Task>>,
}

/// The relay of one process.
#[derive(Debug)]
pub struct Relay {
    options: RelayOptions,
    wake: Arc<Notify>,
    state: watch::Sender<RelayState>,
    counts: Arc<Counts>,
    histograms: Histograms,
    pace: Pace,
    batch_size: BatchSize,
    scan_start: ScanStart,
    in_flight: InFlightBatches,
    schedule: Schedule,
    lease: Option<Lease>,
    publisher: Option<Publisher>,
}

impl Relay {
    /// Creates a relay, which is measured in the registry, and the handle to it.
    #[must_use]
    pub fn new(options: RelayOptions, registry: &Registry) -> (Self, RelayHandle) {
        let wake = Arc::new(Notify::new());
        let (state, observed) = watch::channel(RelayState::Starting);
        let counts = Arc::default();
        let requested = Arc::default();
        let schedule =
            Schedule::new(options.tasks.clone(), options.relay.offer_rate, Arc::clone(&requested));
        let handle = RelayHandle::new(Arc::clone(&wake), requested, observed, Arc::clone(&counts));
        let pace = Pace::new(options.relay.poll_min, options.relay.poll_max);
        let batch_size = BatchSize::new(options.relay.batch_size);
        let histograms = Histograms::new(registry);
        let in_flight = InFlightBatches::new(histograms.confirm_duration.clone());
        let relay = Self {
            options,
            wake,
            state,
            counts,
            histograms,
            pace,
            batch_size,
            scan_start: ScanStart::default(),
            in_flight,
            schedule,
            lease: None,
            publisher: None,
        };
        (relay, handle)
    }

    /// Runs until asked to stop; then finishes the in-flight batches.
    pub async fn run(mut self, stop: CancellationToken) {
        let (mut wait, mut since) = (self.pace.busy(), Instant::now());
        while !stop.is_cancelled() {
            let woken = async {
                sleep_until(since + wait.at_least).await;
                self.wake.notified().await;
            };
            tokio::select! {
                () = stop.cancelled() => break,
                () = self.in_flight.await_oldest_outcome(), if wait.may_be_woken => {
                    let step = self.delete_confirmed().await;
                    if !matches!(step, Ok(Step::InFlight)) {
                        (wait, since) = (self.conclude(step), Instant::now());
                    }
                    continue;
                }
                // A relay that could not publish has no use for a wake-up, or for room.
                () = woken, if wait.may_be_woken => {}
                () = sleep_until(since + wait.at_most) => {}
            }
            let outcome = self.step().await;
            (wait, since) = (self.conclude(outcome), Instant::now());
        }
        while !self.in_flight.is_empty()
            && self.blocked().is_none()
            && self.await_oldest().await.is_ok()
        {}
        if let Some(publisher) = self.publisher.take() {
            publisher.close().await;
        }
    }

    /// Applies a step's outcome to the state and to the parts held, and returns the wait before the
    /// next step. In-flight batches say nothing about the state yet.
    fn conclude(&mut self, outcome: Result<Step, StepError>) -> Wait {
        let (state, wait) = match outcome {
            Ok(Step::Standby) => (Some(RelayState::Standby), self.pace.standby()),
            Ok(Step::Paused) => (Some(RelayState::Paused), self.pace.paused()),
            Ok(Step::Blocked { reason }) => {
                (Some(RelayState::Blocked(reason)), self.pace.blocked())
            }
            Ok(Step::Idle) => (Some(RelayState::Publishing), self.pace.idle()),
            Ok(Step::InFlight) => (None, self.pace.in_flight()),
            Ok(Step::Busy) => (None, self.pace.busy()),
            Ok(Step::Unroutable { returned }) => {
                tracing::warn!(
                    returned,
                    "RabbitMQ has no queue for these changes; they stay in the outbox"
                );
                (Some(RelayState::Unroutable), self.pace.failed(fastrand::f64()))
            }
            Ok(Step::Refused { refused }) => {
                let reason = format!("RabbitMQ refused {refused} changes");
                (Some(RelayState::Waiting(reason)), self.pace.failed(fastrand::f64()))
            }
            Err(error) => {
                self.drop_failed_parts(&error);
                let state = RelayState::Waiting(error.to_string());
                (Some(state), self.pace.failed(fastrand::f64()))
            }
        };
        if let Some(state) = state {
            state.report_to(&self.state);
        }
        // A step of a task may be due before the next read of the outbox.
        let at_most =
            self.schedule.shorten(wait.at_most, wait.may_be_woken, Instant::now().into_std());
        wait.ending_within(at_most)
    }

    /// Drops the parts that do not work. In-flight changes are published again, on another channel.
    fn drop_failed_parts(&mut self, error: &StepError) {
        if !self.in_flight.is_empty() {
            self.publisher = None;
        }
        self.in_flight.forget();
        match error {
            StepError::Database(_) | StepError::Connect(_) => self.lease = None,
            StepError::Publish(error) => {
                self.publisher = None;
                if matches!(error, PublishError::NotConfirmed(_)) {
                    self.batch_size.halve();
                }
            }
        }
    }
}
