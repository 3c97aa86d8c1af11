//! Keeps one direction running: connects, prepares the topology, consumes; starts anew after any
//! failure.

use std::sync::Arc;
use std::time::{Duration, Instant};

use program_kit::backoff;
use program_kit::broker::{BrokerError, BrokerSettings, Connection, connect};
use shared_models::names::QueueGeneration;
use tokio::sync::Notify;
use tokio::time::sleep;

use super::consuming::{Consuming, Stopped};
use super::draining::Draining;
use super::interrupted::Interrupted;
use super::parking::Parking;
use super::peer::Peer;
use super::stop::Stop;
use crate::figures::{Figures, State};
use crate::settings::{CarrySettings, PROGRAM, WorkerSettings};
use crate::side_client::{BuildError, SideClient};
use crate::topology::{QueueKind, QueueLock, Topology, goodbye, is_unlike};
use crate::watching::{Retiring, Watcher};

/// The longest wait before the source is asked again for an offer, where RabbitMQ refuses to make the
/// queue that it was for.
const LONGEST_WAIT: Duration = Duration::from_secs(600);

/// Carries changes in one direction.
pub struct Carrier {
    carrying: Carrying,
    watcher: Watcher,
    retiring: Retiring,
}

/// The parts of a carrier, except those that watch the queues and delete earlier ones.
struct Carrying {
    broker: BrokerSettings,
    settings: CarrySettings,
    source: SideClient,
    consuming: Consuming,
    draining: Draining,
    figures: Arc<Figures>,
    /// Notified when the watcher has replaced a queue, or another worker may have.
    replaced: Arc<Notify>,
    /// The queues whose arguments are known to be right.
    declared: Option<QueueGeneration>,
    /// The number of times in a row that RabbitMQ refused to make a missing queue.
    refusals: u32,
    stop: Stop,
}

impl Carrier {
    /// Creates a carrier for the direction of `figures`; `opposite` are those of the other one.
    pub fn new(
        settings: &WorkerSettings,
        figures: Arc<Figures>,
        opposite: Arc<Figures>,
        stop: Stop,
    ) -> Result<Self, BuildError> {
        let (direction, reply_timeout) = (figures.direction, settings.broker.reply_timeout);
        let sides = settings.sides();
        let source = SideClient::new(direction.from, &sides)?;
        let draining = Draining {
            direction,
            source: source.clone(),
            settings: settings.carry.clone(),
            reply_timeout,
            figures: Arc::clone(&figures),
        };
        let consuming = Consuming {
            direction,
            peer: Peer::new(&sides, Arc::clone(&figures), stop.clone())?,
            source: source.clone(),
            parking: Parking::new(
                settings.broker.clone(),
                format!("{} {direction} parking", PROGRAM.name),
            ),
            settings: settings.carry.clone(),
            reply_timeout,
            figures: Arc::clone(&figures),
            stop: stop.clone(),
        };
        let replaced = Arc::new(Notify::new());
        let watcher = Watcher::new(
            settings,
            source.clone(),
            Arc::clone(&figures),
            opposite,
            Arc::clone(&replaced),
        );
        let retiring = Retiring::new(settings, source.clone(), Arc::clone(&figures));
        let carrying = Carrying {
            broker: settings.broker.clone(),
            settings: settings.carry.clone(),
            source,
            consuming,
            draining,
            replaced,
            declared: None,
            refusals: 0,
            figures,
            stop,
        };
        Ok(Self { carrying, watcher, retiring })
    }

    /// Carries until asked to stop; meanwhile watches the queues, and deletes those of earlier
    /// generations.
    pub async fn run(self) {
        let Self { mut watcher, carrying, retiring } = self;
        tokio::select! {
            () = carrying.run() => {}
            never = watcher.run() => match never {},
            never = retiring.run() => match never {},
        }
    }
}

impl Carrying {
    /// Carries until asked to stop.
    async fn run(mut self) {
        let stop = self.stop.asked.clone();
        let mut failures = 0;
        while !stop.is_cancelled() {
            let started = Instant::now();
            let Err(interrupted) = self.session().await else { break };
            self.figures.enter(State::Connecting(Some(interrupted.to_string())));
            if started.elapsed() > self.settings.backoff_max {
                failures = 0;
            }
            let wait = match matches!(interrupted, Interrupted::NotDeclared(_)) {
                true => self.wait_after_refusal(),
                false => self.wait(failures),
            };
            tokio::select! {
                () = sleep(wait) => {}
                () = self.replaced.notified() => {}
                () = stop.cancelled() => {}
            }
            failures += 1;
        }
        self.figures.enter(State::Stopped);
    }

    /// Carries on one connection, for as long as it lasts.
    async fn session(&mut self) -> Result<Stopped, Interrupted> {
        let stop = self.stop.asked.clone();
        let Some(connection) = stop.run_until_cancelled(self.connect()).await else {
            return Ok(Stopped);
        };
        let connection = connection?;
        let outcome = self.carry(&connection).await;
        goodbye(&connection).await;
        outcome
    }

