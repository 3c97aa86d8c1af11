//! RabbitMQ alone: messages are published and consumed as fast as they go, through the exchange and
//! the queue of a direction, as safely as Lockstep does it.

use std::collections::VecDeque;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use futures_util::StreamExt as _;
use futures_util::future::try_join_all;
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions,
    ConfirmSelectOptions, QueuePurgeOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{
    BasicProperties, Channel, Confirmation, Connection, ConnectionProperties, PublisherConfirm,
};
use launcher::rabbitmq::User;
use shared_models::names::{ORIGIN_HEADER, exchange, queue};
use shared_models::side::Direction;
use uuid::Uuid;

use crate::world::World;

/// The number of messages that are published before the first of them is confirmed.
const IN_FLIGHT: usize = 2000;
/// The number of messages that are handed to the connection at once, as a relay does.
const BATCH: usize = 500;
/// The prefetch, as the worker has it.
const PREFETCH: u16 = 1000;
/// The number of messages that are acknowledged at once, less than the prefetch.
const AT_ONCE: usize = 250;
const PERSISTENT: u8 = 2;

/// Publishes and consumes these messages at the same time, and gives how many a second. Nobody else
/// consumes meanwhile.
pub async fn publish_and_consume(
    world: &World,
    direction: Direction,
    messages: Vec<String>,
) -> Result<f64> {
    let count = messages.len();
    // Each has a channel for as long as its connection: dropping the last handle to one closes it.
    let [(publishing, sender), (consuming, receiver)] = [open(world).await?, open(world).await?];
    let began = Instant::now();
    let publisher = tokio::spawn(publish(sender.clone(), direction, messages));
    let consumer = tokio::spawn(consume(receiver.clone(), direction, count));
    publisher.await??;
    consumer.await??;
    let took = began.elapsed();
    for connection in [publishing, consuming] {
        connection.close(200, "done".into()).await?;
    }
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let count = count as f64;
    Ok(count / took.as_secs_f64())
}

/// Empties the queue of a direction.
pub async fn purge(world: &World, direction: Direction) -> Result<()> {
    let (connection, channel) = open(world).await?;
    channel.queue_purge(queue(direction).into(), QueuePurgeOptions::default()).await?;
    Ok(connection.close(200, "done".into()).await?)
}

pub(super) async fn open(world: &World) -> Result<(Connection, Channel)> {
    let url = world.servers.rabbitmq.amqp_url(User::Lockstep);
    let connection = Connection::connect(&url, ConnectionProperties::default()).await?;
    let channel = connection.create_channel().await?;
    Ok((connection, channel))
}

async fn publish(channel: Channel, direction: Direction, messages: Vec<String>) -> Result<()> {
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    let mut in_flight = VecDeque::new();
    for portion in messages.chunks(BATCH) {
        while in_flight.len() + portion.len() > IN_FLIGHT {
            taken(&in_flight.pop_front().context("one in flight")?.await?)?;
        }
        let publishing = portion.iter().map(|message| publish_one(&channel, direction, message));
        in_flight.extend(try_join_all(publishing).await?);
    }
    for confirm in in_flight {
        taken(&confirm.await?)?;
    }
    Ok(())
}

/// Publishes one as a side does: persistent, and to come back where no queue takes it.
pub(super) async fn publish_one(
    channel: &Channel,
    direction: Direction,
    message: &str,
) -> lapin::Result<PublisherConfirm> {
    let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
    let (exchange, key) = (exchange(direction.from).into(), "order.updated".into());
    let properties = properties(direction);
    channel.basic_publish(exchange, key, options, message.as_bytes(), properties).await
}

/// A body as large as those of a side.
fn properties(direction: Direction) -> BasicProperties {
    let mut headers = FieldTable::default();
    let origin = AMQPValue::LongString(direction.from.as_str().into());
    headers.insert(ORIGIN_HEADER.into(), origin);
    BasicProperties::default()
        .with_delivery_mode(PERSISTENT)
        .with_content_type("application/json".into())
        .with_message_id(Uuid::now_v7().to_string().into())
        .with_type("order.updated".into())
        .with_app_id("bench".into())
        .with_timestamp(0)
        .with_headers(headers)
}

fn taken(confirmation: &Confirmation) -> Result<()> {
    ensure!(matches!(confirmation, Confirmation::Ack(None)), "RabbitMQ said {confirmation:?}");
    Ok(())
}

async fn consume(channel: Channel, direction: Direction, count: usize) -> Result<()> {
    channel.basic_qos(PREFETCH, BasicQosOptions::default()).await?;
    let (options, none) = (BasicConsumeOptions::default(), FieldTable::default());
    let consuming = channel.basic_consume(queue(direction).into(), "".into(), options, none);
    let mut consumer = consuming.await?;
    for number in 1..=count {
        let delivery = consumer.next().await.context("RabbitMQ hands out no more")??;
        if number % AT_ONCE == 0 || number == count {
            delivery.ack(BasicAckOptions { multiple: true }).await?;
        }
    }
    Ok(())
}
