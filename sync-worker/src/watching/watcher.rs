//! Probes the queues of one direction again and again, and replaces a dead one.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Instant;

use program_kit::broker::BrokerSettings;
use shared_models::names::QueueGeneration;
use tokio::sync::Notify;
use tokio::time::sleep;

use super::looking::Looking;
use super::replacing::{Outcome, Replacing, Way};
use super::silence::{Heard, Others, ProbeTimes, Silence, Verdict};
use crate::figures::{Figures, QueueState};
use crate::settings::{PROGRAM, WorkerSettings};
use crate::side_client::SideClient;
use crate::topology::{QueueKind, Topology, is_internal};

/// Watches the queues of one direction.
pub(crate) struct Watcher {
    broker: BrokerSettings,
    figures: Arc<Figures>,
    source: SideClient,
    looking: Looking,
    replacing: Replacing,
    times: ProbeTimes,
    silences: [Silence; 2],
    /// The ways of replacing them: one that RabbitMQ has failed to delete is left.
    ways: [Way; 2],
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
            looking: Looking::new(broker, times, Arc::clone(&figures), opposite),
            replacing: Replacing::new(broker.clone(), name),
            times,
            silences: [Silence::new(replace_after); 2],
            ways: [Way::Delete; 2],
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
                self.silences.iter_mut().for_each(Silence::end);
                self.ways = [Way::Delete; 2];
            }
            self.look_at(&Topology::new(queues, self.broker.reply_timeout)).await;
        }
    }

    /// Asks both queues at once, and replaces those that are dead.
    async fn look_at(&mut self, topology: &Topology) {
        let asked = Instant::now();
        let (heard, others) = self.looking.look_at(topology).await;
        let now = Instant::now();
        for (index, kind) in QueueKind::ALL.into_iter().enumerate() {
            let verdict = self.silences[index].heard(asked, now, heard[index], others);
            self.figures.queue_is(kind, QueueState::of(verdict));
            match verdict {
                Verdict::Answers | Verdict::Missing => self.ways[index] = Way::Delete,
                Verdict::Silent(_) | Verdict::AllSilent(_) | Verdict::Unknown => {}
                // The session may consume from a queue that another worker has replaced.
                Verdict::AnswersAgain => {
                    self.ways[index] = Way::Delete;
                    self.replaced.notify_one();
                }
                Verdict::Dead(_) => self.replace(topology, kind, others).await,
            }
        }
    }

    /// Replaces a dead queue; `before` is what other queues did when that was found.
    async fn replace(&mut self, topology: &Topology, kind: QueueKind, before: Others) {
        let queue = kind.name_in(topology.queues);
        // Without a parked queue the whole direction waits for the source's offer.
        if kind == QueueKind::Parked
            && let Err(trouble) = self.source.probe().await
        {
            let (direction, reason) = (self.figures.direction.as_str(), trouble.reason);
            tracing::info!(direction, queue, reason, "replaced when its source is there");
            return;
        }
        // Once more, now that no other worker replaces anything, and by the same rule.
        let (looking, index) = (&mut self.looking, kind as usize);
        // If that takes longer than its timeouts allow, this worker was stopped itself.
        let longest =
            self.times.patience() + 2 * self.broker.connect_timeout + 4 * self.broker.reply_timeout;
        let is_silent = async || {
            let asked = Instant::now();
            let (heard, others) = looking.look_at(topology).await;
            heard[index] == Heard::Silence
                && (others == before || others == Others::Answer)
                && asked.elapsed() <= longest
        };
        let way = self.ways[index];
        let replacing = self.replacing.replace(topology, kind, way, is_silent).await;
        let direction = self.figures.direction.as_str();
        match replacing {
            Ok(outcome @ (Outcome::Replaced | Outcome::NotNeeded)) => {
                match outcome {
                    Outcome::Replaced => {
                        self.figures.queue_replaced(kind);
                        self.silences[index].replaced();
                    }
                    Outcome::NotNeeded | Outcome::Locked => self.silences[index].end(),
                }
                self.ways[index] = Way::Delete;
                self.replaced.notify_one();
            }
            Ok(Outcome::Locked) => {
                tracing::info!(direction, queue, "another worker declares or replaces queues");
            }
            Err(error) => {
                tracing::warn!(direction, queue, %error, "it cannot be replaced yet");
                if is_internal(&error) {
                    self.ways[index] = Way::Leave;
                }
            }
        }
    }
}