    async fn carry(&mut self, connection: &Connection) -> Result<Stopped, Interrupted> {
        let stop = self.stop.asked.clone();
        let Some(prepared) = stop.run_until_cancelled(self.prepare(connection)).await else {
            return Ok(Stopped);
        };
        let topology = prepared?;
        let parked = topology.queues.parked_queue();
        let healing = heal(&topology, connection, &self.figures, self.settings.heal_interval);
        tokio::select! {
            outcome = self.consuming.run(connection, topology.queues) => outcome,
            interrupted = healing => Err(interrupted),
            () = self.replaced.notified() => Err(Interrupted::Replaced),
            never = self.draining.run(connection, &parked) => match never {},
        }
    }

    async fn connect(&self) -> Result<Connection, BrokerError> {
        connect(&self.broker, &format!("{} {}", PROGRAM.name, self.figures.direction)).await
    }

    /// Declares the exchange and the queues that this direction needs.
    ///
    /// A missing queue means that its messages were lost, or that there never was one. The source
    /// is asked for an offer *first*, and the queue is declared when it has agreed. In this order a
    /// crash in between only repeats the request, and nothing that the source publishes meanwhile
    /// is lost: it is returned as unroutable, and waits in the outbox until the queue is bound.
    /// (Messages to be parked wait in the sync queue.) In the other order a crash in between would
    /// leave a queue that nobody knows to be incomplete.
    ///
    /// All of it happens under the lock, on the connection that holds it: a queue that is found to
    /// be there is not deleted by a watcher before it is declared, which would hide the loss. For
    /// the same reason a queue that is there is only bound, once its arguments are known.
    async fn prepare(&mut self, connection: &Connection) -> Result<Topology, Interrupted> {
        let (direction, limit) = (self.figures.direction, self.broker.reply_timeout);
        let lock = QueueLock::take(connection, direction, limit).await?;
        let lock = lock.ok_or(Interrupted::Locked)?;
        let topology = Topology::current(connection, direction, limit).await?;
        self.figures.uses(topology.queues);
        topology.declare_exchange(connection).await?;
        let missing = topology.missing(connection).await?;
        if !missing.is_empty() {
            if topology.queues.older().next().is_some() {
                // A queue of an earlier generation may have taken what this one would have.
                topology.forget_offer(connection).await?;
            }
            self.source_agrees().await;
            // That may have taken long.
            lock.check().await?;
            if !topology.is_current(connection).await? {
                return Err(Interrupted::Locked);
            }
            self.declare(connection, &topology, &missing).await?;
        }
        if !missing.contains(&QueueKind::Sync) && self.declared != Some(topology.queues) {
            check_arguments(connection, &topology).await?;
        }
        self.declared = Some(topology.queues);
        topology.bind_queue(connection).await?;
        lock.release().await?;
        self.refusals = 0;
        Ok(topology)
    }

    /// Declares the missing queues, of which the source has agreed to an offer.
    async fn declare(
        &self,
        connection: &Connection,
        topology: &Topology,
        missing: &[QueueKind],
    ) -> Result<(), Interrupted> {
        for kind in missing {
            if let Err(error) = topology.declare_queue(connection, *kind).await {
                let is_refused = error.refusal().is_some();
                return Err(if is_refused {
                    Interrupted::NotDeclared(error)
                } else {
                    error.into()
                });
            }
        }
        Ok(())
    }

    /// Asks the source for an offer of all its orders until it agrees.
    async fn source_agrees(&self) {
        self.figures.enter(State::AskingForOffer(None));
        let mut failures = 0;
        while let Err(reason) = self.source.ask_for_offer().await {
            self.figures.enter(State::AskingForOffer(Some(reason)));
            sleep(self.wait(failures)).await;
            failures += 1;
        }
    }

    fn wait_after_refusal(&mut self) -> Duration {
        let attempt = self.refusals;
        self.refusals += 1;
        let (min, max) = (self.settings.backoff_max, LONGEST_WAIT.max(self.settings.backoff_max));
        backoff::wait(attempt, min, max, fastrand::f64())
    }

    fn wait(&self, failures: u32) -> Duration {
        let (min, max) = (self.settings.backoff_min, self.settings.backoff_max);
        backoff::wait(failures, min, max, fastrand::f64())
    }
}

/// Deletes a sync queue with other arguments, as earlier versions declared it: then it counts as
/// missing.
async fn check_arguments(connection: &Connection, topology: &Topology) -> Result<(), Interrupted> {
    match topology.declare_queue(connection, QueueKind::Sync).await {
        Err(error) if is_unlike(&error) => {
            topology.discard(connection, QueueKind::Sync).await?;
            Err(Interrupted::Unlike)
        }
        declared => Ok(declared?),
    }
}

/// Restores, every `interval`, the exchange and the binding, also while nothing is consumed.
/// Returns when that fails, or when a queue itself is gone: then the session starts anew, with an
/// offer. A broker that does not answer is noticed here too.
async fn heal(
    topology: &Topology,
    connection: &Connection,
    figures: &Figures,
    interval: Duration,
) -> Interrupted {
    loop {
        match topology.heal(connection).await {
            Ok(Some(depth)) => figures.depth(depth),
            Ok(None) => return Interrupted::QueueGone,
            Err(error) => return error.into(),
        }
        sleep(interval).await;
    }
}
