//! Probes of the queues of one direction: whether each answers, and whether others do meanwhile.
//!
//! RabbitMQ answers a declaration without asking the queue (3.10 does, within a moment, with a
//! count of zero), and a binding as well. So a message is fetched and given back: message order and
//! delivery counts mean nothing here.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join;
use lapin::options::BasicGetOptions;
use program_kit::broker::{BrokerError, BrokerSettings, Connection, connect, in_time};

use super::silence::{OtherQueues, ProbeResult, ProbeTimes};
use crate::figures::Figures;
use crate::settings::PROGRAM;
use crate::topology::{QueueKind, Topology, close_connection, is_internal};

/// The probes of one direction's queues.
pub(super) struct QueueProbes {
    figures: Arc<Figures>,
    /// The figures of the other direction, whose queues are probed at the same time.
    opposite: Arc<Figures>,
    /// A probe for each kind of queue: a queue without a process ends the connection on which it is
    /// probed, and with it every other request there.
    probes: [Probe; 2],
    times: ProbeTimes,
}

impl QueueProbes {
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

    /// Probes both queues at once; returns the results, by [`QueueKind::ALL`], and whether any queue
    /// of either direction answered promptly meanwhile.
    pub(super) async fn run(&mut self, topology: &Topology) -> ([ProbeResult; 2], OtherQueues) {
        // The other direction may have probed a moment before, and probes again after a pause.
        let since = Instant::now().checked_sub(self.times.interval());
        let [sync, parked] = &mut self.probes;
        let (times, figures) = (self.times, &*self.figures);
        let (sync, parked) = join(
            run_probe(sync, times, figures, topology, QueueKind::Sync),
            run_probe(parked, times, figures, topology, QueueKind::Parked),
        )
        .await;
        let directions = [figures, &*self.opposite];
        let answered =
            since.is_some_and(|at| directions.iter().any(|it| it.has_answered_since(at)));
        ([sync, parked], if answered { OtherQueues::Answering } else { OtherQueues::Silent })
    }
}

async fn run_probe(
    probe: &mut Probe,
    times: ProbeTimes,
    figures: &Figures,
    topology: &Topology,
    kind: QueueKind,
) -> ProbeResult {
    let sent = Instant::now();
    let result = probe.run(topology, &kind.name_in(topology.queues), times.timeout()).await;
    if result == ProbeResult::Answered && sent.elapsed() <= times.prompt() {
        figures.record_prompt_answer(kind, sent);
    }
    result
}

/// A client that probes a queue, on a connection of its own: a queue without a process makes
/// RabbitMQ close the connection on which a message is fetched.
struct Probe {
    broker: BrokerSettings,
    /// The connection's name in the management UI.
    name: String,
    open: Option<Connection>,
}

impl Probe {
    const fn new(broker: BrokerSettings, name: String) -> Self {
        Self { broker, name, open: None }
    }

    /// Probes a queue; if it does not answer in time, asks RabbitMQ for something that needs no
    /// queue.
    async fn run(&mut self, topology: &Topology, queue: &str, timeout: Duration) -> ProbeResult {
        let Ok(connection) = self.connection().await else { return ProbeResult::BrokerUnavailable };
        let result = match self.get(&connection, queue, timeout).await {
            Ok(result) => result,
            Err(error) => {
                tracing::debug!(%error, queue, "the queue cannot be probed");
                ProbeResult::BrokerUnavailable
            }
        };
        match result {
            ProbeResult::Answered | ProbeResult::Missing => {
                self.open = Some(connection);
                result
            }
            ProbeResult::BrokerUnavailable => {
                close_connection(&connection).await;
                ProbeResult::BrokerUnavailable
            }
            ProbeResult::Silent => {
                // Its channel waits for the queue; RabbitMQ closes it with the connection.
                close_connection(&connection).await;
                match self.broker_answers(topology).await {
                    Ok(()) => ProbeResult::Silent,
                    Err(_) => ProbeResult::BrokerUnavailable,
                }
            }
        }
    }

    async fn connection(&mut self) -> Result<Connection, BrokerError> {
        match self.open.take().filter(|connection| connection.status().connected()) {
            Some(connection) => Ok(connection),
            None => connect(&self.broker, &self.name).await,
        }
    }

    async fn get(
        &self,
        connection: &Connection,
        queue: &str,
        timeout: Duration,
    ) -> Result<ProbeResult, BrokerError> {
        let limit = self.broker.reply_timeout;
        let channel = in_time(limit, connection.create_channel()).await?;
        let getting = channel.basic_get(queue.into(), BasicGetOptions::default());
        match in_time(timeout, getting).await {
            // The message returns to the queue when the channel closes.
            Ok(_) => in_time(limit, channel.close(200, "done".into()))
                .await
                .map(|()| ProbeResult::Answered),
            Err(BrokerError::Timeout(_)) => Ok(ProbeResult::Silent),
            Err(error) if is_internal(&error) => Ok(ProbeResult::Silent),
            Err(error) if error.is_not_found() => Ok(ProbeResult::Missing),
            Err(error) => Err(error),
        }
    }

    async fn broker_answers(&mut self, topology: &Topology) -> Result<(), BrokerError> {
        let connection = self.connection().await?;
        topology.declare_exchange(&connection).await?;
        self.open = Some(connection);
        Ok(())
    }
}
