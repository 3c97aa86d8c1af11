//! The carrier of one direction: connects, prepares the queues, consumes; starts anew after any
//! failure.

use std::sync::Arc;
use std::time::{Duration, Instant};

use program_kit::backoff;
use program_kit::broker::{BrokerSettings, Connection, connect};
use tokio::sync::Notify;
use tokio::time::sleep;

use super::consuming::Consuming;
use super::parked_queue::{ParkedQueuePublisher, ParkedQueueReporter};
use super::peer::Peer;
use super::preparation::{Preparation, heal};
use super::{SessionError, Stop, Stopped};
use crate::figures::{Figures, State};
use crate::lanes::Lane;
use crate::settings::{CarrySettings, PROGRAM, WorkerSettings};
use crate::side_client::{BuildError, SideClient};
use crate::topology::close_connection;
use crate::watching::{Retirement, Watcher};

/// The longest wait before the source is asked again for an offer, where RabbitMQ refuses to declare
/// the queue that it was for.
const MAX_WAIT_AFTER_REFUSAL: Duration = Duration::from_secs(600);

/// Carries the messages of a lane in one direction.
pub struct Carrier<L> {
    sessions: Sessions<L>,
    watcher: Watcher,
    retirement: Retirement,
}

/// The parts of a carrier that live through its sessions: one connection after another.
struct Sessions<L> {
    broker: BrokerSettings,
    settings: CarrySettings,
    preparation: Preparation,
    consuming: Consuming<L>,
    reporter: ParkedQueueReporter<L>,
    figures: Arc<Figures>,
    /// Notified when the watcher has replaced a queue, or another worker may have.
    replaced: Arc<Notify>,
    /// The number of times in a row that RabbitMQ refused to declare a missing queue.
    refusals: u32,
    stop: Stop,
}

impl<L: Lane> Carrier<L> {
    /// Creates a carrier for the direction of `figures`; `opposite` are those of the other one.
    pub fn new(
        lane: L,
        settings: &WorkerSettings,
        figures: Arc<Figures>,
        opposite: Arc<Figures>,
        stop: Stop,
    ) -> Result<Self, BuildError> {
        let (direction, sides) = (figures.direction, settings.sides());
        let source = SideClient::new(direction.from, &sides)?;
        let peer = Peer::new(lane.clone(), &sides, Arc::clone(&figures), stop.clone())?;
        let sessions =
            Sessions::new(lane, settings, source.clone(), peer, Arc::clone(&figures), stop);
        let replaced = Arc::clone(&sessions.replaced);
        let watcher =
            Watcher::new(settings, source.clone(), Arc::clone(&figures), opposite, replaced);
        let retirement = Retirement::new(settings, source, figures);
        Ok(Self { sessions, watcher, retirement })
    }

    /// Carries until asked to stop; meanwhile watches the queues, and deletes those of earlier
    /// generations.
    pub async fn run(self) {
        let Self { mut watcher, sessions, retirement } = self;
        tokio::select! {
            () = sessions.run() => {}
            never = watcher.run() => match never {},
            never = retirement.run() => match never {},
        }
    }
}

impl<L: Lane> Sessions<L> {
    fn new(
        lane: L,
        settings: &WorkerSettings,
        source: SideClient,
        peer: Peer<L>,
        figures: Arc<Figures>,
        stop: Stop,
    ) -> Self {
        let (direction, broker) = (figures.direction, settings.broker.clone());
        let (settings, reply_timeout) = (settings.carry.clone(), broker.reply_timeout);
        let reporter = ParkedQueueReporter {
            lane: lane.clone(),
            direction,
            source: source.clone(),
            settings: settings.clone(),
            reply_timeout,
            figures: Arc::clone(&figures),
        };
        let parking = format!("{} {direction} parking", PROGRAM.name);
        let consuming = Consuming {
            lane,
            direction,
            peer,
            source: source.clone(),
            parked_queue: ParkedQueuePublisher::new(broker.clone(), parking),
            settings: settings.clone(),
            reply_timeout,
            figures: Arc::clone(&figures),
            stop: stop.clone(),
        };
        let preparation =
            Preparation::new(source, settings.clone(), reply_timeout, Arc::clone(&figures));
        let (replaced, refusals) = (Arc::new(Notify::new()), 0);
        Self {
            broker,
            settings,
            preparation,
            consuming,
            reporter,
            figures,
            replaced,
            refusals,
            stop,
        }
    }

    /// Runs session after session, until asked to stop.
    async fn run(mut self) {
        let stop = self.stop.requested.clone();
        let mut failures = 0;
        while !stop.is_cancelled() {
            let started = Instant::now();
            let Err(error) = self.run_one().await else { break };
            self.figures.enter(State::Connecting(Some(error.to_string())));
            if started.elapsed() > self.settings.backoff_max {
                failures = 0;
            }
            let wait = match matches!(error, SessionError::NotDeclared(_)) {
                true => self.wait_after_refusal(),
                false => {
                    let (min, max) = (self.settings.backoff_min, self.settings.backoff_max);
                    backoff::wait(failures, min, max, fastrand::f64())
                }
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
    async fn run_one(&mut self) -> Result<Stopped, SessionError> {
        let stop = self.stop.requested.clone();
        let name = format!("{} {}", PROGRAM.name, self.figures.direction);
        let connecting = connect(&self.broker, &name);
        let Some(connection) = stop.run_until_cancelled(connecting).await else {
            return Ok(Stopped);
        };
        let connection = connection?;
        let outcome = self.prepare_and_consume(&connection).await;
        close_connection(&connection).await;
        outcome
    }

    async fn prepare_and_consume(
        &mut self,
        connection: &Connection,
    ) -> Result<Stopped, SessionError> {
        let stop = self.stop.requested.clone();
        let preparing = self.preparation.prepare(connection);
        let Some(prepared) = stop.run_until_cancelled(preparing).await else {
            return Ok(Stopped);
        };
        let topology = prepared?;
        self.refusals = 0;
        let parked_queue = topology.queues.parked_queue();
        let healing = heal(&topology, connection, &self.figures, self.settings.heal_interval);
        tokio::select! {
            outcome = self.consuming.run(connection, topology.queues) => outcome,
            error = healing => Err(error),
            () = self.replaced.notified() => Err(SessionError::Replaced),
            never = self.reporter.run(connection, &parked_queue) => match never {},
        }
    }

    fn wait_after_refusal(&mut self) -> Duration {
        let attempt = self.refusals;
        self.refusals += 1;
        let min = self.settings.backoff_max;
        backoff::wait(attempt, min, MAX_WAIT_AFTER_REFUSAL.max(min), fastrand::f64())
    }
}
