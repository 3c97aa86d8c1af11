//! Probes the queues of one direction again and again, and replaces a dead one.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use futures_util::stream::{FuturesOrdered, FuturesUnordered};
use service_kit::settings::BrokerSettings;
use shared_models::names::QueueGeneration;
use tokio::sync::Notify;
use tokio::time::sleep;

use super::probe::Probe;
use super::replacing::{Outcome, Reason, Replacing};
use super::silence::{Heard, Others, Silence, Verdict};
use crate::figures::{Figures, QueueState};
use crate::settings::{PROGRAM, WorkerSettings};
use crate::site_client::SiteClient;
use crate::topology::{QueueKind, Topology};

/// Watches the queues of one direction.
pub(crate) struct Watcher {
    broker: BrokerSettings,
    figures: Arc<Figures>,
    /// The figures of the other direction, whose queues are asked if both of this one are silent.
    opposite: Arc<Figures>,
    source: SiteClient,
    probes: [Probe; 2],
    replacing: Replacing,
    silences: [Silence; 2],
    /// The generation that is watched.
    watched: Option<QueueGeneration>,
    /// Notified when a queue was replaced, or may have been.
    replaced: Arc<Notify>,
}

impl Watcher {
    pub(crate) fn new(
        settings: &WorkerSettings,
        source: SiteClient,
        figures: Arc<Figures>,
        opposite: Arc<Figures>,
        replaced: Arc<Notify>,
    ) -> Self {
        let (broker, replace_after) = (&settings.broker, settings.carry.replace_queue_after);
        let name = format!("{} {} replacing", PROGRAM.name, figures.direction);
        Self {
            broker: broker.clone(),
            probes: probes(broker, &figures),
            replacing: Replacing::new(broker.clone(), name),
            silences: [Silence::new(replace_after); 2],
            watched: None,
            source,
            replaced,
            figures,
            opposite,
        }
    }

    /// Watches for ever.
    pub(crate) async fn run(&mut self) -> Infallible {
        loop {
            sleep(self.silences[0].interval()).await;
            let Some(queues) = self.figures.queues_in_use() else { continue };
            if self.watched != Some(queues) {
                self.watched = Some(queues);
                self.silences.iter_mut().for_each(Silence::end);
            }
            self.look_at(&Topology::new(queues, self.broker.reply_timeout)).await;
        }
    }

    /// Asks both queues at once, and replaces those that are dead.
    async fn look_at(&mut self, topology: &Topology) {
        let (asked, patience) = (Instant::now(), self.silences[0].patience());
        let asking = asking(&mut self.probes, topology, patience);
        let heard = asking.collect::<FuturesOrdered<_>>().collect::<Vec<_>>().await;
        let others = match heard.contains(&Heard::Answer) {
            true => Others::Answer,
            false if heard.contains(&Heard::Silence) => self.ask_the_others(patience).await,
            false => Others::Silent,
        };
        let now = Instant::now();
        for (index, kind) in QueueKind::ALL.into_iter().enumerate() {
            let verdict = self.silences[index].heard(asked, now, heard[index], others);
            self.figures.queue_is(kind, QueueState::of(verdict));
            match verdict {
                Verdict::Answers
                | Verdict::Missing
                | Verdict::Silent(_)
                | Verdict::AllSilent(_)
                | Verdict::Unknown => {}
                // The session may consume from a queue that another worker has replaced.
                Verdict::AnswersAgain => self.replaced.notify_one(),
                Verdict::Dead(_) => self.replace(topology, kind, index).await,
            }
        }
    }

    /// Asks the queues of the other direction: whether at least one of them answers.
    async fn ask_the_others(&self, patience: Duration) -> Others {
        let Some(queues) = self.opposite.queues_in_use() else { return Others::Silent };
        let topology = Topology::new(queues, self.broker.reply_timeout);
        let mut probes = probes(&self.broker, &self.figures);
        let mut answers = asking(&mut probes, &topology, patience).collect::<FuturesUnordered<_>>();
        while let Some(heard) = answers.next().await {
            if heard == Heard::Answer {
                return Others::Answer;
            }
        }
        Others::Silent
    }

    async fn replace(&mut self, topology: &Topology, kind: QueueKind, index: usize) {
        let (queue, patience) = (kind.name_in(topology.queues), self.silences[index].patience());
        // Without a parked queue the whole direction waits for the source's offer.
        if kind == QueueKind::Parked
            && let Err(trouble) = self.source.probe().await
        {
            let (direction, reason) = (self.figures.direction.as_str(), trouble.reason);
            tracing::info!(direction, queue, reason, "replaced when its source is there");
            return;
        }
        let replacing = self.replacing.replace(topology, kind, Reason::Silent { patience }).await;
        let direction = self.figures.direction.as_str();
        match replacing {
            Ok(Outcome::Deleted | Outcome::NextGeneration) => {
                self.figures.queue_replaced(kind);
                self.silences[index].end();
                self.replaced.notify_one();
            }
            Ok(Outcome::NotNeeded) => {
                self.silences[index].end();
                self.replaced.notify_one();
            }
            Ok(Outcome::LeftToAnother) => {
                tracing::info!(direction, queue, "another worker is replacing a queue");
            }
            Err(error) => tracing::warn!(direction, queue, %error, "it cannot be replaced yet"),
        }
    }
}

/// Creates a probe for each kind of queue: a queue without a process ends the connection on which
/// it is asked, and with it every other question there.
fn probes(broker: &BrokerSettings, figures: &Figures) -> [Probe; 2] {
    QueueKind::ALL.map(|kind| {
        let (program, direction, kind) = (PROGRAM.name, figures.direction, kind.as_str());
        Probe::new(broker.clone(), format!("{program} {direction} watching {kind}"))
    })
}

/// Asks one queue of each kind, each with a probe of its own.
fn asking<'a>(
    probes: &'a mut [Probe; 2],
    topology: &'a Topology,
    patience: Duration,
) -> impl Iterator<Item = impl Future<Output = Heard> + 'a> {
    probes.iter_mut().zip(QueueKind::ALL).map(move |(probe, kind)| async move {
        probe.ask(topology, &kind.name_in(topology.queues), patience).await
    })
}
