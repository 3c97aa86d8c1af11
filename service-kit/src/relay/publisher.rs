//! Publishing with confirms.

use std::collections::HashSet;
use std::fmt;
use std::time::Duration;

use futures_util::future::try_join_all;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions, ExchangeDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, Confirmation, Connection, ExchangeKind, PublisherConfirm};
use shared_models::names::{ORIGIN_HEADER, exchange};
use shared_models::unguarded::Guard;
use thiserror::Error;
use tokio::time::{Instant, timeout, timeout_at};
use uuid::Uuid;

use super::RelayOptions;
use super::flights::Flight;
use super::lease::Waiting;
use crate::broker::{BrokerError, connect, in_time};

/// `delivery_mode` of a message that survives a restart of RabbitMQ.
const PERSISTENT: u8 = 2;

/// Why nothing could be published.
#[derive(Debug, Error)]
pub(super) enum PublishError {
    #[error("{0}")]
    Broker(#[from] BrokerError),
    #[error("RabbitMQ has no exchange {0} yet; the sync worker makes it")]
    NoExchange(&'static str),
    #[error("RabbitMQ did not confirm within {0:?}")]
    NotConfirmed(Duration),
}

/// A channel to publish on.
pub(super) struct Publisher {
    connection: Connection,
    channel: Channel,
    exchange: &'static str,
    app_id: &'static str,
}

/// What became of a batch.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Sent {
    /// RabbitMQ has these, in a queue.
    pub(super) confirmed: Vec<i64>,
    /// For so many it has no queue.
    pub(super) returned: usize,
    /// So many it did not take.
    pub(super) refused: usize,
}

impl Publisher {
    /// Connects. The worker owns the exchange, so it is only asked for.
    pub(super) async fn connect(options: &RelayOptions) -> Result<Self, PublishError> {
        let limit = options.broker.reply_timeout;
        let connection = connect(&options.broker, &format!("{} relay", options.name)).await?;
        let channel = in_time(limit, connection.create_channel()).await?;
        let exchange = exchange(options.site);
        let ask = ExchangeDeclareOptions { passive: true, ..ExchangeDeclareOptions::default() };
        let none = FieldTable::default();
        let asked = channel.exchange_declare(exchange.into(), ExchangeKind::Topic, ask, none);
        in_time(limit, asked).await.map_err(|error| match error.is_not_found() {
            true => PublishError::NoExchange(exchange),
            false => error.into(),
        })?;
        in_time(limit, channel.confirm_select(ConfirmSelectOptions::default())).await?;
        Ok(Self { connection, channel, exchange, app_id: options.name })
    }

    /// Whether RabbitMQ has closed the channel or the connection.
    pub(super) fn is_closed(&self) -> bool {
        !self.channel.status().connected()
    }

    /// Publishes all. What comes back tells of every confirm.
    pub(super) async fn publish(
        &self,
        waiting: Vec<Waiting>,
        limit: Duration,
    ) -> Result<Flight, PublishError> {
        let began = Instant::now();
        // Each is done when lapin's thread has written it: one after the other, the two threads would
        // wake each other for every message, and RabbitMQ would get each by itself.
        let publishing = try_join_all(waiting.iter().map(|change| self.publish_one(change)));
        let confirms = match timeout_at(began + limit, publishing).await {
            Ok(confirms) => confirms.map_err(BrokerError::from)?,
            Err(_) => return Err(PublishError::NotConfirmed(limit)),
        };
        let messages =
            waiting.iter().map(|change| Message { seq: change.seq, id: change.event_id });
        let messages = messages.collect::<Vec<_>>();
        let seqs = messages.iter().map(|message| message.seq).collect();
        Ok(Flight::new(seqs, async move {
            match timeout_at(began + limit, confirmations(confirms)).await {
                Ok(Ok(confirmations)) => Ok(sort_out(&messages, confirmations)),
                Ok(Err(error)) => Err(BrokerError::from(error).into()),
                Err(_) => Err(PublishError::NotConfirmed(limit)),
            }
        }))
    }

    async fn publish_one(&self, change: &Waiting) -> lapin::Result<PublisherConfirm> {
        let mut headers = FieldTable::default();
        let origin = AMQPValue::LongString(change.origin.as_str().into());
        headers.insert(ORIGIN_HEADER.into(), origin);
        let properties = BasicProperties::default()
            .with_delivery_mode(PERSISTENT)
            .with_content_type("application/json".into())
            .with_message_id(change.event_id.to_string().into())
            .with_type(change.kind.as_str().into())
            .with_app_id(self.app_id.into())
            .with_timestamp(change.at.timestamp().try_into().unwrap_or_default())
            .with_headers(headers);
        // Mandatory: where no queue is bound, the message comes back instead of being lost.
        let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
        let (exchange, key) = (self.exchange.into(), change.kind.as_str().into());
        self.channel.basic_publish(exchange, key, options, change.body.as_bytes(), properties).await
    }

    /// Says goodbye, so that RabbitMQ does not have to find out.
    pub(super) async fn close(self) {
        let closing = self.connection.close(200, "the service stops".into());
        if timeout(Duration::from_secs(1), closing).await.is_err() {
            tracing::debug!("RabbitMQ did not answer to the goodbye");
        }
    }
}

/// What is kept of a message until it is confirmed.
struct Message {
    seq: i64,
    id: Uuid,
}

async fn confirmations(confirms: Vec<PublisherConfirm>) -> lapin::Result<Vec<Confirmation>> {
    if Guard::Confirms.is_off() {
        return Ok(confirms.iter().map(|_| Confirmation::Ack(None)).collect());
    }
    let mut confirmations = Vec::with_capacity(confirms.len());
    for confirm in confirms {
        confirmations.push(confirm.await?);
    }
    Ok(confirmations)
}

/// A returned message may come with another's confirm, so what was returned is told by its id.
fn sort_out(messages: &[Message], confirmations: Vec<Confirmation>) -> Sent {
    let (mut acknowledged, mut returned) = (vec![], HashSet::new());
    for (message, confirmation) in messages.iter().zip(confirmations) {
        let (taken, came_back) = match confirmation {
            Confirmation::Ack(came_back) => (true, came_back),
            Confirmation::Nack(came_back) => (false, came_back),
            Confirmation::NotRequested => (false, None),
        };
        if taken {
            acknowledged.push(message);
        }
        if let Some(message) = came_back {
            let id = message.delivery.properties.message_id();
            returned.extend(id.as_ref().and_then(|id| id.as_str().parse::<Uuid>().ok()));
        }
    }
    let refused = messages.len() - acknowledged.len();
    acknowledged.retain(|message| !returned.contains(&message.id));
    Sent {
        confirmed: acknowledged.iter().map(|message| message.seq).collect(),
        returned: returned.len(),
        refused,
    }
}

impl fmt::Debug for Publisher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Publisher").field("exchange", &self.exchange).finish_non_exhaustive()
    }
}
