//! Publishing with confirms.

use std::fmt;
use std::time::Duration;

use futures_util::future::join_all;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, PublisherConfirm};
use program_kit::broker::{Blocking, BrokerError, Connection, connect, in_time};
use program_kit::telemetry::trace::Span;
use shared_models::names::{ORIGIN_HEADER, exchange};
use shared_models::trace::{TRACEPARENT, TraceContext};
use thiserror::Error;
use tokio::time::timeout;

use super::RelayOptions;
use super::answers::Message;
use super::in_flight::PublishedBatch;
use super::lease::Pending;
use crate::resource::Resources;

/// `delivery_mode` of a message that survives a restart of RabbitMQ.
const PERSISTENT: u8 = 2;

/// The error of publishing.
#[derive(Debug, Error)]
pub(super) enum PublishError {
    #[error("{0}")]
    Broker(#[from] BrokerError),
    #[error("RabbitMQ has no exchange {0}; the sync worker creates it when it runs")]
    NoExchange(&'static str),
    #[error("RabbitMQ did not confirm within {0:?}")]
    NotConfirmed(Duration),
}

/// A channel to publish on.
pub(super) struct Publisher {
    connection: Connection,
    channel: Channel,
    blocking: Blocking,
    exchange: &'static str,
    app_id: &'static str,
    resources: Resources,
}

impl PublishError {
    /// Replaces the error by its cause: RabbitMQ closes a channel that publishes to a missing
    /// exchange.
    pub(super) fn about(self, exchange: &'static str) -> Self {
        match self {
            Self::Broker(error) if error.is_not_found() => Self::NoExchange(exchange),
            Self::Broker(_) | Self::NoExchange(_) | Self::NotConfirmed(_) => self,
        }
    }
}

impl Publisher {
    /// Connects. The worker owns the exchange; RabbitMQ reports a missing one when something is
    /// published. (4.2.6 and 4.3.0 do not let a user ask who may not configure it.)
    pub(super) async fn connect(options: &RelayOptions) -> Result<Self, PublishError> {
        let limit = options.broker.reply_timeout;
        let connection = connect(&options.broker, &format!("{} relay", options.name)).await?;
        let channel = in_time(limit, connection.create_channel()).await?;
        in_time(limit, channel.confirm_select(ConfirmSelectOptions::default())).await?;
        let (blocking, exchange) = (Blocking::of(&connection), exchange(options.side));
        let (app_id, resources) = (options.name, options.resources.clone());
        Ok(Self { connection, channel, blocking, exchange, app_id, resources })
    }

    /// Returns whether RabbitMQ has closed the channel or the connection.
    pub(super) fn is_closed(&self) -> bool {
        !self.channel.status().connected()
    }

    /// Returns RabbitMQ's reason, if it takes no messages now.
    pub(super) fn blocked(&mut self) -> Option<String> {
        self.blocking.reason().map(str::to_owned)
    }

    /// Waits until RabbitMQ blocks the connection.
    pub(super) async fn blocks(&mut self) {
        self.blocking.begins().await;
    }

    /// Creates an in-flight batch of these changes, which starts when it is first awaited.
    pub(super) fn publish(&self, mut pending: Vec<Pending>, limit: Duration) -> PublishedBatch {
        let spans = pending.iter_mut().filter_map(|change| begin_span(change, self.exchange));
        let spans = spans.collect();
        let message = |change: &Pending| Message { seq: change.seq, id: change.event_id };
        let messages = pending.iter().map(message).collect();
        let (channel, exchange, app_id) = (self.channel.clone(), self.exchange, self.app_id);
        let resources = self.resources.clone();
        // Each future resolves when lapin's thread has written the message: awaited one by one, the
        // two threads would wake each other for every message, and RabbitMQ would get each by
        // itself.
        let writing = async move {
            let publishing = pending.iter().map(|change| {
                let mandatory = resources.must_arrive(&change.resource);
                publish(&channel, exchange, app_id, mandatory, change)
            });
            join_all(publishing).await
        };
        let connection = self.connection.status().clone();
        PublishedBatch::new(messages, writing, limit, connection).traced(spans)
    }

    /// Closes the connection, so that RabbitMQ does not have to detect its end.
    pub(super) async fn close(self) {
        // On a blocked connection nothing is sent.
        if self.blocking.is_on() {
            return;
        }
        let closing = self.connection.close(200, "the service is stopping".into());
        if timeout(Duration::from_secs(1), closing).await.is_err() {
            tracing::debug!("RabbitMQ did not confirm in time that the connection is closed");
        }
    }
}

/// Begins the span of publishing a change, if it is traced; what follows from the message belongs to
/// that span.
fn begin_span(change: &mut Pending, exchange: &'static str) -> Option<Span> {
    let cause = change.trace.take()?.parse::<TraceContext>().ok()?;
    let mut span = Span::producer("publish", Some(cause));
    change.trace = span.context().map(|context| context.to_string());
    if !span.is_recorded() {
        return None;
    }
    span.rename(|| format!("publish {exchange}"));
    span.set("messaging.system", "rabbitmq");
    span.set("messaging.destination.name", exchange);
    span.set("messaging.rabbitmq.destination.routing_key", change.kind.clone());
    span.set("messaging.message.id", change.event_id.to_string());
    Some(span)
}

async fn publish(
    channel: &Channel,
    exchange: &'static str,
    app_id: &'static str,
    mandatory: bool,
    change: &Pending,
) -> lapin::Result<PublisherConfirm> {
    let mut headers = FieldTable::default();
    let origin = AMQPValue::LongString(change.origin.as_str().into());
    headers.insert(ORIGIN_HEADER.into(), origin);
    if let Some(trace) = &change.trace {
        headers.insert(TRACEPARENT.into(), AMQPValue::LongString(trace.as_str().into()));
    }
    let properties = BasicProperties::default()
        .with_delivery_mode(PERSISTENT)
        .with_content_type("application/json".into())
        .with_message_id(change.event_id.to_string().into())
        .with_type(change.kind.as_str().into())
        .with_app_id(app_id.into())
        .with_timestamp(change.at.timestamp().try_into().unwrap_or_default())
        .with_headers(headers);
    // Mandatory: without a bound queue, the message is returned instead of being lost.
    let options = BasicPublishOptions { mandatory, ..BasicPublishOptions::default() };
    let (exchange, key) = (exchange.into(), change.kind.as_str().into());
    channel.basic_publish(exchange, key, options, change.body.as_bytes(), properties).await
}

impl fmt::Debug for Publisher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Publisher").field("exchange", &self.exchange).finish_non_exhaustive()
    }
}
