//! A look at the queues of a direction: what each answers, and whether others answer meanwhile.

use std::sync::Arc;
use std::time::Instant;

use futures_util::future::join;
use program_kit::broker::BrokerSettings;

use super::probe::Probe;
use super::silence::{Heard, Others, ProbeTimes};
use crate::figures::Figures;
use crate::settings::PROGRAM;
use crate::topology::{QueueKind, Topology};

/// Looks at the queues of one direction.
pub(super) struct Looking {
    figures: Arc<Figures>,
    /// The figures of the other direction, whose queues are asked at the same time.
    opposite: Arc<Figures>,
    /// A probe for each kind of queue: a queue without a process ends the connection on which it is
    /// asked, and with it every other question there.
    probes: [Probe; 2],
    times: ProbeTimes,
}

impl Looking {
    pub(super) fn new(
        broker: &BrokerSettings,
        times: ProbeTimes,
        figures: Arc<Figures>,
        opposite: Arc<Figures>,
    ) -> Self {
        let probes = QueueKind::ALL.map(|kind| {
            let (program, direction, kind) = (PROGRAM.name, figures.direction, kind.as_str());
            Probe::new(broker.clone(), format!("{program} {direction} watching {kind}"))
        });
        Self { figures, opposite, probes, times }
    }

    /// Asks both queues at once; returns what was heard of each, in the order of
    /// [`QueueKind::ALL`], and whether any queue of either direction answered promptly meanwhile.
    pub(super) async fn look_at(&mut self, topology: &Topology) -> ([Heard; 2], Others) {
        // The other direction may have asked a moment before, and asks again after a pause.
        let since = Instant::now().checked_sub(self.times.interval());
        let [sync, parked] = &mut self.probes;
        let (times, figures) = (self.times, &*self.figures);
        let (sync, parked) = join(
            ask(sync, times, figures, topology, QueueKind::Sync),
            ask(parked, times, figures, topology, QueueKind::Parked),
        )
        .await;
        let directions = [figures, &*self.opposite];
        let answered =
            since.is_some_and(|at| directions.iter().any(|it| it.has_answered_since(at)));
        ([sync, parked], if answered { Others::Answer } else { Others::Silent })
    }
}

async fn ask(
    probe: &mut Probe,
    times: ProbeTimes,
    figures: &Figures,
    topology: &Topology,
    kind: QueueKind,
) -> Heard {
    let asked = Instant::now();
    let heard = probe.ask(topology, &kind.name_in(topology.queues), times.patience()).await;
    if heard == Heard::Answer && asked.elapsed() <= times.prompt() {
        figures.queue_answered(kind, asked);
    }
    heard
}
