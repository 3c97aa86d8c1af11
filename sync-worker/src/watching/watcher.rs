//! The watcher of one direction's queues: probes them again and again, and replaces a dead one. It
//! only deletes a queue; the carrier then declares it anew, as a lost one.
//!
//! The queue is deleted *before* the source is asked for an offer: its absence then shows,
//! whichever process ends in between, that an offer is needed, and the offer covers what was in it,
//! even if the queue came to life a moment before. If it cannot be deleted either, the marker of
//! the next generation shows the same: that generation's queues are absent.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Instant;

use lapin::Connection;
use program_kit::broker::{BrokerError, BrokerSettings, connect};
use shared_models::names::QueueGeneration;
use tokio::sync::Notify;
use tokio::time::sleep;

use super::probe::QueueProbes;
use super::silence::{OtherQueues, ProbeResult, ProbeTimes, SilenceTracker, Verdict};
use crate::figures::{Figures, QueueState};
use crate::settings::{PROGRAM, WorkerSettings};
use crate::side_client::SideClient;
use crate::topology::{QueueKind, QueueLock, Topology, close_connection, is_internal};

/// Watches the queues of one direction.
pub(crate) struct Watcher {
    broker: BrokerSettings,
    figures: Arc<Figures>,
    source: SideClient,
    probes: QueueProbes,
    replacer: Replacer,
    times: ProbeTimes,
    silences: [SilenceTracker; 2],
    /// The methods of replacing them: a queue that RabbitMQ has failed to delete is abandoned.
    methods: [Method; 2],
    /// The generation that is watched.
    watched: Option<QueueGeneration>,
    /// Notified when a queue was replaced, or may have been.
    replaced: Arc<Notify>,
}

impl Watcher {
    pub(crate) fn new(
        settings: &WorkerSettings,
        source: SideClient,
        figures: Arc<Figures>,
        opposite: Arc<Figures>,
        replaced: Arc<Notify>,
    ) -> Self {
        let (broker, replace_after) = (&settings.broker, settings.carry.replace_queue_after);
        let times = ProbeTimes::new(replace_after);
        let name = format!("{} {} replacing", PROGRAM.name, figures.direction);
        Self {
            broker: broker.clone(),
            probes: QueueProbes::new(broker, times, Arc::clone(&figures), opposite),
            replacer: Replacer::new(broker.clone(), name),
            times,
            silences: [SilenceTracker::new(replace_after); 2],
            methods: [Method::Delete; 2],
            watched: None,
            source,
            replaced,
            figures,
        }
    }

    /// Watches for ever.
    pub(crate) async fn run(&mut self) -> Infallible {
        loop {
            sleep(self.times.interval()).await;
            let Some(queues) = self.figures.queues_in_use() else { continue };
            if self.watched != Some(queues) {
                self.watched = Some(queues);
                self.silences.iter_mut().for_each(SilenceTracker::reset);
                self.methods = [Method::Delete; 2];
            }
            self.check(&Topology::new(queues, self.broker.reply_timeout)).await;
        }
    }

    /// Probes both queues at once, and replaces those that are dead.
    async fn check(&mut self, topology: &Topology) {
        let sent = Instant::now();
        let (results, others) = self.probes.run(topology).await;
        let now = Instant::now();
        for (index, kind) in QueueKind::ALL.into_iter().enumerate() {
            let verdict = self.silences[index].record(sent, now, results[index], others);
            self.figures.set_queue_state(kind, QueueState::from(verdict));
            match verdict {
                Verdict::Answers | Verdict::Missing => self.methods[index] = Method::Delete,
                Verdict::Silent(_) | Verdict::AllSilent(_) | Verdict::Unknown => {}
                // The session may consume from a queue that another worker has replaced.
                Verdict::AnswersAgain => {
                    self.methods[index] = Method::Delete;
                    self.replaced.notify_one();
                }
                Verdict::Dead(_) => self.replace(topology, kind, others).await,
            }
        }
    }

