//! The parked queue of one direction. A change that cannot be carried must not hold up the others:
//! while its source does not accept the report, a copy is published there with a confirm, so that
//! the original can be acknowledged; later the copies are reported to the source.
//!
//! Publishing uses a connection of its own, opened when first needed: RabbitMQ blocks a connection
//! that has published while a memory alarm lasts, and the acknowledgements of the consuming
//! connection must go on meanwhile.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::try_join_all;
use lapin::message::Delivery as DeliveredMessage;
use lapin::options::{BasicAckOptions, BasicGetOptions, BasicPublishOptions, ConfirmSelectOptions};
use lapin::types::{FieldTable, ShortString};
use lapin::{BasicProperties, Channel, Confirmation};
use program_kit::broker::{BrokerError, BrokerSettings, Connection, connect, in_time};
use shared_models::side::Direction;
use tokio::time::sleep;

use super::NotParked;
use crate::figures::Figures;
use crate::lanes::{Decision, Lane, Obstacle};
use crate::settings::CarrySettings;
use crate::side_client::SideClient;
use crate::topology::close_connection;

/// `delivery_mode` of a message that survives a restart of RabbitMQ.
const PERSISTENT: u8 = 2;

/// The default exchange, which routes to the queue that the routing key names.
const DEFAULT_EXCHANGE: &str = "";

/// Headers by which RabbitMQ would send a copy somewhere else too.
const ROUTING_HEADERS: [&str; 2] = ["CC", "BCC"];

/// A publisher to the parked queue of one direction.
pub(super) struct ParkedQueuePublisher {
    broker: BrokerSettings,
    /// The connection's name in the management UI.
    name: String,
    open: Option<OpenPublisher>,
}

struct OpenPublisher {
    connection: Connection,
    channel: Channel,
}

impl ParkedQueuePublisher {
    pub(super) const fn new(broker: BrokerSettings, name: String) -> Self {
        Self { broker, name, open: None }
    }

    /// Publishes a copy of each message to `queue`, and returns when RabbitMQ has confirmed all.
    /// After an error some of the copies may be in the queue nevertheless. A copy too many does no
    /// harm: the source knows each event that was reported to it.
    pub(super) async fn publish(
        &mut self,
        queue: &str,
        messages: &[&DeliveredMessage],
    ) -> Result<(), NotParked> {
        let publisher = match self.open.take().filter(OpenPublisher::is_open) {
            Some(publisher) => publisher,
            None => OpenPublisher::open(&self.broker, &self.name).await?,
        };
        match publisher.publish(queue, messages, self.broker.reply_timeout).await {
            Ok(()) => self.open = Some(publisher),
            Err(error) => {
                // A late confirm must not be taken for that of a later message.
                close_connection(&publisher.connection).await;
                return Err(error);
            }
        }
        Ok(())
    }
}

impl OpenPublisher {
    async fn open(broker: &BrokerSettings, name: &str) -> Result<Self, BrokerError> {
        let connection = connect(broker, name).await?;
        let channel = in_time(broker.reply_timeout, connection.create_channel()).await?;
        let confirms = channel.confirm_select(ConfirmSelectOptions::default());
        in_time(broker.reply_timeout, confirms).await?;
        Ok(Self { connection, channel })
    }

    fn is_open(&self) -> bool {
        self.channel.status().connected()
    }

    async fn publish(
        &self,
        queue: &str,
        messages: &[&DeliveredMessage],
        limit: Duration,
    ) -> Result<(), NotParked> {
        let published = try_join_all(messages.iter().map(|message| self.copy(queue, message)));
        for confirmation in in_time(limit, published).await? {
            match confirmation {
                Confirmation::Ack(None) => {}
                Confirmation::Ack(Some(_)) => return Err(NotParked::Returned(queue.to_owned())),
                Confirmation::Nack(_) | Confirmation::NotRequested => {
                    return Err(NotParked::Refused);
                }
            }
        }
        Ok(())
    }

    async fn copy(&self, queue: &str, message: &DeliveredMessage) -> lapin::Result<Confirmation> {
        let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
        let (exchange, key) = (DEFAULT_EXCHANGE.into(), queue.into());
        let properties = properties_of_copy(&message.properties);
        let body = &message.data;
        self.channel.basic_publish(exchange, key, options, body, properties).await?.await
    }
}

/// Returns the properties of the copy: the message's own, except those by which RabbitMQ would refuse
/// it, discard it, or route it elsewhere.
fn properties_of_copy(original: &BasicProperties) -> BasicProperties {
    let mut copy = BasicProperties::default().with_delivery_mode(PERSISTENT);
    let mut text = |value: &Option<ShortString>,
                    with: fn(BasicProperties, ShortString) -> BasicProperties| {
        if let Some(value) = value {
            copy = with(std::mem::take(&mut copy), value.clone());
        }
    };
    text(original.content_type(), BasicProperties::with_content_type);
    text(original.content_encoding(), BasicProperties::with_content_encoding);
    text(original.correlation_id(), BasicProperties::with_correlation_id);
    text(original.message_id(), BasicProperties::with_message_id);
    text(original.kind(), BasicProperties::with_type);
    text(original.app_id(), BasicProperties::with_app_id);
    if let Some(timestamp) = original.timestamp() {
        copy = copy.with_timestamp(*timestamp);
    }
    if let Some(headers) = original.headers() {
        copy = copy.with_headers(without_routing(headers));
    }
    copy
}

