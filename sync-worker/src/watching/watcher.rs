//! Probes the queues of one direction again and again, and replaces a dead one.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use shared_models::names::QueueGeneration;
use tokio::sync::Notify;
use tokio::time::sleep;

use super::probe::Probe;
use super::replacing::{Outcome, Reason, Replacing};
use super::retiring::{NotRetired, Retiring};
use super::silence::{Silence, Verdict};
use crate::figures::{Figures, QueueState};
use crate::settings::{PROGRAM, WorkerSettings};
use crate::site_client::SiteClient;
use crate::topology::{QueueKind, Topology};

/// The pause before the queues of earlier generations are deleted again after a failure.
const NEXT_RETIREMENT: Duration = Duration::from_secs(60);

/// Watches the queues of one direction.
pub(crate) struct Watcher {
    reply_timeout: Duration,
    figures: Arc<Figures>,
    probe: Probe,
    replacing: Replacing,
    retiring: Retiring,
    silences: [Silence; 2],
    /// The generation that is watched.
    watched: Option<QueueGeneration>,
    /// The time to delete the queues of earlier generations; `None` if there are none left.
    retire_at: Option<Instant>,
    /// Notified when a queue was replaced.
    replaced: Arc<Notify>,
}

impl Watcher {
    pub(crate) fn new(
        settings: &WorkerSettings,
        source: SiteClient,
        figures: Arc<Figures>,
        replaced: Arc<Notify>,
    ) -> Self {
        let (broker, replace_after) = (&settings.broker, settings.carry.replace_queue_after);
        let name = |purpose| format!("{} {} {purpose}", PROGRAM.name, figures.direction);
        let retiring =
            Retiring { broker: broker.clone(), name: name("retiring"), source, offered: None };
        Self {
            reply_timeout: broker.reply_timeout,
            probe: Probe::new(broker.clone(), name("watching")),
            replacing: Replacing::new(broker.clone(), name("replacing")),
            retiring,
            silences: [Silence::new(replace_after); 2],
            watched: None,
            retire_at: None,
            replaced,
            figures,
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
                self.retire_at = queues.older().next().map(|_| Instant::now());
            }
            let topology = Topology::new(queues, self.reply_timeout);
            for (index, kind) in QueueKind::ALL.into_iter().enumerate() {
                self.look_at(&topology, kind, index).await;
            }
            self.retire(queues).await;
        }
    }

    async fn look_at(&mut self, topology: &Topology, kind: QueueKind, index: usize) {
        let (queue, asked) = (kind.name_in(topology.queues), Instant::now());
        let patience = self.silences[index].patience();
        let heard = self.probe.ask(topology, &queue, patience).await;
        let verdict = self.silences[index].heard(asked, Instant::now(), heard);
        self.figures.queue_is(kind, QueueState::of(verdict));
        match verdict {
            Verdict::Answers | Verdict::Silent(_) | Verdict::Unknown => return,
            Verdict::Dead(_) => {}
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

    async fn retire(&mut self, queues: QueueGeneration) {
        if self.retire_at.is_none_or(|at| Instant::now() < at) {
            return;
        }
        match self.retiring.retire(queues).await {
            Ok(()) => self.retire_at = None,
            // The queues of the generation in use are still to be made.
            Err(NotRetired::Broker(error)) if error.is_not_found() => {}
            Err(error) => {
                let direction = self.figures.direction.as_str();
                tracing::warn!(direction, %error, "queues of an earlier generation are left");
                self.retire_at = Some(Instant::now() + NEXT_RETIREMENT);
            }
        }
    }
}
