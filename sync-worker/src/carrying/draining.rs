//! Reports the messages of the parked queue to their source. They are there only because the source
//! was away when they were parked, so this is retried without a warning.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicGetOptions};
use lapin::{Channel, Connection};
use program_kit::broker::in_time;
use shared_models::side::Direction;
use tokio::time::sleep;

use super::decide::{Decided, decide};
use super::obstacle::Obstacle;
use super::report::report;
use crate::figures::Figures;
use crate::settings::CarrySettings;
use crate::side_client::SideClient;

/// The parts that draining the parked queue of one direction needs, except the connection.
pub(super) struct Draining {
    pub(super) direction: Direction,
    pub(super) source: SideClient,
    pub(super) settings: CarrySettings,
    pub(super) reply_timeout: Duration,
    pub(super) figures: Arc<Figures>,
}

impl Draining {
    /// Drains every `heal_interval`. A broker that is away, or a queue that is gone, is handled
    /// elsewhere.
    pub(super) async fn run(&self, connection: &Connection, parked_queue: &str) -> Infallible {
        let direction = self.direction.as_str();
        loop {
            sleep(self.settings.heal_interval).await;
            if !self.figures.holds_parked() {
                continue;
            }
            match self.drain(connection, parked_queue).await {
                Ok(0) => {}
                Ok(count) => tracing::info!(direction, count, "its source was told what is parked"),
                Err(reason) => tracing::debug!(direction, reason, "its source is told later"),
            }
        }
    }

    /// Reports all messages of the queue to the source, and returns how many there were. A message
    /// that is taken out and given back counts as delivered, so the source is first asked whether
    /// it is ready.
    async fn drain(&self, connection: &Connection, queue: &str) -> Result<usize, String> {
        self.source.probe().await.map_err(|trouble| trouble.reason)?;
        let opened = in_time(self.reply_timeout, connection.create_channel()).await;
        let channel = opened.map_err(|error| error.to_string())?;
        let drained = self.drain_over(&channel, queue).await;
        // Unacknowledged messages return to the queue.
        let closed = in_time(self.reply_timeout, channel.close(200, "done".into())).await;
        let drained = drained?;
        closed.map(|()| drained).map_err(|error| error.to_string())
    }

    async fn drain_over(&self, channel: &Channel, queue: &str) -> Result<usize, String> {
        let mut drained = 0;
        loop {
            let messages = self.take_some(channel, queue).await?;
            let Some(last) = messages.last() else { return Ok(drained) };
            let parked = messages.iter().map(|it| (&*it.data, self.obstacle(&it.data)));
            self.source.report(report(self.direction.from, parked)).await?;
            let all = BasicAckOptions { multiple: true };
            let acknowledged = channel.basic_ack(last.delivery_tag, all);
            in_time(self.reply_timeout, acknowledged).await.map_err(|error| error.to_string())?;
            drained += messages.len();
        }
    }

    /// Takes as many messages as fit into one report.
    async fn take_some(&self, channel: &Channel, queue: &str) -> Result<Vec<Delivery>, String> {
        let (mut messages, mut bytes) = (vec![], 0);
        let (most, max_bytes) = (self.settings.max_changes.get(), self.settings.max_bytes.get());
        while messages.len() < most && bytes < max_bytes {
            let taking = channel.basic_get(queue.into(), BasicGetOptions::default());
            let taken = in_time(self.reply_timeout, taking).await;
            let Some(message) = taken.map_err(|error| error.to_string())? else { break };
            bytes += message.delivery.data.len();
            messages.push(message.delivery);
        }
        Ok(messages)
    }

    /// Returns why the message was parked, as far as its body shows; the original reason is in the
    /// log.
    fn obstacle(&self, body: &[u8]) -> Obstacle {
        match decide(self.direction.from, body) {
            Decided::Park(obstacle) => obstacle,
            Decided::Carry(_) | Decided::Drop(_) => Obstacle::passing(format!(
                "it was parked while the {} was away; the worker's log says why",
                self.direction.from
            )),
        }
    }
}