    /// Replaces a dead queue; `before` is what other queues did when that was found.
    async fn replace(&mut self, topology: &Topology, kind: QueueKind, before: OtherQueues) {
        let queue = kind.name_in(topology.queues);
        // Without a parked queue the whole direction waits for the source's offer.
        if kind == QueueKind::Parked
            && let Err(unavailable) = self.source.probe().await
        {
            let (direction, reason) = (self.figures.direction.as_str(), unavailable.reason);
            tracing::info!(direction, queue, reason, "replaced when its source is available");
            return;
        }
        // Probed once more, now that no other worker replaces anything, and by the same rule.
        let (probes, index) = (&mut self.probes, kind as usize);
        // If that takes longer than its timeouts allow, this worker was stopped itself.
        let longest =
            self.times.timeout() + 2 * self.broker.connect_timeout + 4 * self.broker.reply_timeout;
        let is_silent = async || {
            let sent = Instant::now();
            let (results, others) = probes.run(topology).await;
            results[index] == ProbeResult::Silent
                && (others == before || others == OtherQueues::Answering)
                && sent.elapsed() <= longest
        };
        let method = self.methods[index];
        let replacing = self.replacer.replace(topology, kind, method, is_silent).await;
        let direction = self.figures.direction.as_str();
        match replacing {
            Ok(outcome @ (Outcome::Replaced | Outcome::NotNeeded)) => {
                match outcome {
                    Outcome::Replaced => {
                        self.figures.count_replacement(kind);
                        self.silences[index].replaced();
                    }
                    Outcome::NotNeeded | Outcome::Locked => self.silences[index].reset(),
                }
                self.methods[index] = Method::Delete;
                self.replaced.notify_one();
            }
            Ok(Outcome::Locked) => {
                tracing::info!(
                    direction,
                    queue,
                    "not replaced: another worker is declaring or replacing queues"
                );
            }
            Err(error) => {
                tracing::warn!(direction, queue, %error, "the queue cannot be replaced yet");
                if is_internal(&error) {
                    self.methods[index] = Method::Abandon;
                }
            }
        }
    }
}

/// The outcome of replacing a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// The queue is deleted, or another generation is in use.
    Replaced,
    /// The queue no longer needed replacing.
    NotNeeded,
    /// Another connection holds the lock: it declares queues, or replaces one.
    Locked,
}

/// The method of replacing a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Method {
    /// The queue is deleted; where that hangs, the next generation is put into use.
    Delete,
    /// The queue stays as it is, and the next generation is put into use.
    Abandon,
}

/// Replaces queues, on a connection of its own.
#[derive(Clone, Debug)]
struct Replacer {
    broker: BrokerSettings,
    /// The connection's name in the management UI.
    name: String,
}

impl Replacer {
    const fn new(broker: BrokerSettings, name: String) -> Self {
        Self { broker, name }
    }

    /// Replaces a queue that is still in use, if `is_needed` says so once the lock is held.
    async fn replace(
        &self,
        topology: &Topology,
        kind: QueueKind,
        method: Method,
        is_needed: impl AsyncFnOnce() -> bool,
    ) -> Result<Outcome, BrokerError> {
        let connection = connect(&self.broker, &self.name).await?;
        let outcome = self.replace_over(&connection, topology, kind, method, is_needed).await;
        // The lock goes with the connection.
        close_connection(&connection).await;
        outcome
    }

    async fn replace_over(
        &self,
        connection: &Connection,
        topology: &Topology,
        kind: QueueKind,
        method: Method,
        is_needed: impl AsyncFnOnce() -> bool,
    ) -> Result<Outcome, BrokerError> {
        let (direction, limit) = (topology.queues.direction, self.broker.reply_timeout);
        let Some(_lock) = QueueLock::take(connection, direction, limit).await? else {
            return Ok(Outcome::Locked);
        };
        if !topology.is_current(connection).await? || !is_needed().await {
            return Ok(Outcome::NotNeeded);
        }
        match method {
            Method::Delete => topology.discard(connection, kind).await?,
            Method::Abandon => drop(topology.begin_next(connection).await?),
        }
        Ok(Outcome::Replaced)
    }
}