fn without_routing(headers: &FieldTable) -> FieldTable {
    let mut kept = FieldTable::default();
    for (name, value) in headers.inner() {
        if !ROUTING_HEADERS.contains(&name.as_str()) {
            kept.insert(name.clone(), value.clone());
        }
    }
    kept
}

/// Reports the messages of the parked queue to their source. They are there only because the source
/// did not accept the report when they were parked, so this is retried without a warning.
pub(super) struct ParkedQueueReporter<L> {
    pub(super) lane: L,
    pub(super) direction: Direction,
    pub(super) source: SideClient,
    pub(super) settings: CarrySettings,
    pub(super) reply_timeout: Duration,
    pub(super) figures: Arc<Figures>,
}

impl<L: Lane> ParkedQueueReporter<L> {
    /// Reports every `heal_interval`. A broker that is unavailable, or a queue that is gone, is
    /// handled elsewhere.
    pub(super) async fn run(&self, connection: &Connection, queue: &str) -> Infallible {
        let direction = self.direction.as_str();
        loop {
            sleep(self.settings.heal_interval).await;
            if !self.figures.holds_parked() {
                continue;
            }
            match self.report_all(connection, queue).await {
                Ok(0) => {}
                Ok(count) => {
                    tracing::info!(direction, count, "reported the parked queue to the source");
                }
                Err(reason) => {
                    tracing::debug!(direction, reason, "the parked queue is reported later");
                }
            }
        }
    }

    /// Reports all messages of the queue to the source, and returns how many there were. A message
    /// that is taken out and given back counts as delivered, so the source's readiness is checked
    /// first.
    async fn report_all(&self, connection: &Connection, queue: &str) -> Result<usize, String> {
        self.source.probe().await.map_err(|unavailable| unavailable.reason)?;
        let opened = in_time(self.reply_timeout, connection.create_channel()).await;
        let channel = opened.map_err(|error| error.to_string())?;
        let reported = self.report_over(&channel, queue).await;
        // Unacknowledged messages return to the queue.
        let closed = in_time(self.reply_timeout, channel.close(200, "done".into())).await;
        let reported = reported?;
        closed.map(|()| reported).map_err(|error| error.to_string())
    }

    async fn report_over(&self, channel: &Channel, queue: &str) -> Result<usize, String> {
        let mut reported = 0;
        loop {
            let messages = self.take_some(channel, queue).await?;
            let Some(last) = messages.last() else { return Ok(reported) };
            let obstacles: Vec<_> = messages.iter().map(|it| self.obstacle(&it.data)).collect();
            let parked = messages.iter().map(|it| &*it.data).zip(&obstacles);
            self.source.report(self.lane.report(parked)).await?;
            let all = BasicAckOptions { multiple: true };
            let acknowledged = channel.basic_ack(last.delivery_tag, all);
            in_time(self.reply_timeout, acknowledged).await.map_err(|error| error.to_string())?;
            reported += messages.len();
        }
    }

    /// Takes as many messages as fit into one report.
    async fn take_some(
        &self,
        channel: &Channel,
        queue: &str,
    ) -> Result<Vec<DeliveredMessage>, String> {
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

    /// Returns the reason why the message was parked, as far as its body shows; the original reason
    /// is in the log.
    fn obstacle(&self, body: &[u8]) -> Obstacle {
        match self.lane.interpret(body) {
            Decision::Park(obstacle) => obstacle,
            Decision::Send(_) | Decision::Drop(_) => Obstacle::passing(format!(
                "it was parked while the {} was away; the reason is in the worker's log",
                self.direction.from
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use lapin::types::AMQPValue;

    use super::*;

    #[test]
    fn a_copy_has_the_properties_of_its_original_but_not_those_that_could_stop_it() {
        let headers = |names: &[&str]| {
            let mut headers = FieldTable::default();
            for name in names {
                headers.insert((*name).into(), AMQPValue::LongString("store".into()));
            }
            headers
        };
        let kept = BasicProperties::default()
            .with_content_type("application/json".into())
            .with_content_encoding("identity".into())
            .with_correlation_id("1".into())
            .with_message_id("2".into())
            .with_type("record.updated".into())
            .with_app_id("store-svc".into())
            .with_timestamp(7);
        let original = kept.clone().with_delivery_mode(1).with_user_id("someone".into());
        let original = original.with_expiration("1".into());
        let original = original.with_headers(headers(&["origin", "CC", "BCC"]));
        let expected = kept.with_delivery_mode(PERSISTENT).with_headers(headers(&["origin"]));
        assert_eq!(properties_of_copy(&original), expected);
    }
}
