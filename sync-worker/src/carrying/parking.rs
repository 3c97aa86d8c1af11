//! Moves messages to the parked queue: a copy is published there with a confirm, so that the
//! original can be acknowledged.
//!
//! Publishing uses a connection of its own, opened when first needed: RabbitMQ blocks a connection
//! that has published while a memory alarm lasts, and the acknowledgements of the consuming
//! connection must go on meanwhile.

use std::time::Duration;

use futures_util::future::try_join_all;
use lapin::message::Delivery;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::types::{FieldTable, ShortString};
use lapin::{BasicProperties, Channel, Confirmation};
use program_kit::broker::{BrokerError, BrokerSettings, Connection, connect, in_time};
use thiserror::Error;

use crate::topology::goodbye;

/// `delivery_mode` of a message that survives a restart of RabbitMQ.
const PERSISTENT: u8 = 2;

/// The default exchange, which routes to the queue that the routing key names.
const DEFAULT_EXCHANGE: &str = "";

/// Headers by which RabbitMQ would send a copy somewhere else too.
const ROUTING_HEADERS: [&str; 2] = ["CC", "BCC"];

/// The error of messages that were not parked, or not all of them.
#[derive(Debug, Error)]
pub(super) enum NotParked {
    #[error("a change cannot be parked: {0}")]
    Broker(#[from] BrokerError),
    #[error("a change cannot be parked: there is no queue {0}")]
    Returned(String),
    #[error("a change cannot be parked: RabbitMQ refused it")]
    Refused,
}

/// A publisher to the parked queue of one direction.
pub(super) struct Parking {
    broker: BrokerSettings,
    /// The connection's name in the management UI.
    name: String,
    open: Option<Publisher>,
}

struct Publisher {
    connection: Connection,
    channel: Channel,
}

impl Parking {
    pub(super) const fn new(broker: BrokerSettings, name: String) -> Self {
        Self { broker, name, open: None }
    }

    /// Publishes a copy of each message to `queue`, and returns when RabbitMQ has confirmed all.
    /// After an error some of the copies may be in the queue nevertheless. A copy too many does no
    /// harm: the source knows each event that was reported to it.
    pub(super) async fn park(
        &mut self,
        queue: &str,
        messages: &[&Delivery],
    ) -> Result<(), NotParked> {
        if messages.is_empty() {
            return Ok(());
        }
        let publisher = match self.open.take().filter(Publisher::is_open) {
            Some(publisher) => publisher,
            None => Publisher::open(&self.broker, &self.name).await?,
        };
        match publisher.publish(queue, messages, self.broker.reply_timeout).await {
            Ok(()) => self.open = Some(publisher),
            Err(error) => {
                // A late confirm must not be taken for that of a later message.
                goodbye(&publisher.connection).await;
                return Err(error);
            }
        }
        Ok(())
    }
}

impl Publisher {
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
        messages: &[&Delivery],
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

    async fn copy(&self, queue: &str, message: &Delivery) -> lapin::Result<Confirmation> {
        let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
        let (exchange, key) = (DEFAULT_EXCHANGE.into(), queue.into());
        let properties = copied(&message.properties);
        let body = &message.data;
        self.channel.basic_publish(exchange, key, options, body, properties).await?.await
    }
}

/// The properties of the copy: the message's own, but for those by which RabbitMQ would refuse it,
/// forget it, or route it elsewhere.
fn copied(original: &BasicProperties) -> BasicProperties {
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
        copy = copy.with_headers(carried_on(headers));
    }
    copy
}

fn carried_on(headers: &FieldTable) -> FieldTable {
    let mut carried = FieldTable::default();
    for (name, value) in headers.inner() {
        if !ROUTING_HEADERS.contains(&name.as_str()) {
            carried.insert(name.clone(), value.clone());
        }
    }
    carried
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
            .with_type("order.updated".into())
            .with_app_id("store-svc".into())
            .with_timestamp(7);
        let original = kept.clone().with_delivery_mode(1).with_user_id("someone".into());
        let original = original.with_expiration("1".into());
        let original = original.with_headers(headers(&["origin", "CC", "BCC"]));
        let expected = kept.with_delivery_mode(PERSISTENT).with_headers(headers(&["origin"]));
        assert_eq!(copied(&original), expected);
    }
}
