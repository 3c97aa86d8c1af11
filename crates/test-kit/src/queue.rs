//! The broker's side of the store's relay: the exchange, the queue and its messages.

use lapin::ExchangeKind;
use lapin::message::BasicGetMessage;
use lapin::options::{
    BasicGetOptions, ExchangeDeclareOptions, ExchangeDeleteOptions, QueueBindOptions,
    QueueDeclareOptions,
};
use lapin::types::FieldTable;
use serde_json::Value;
use shared_models::names::{self, exchange};
use shared_models::side::{Direction, Side};

use super::{TestBroker, TestService, eventually};

/// The queue of what the store publishes.
pub const QUEUE: &str = names::queue(Direction { from: Side::Store });
const EXCHANGE: &str = exchange(Side::Store);

/// Declares the store's exchange.
pub async fn declare_exchange(broker: &TestBroker) {
    declare_exchange_of(broker, Side::Store).await;
}

/// Declares the exchange of a side.
pub async fn declare_exchange_of(broker: &TestBroker, side: Side) {
    let options = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
    let (channel, none, name) = (broker.channel().await, FieldTable::default(), exchange(side));
    let declared = channel.exchange_declare(name.into(), ExchangeKind::Topic, options, none);
    declared.await.unwrap();
}

/// Deletes the store's exchange.
pub async fn delete_exchange(broker: &TestBroker) {
    let options = ExchangeDeleteOptions::default();
    broker.channel().await.exchange_delete(EXCHANGE.into(), options).await.unwrap();
}

/// Declares the store's queue and binds it to what matches `key`.
pub async fn bind(broker: &TestBroker, key: &str) {
    bind_to(broker, Side::Store, QUEUE, key).await;
}

/// Declares a queue and binds it to what a side publishes and matches `key`.
pub async fn bind_to(broker: &TestBroker, side: Side, queue: &str, key: &str) {
    let (channel, none) = (broker.channel().await, FieldTable::default());
    let options = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    channel.queue_declare(queue.into(), options, none.clone()).await.unwrap();
    let (options, exchange) = (QueueBindOptions::default(), exchange(side));
    channel.queue_bind(queue.into(), exchange.into(), key.into(), options, none).await.unwrap();
}

/// Creates a broker with everything that the relay needs to publish what matches `key`.
pub async fn bound_broker(key: &str) -> TestBroker {
    let broker = TestBroker::new().await;
    declare_exchange(&broker).await;
    bind(&broker, key).await;
    broker
}

/// Takes all messages that are in the queue.
pub async fn take_all(broker: &TestBroker) -> Vec<BasicGetMessage> {
    let (channel, mut messages) = (broker.channel().await, vec![]);
    let options = BasicGetOptions { no_ack: true };
    while let Some(message) = channel.basic_get(QUEUE.into(), options).await.unwrap() {
        messages.push(message);
    }
    messages
}

/// Returns the event of a message.
#[must_use]
pub fn body(message: &BasicGetMessage) -> Value {
    serde_json::from_slice(&message.delivery.data).unwrap()
}

/// Waits until nothing waits to be published, as long as it becomes less.
pub async fn published(service: &TestService) {
    // Offers first: a step of one moves records from there to the outbox, never back.
    let waiting =
        async || service.database.count("offers").await + service.database.count("outbox").await;
    let mut left = waiting().await;
    while left > 0 {
        let fewer = async || Some(waiting().await).filter(|waiting| *waiting < left);
        left = eventually("less waits to be published", fewer).await;
    }
}

/// Waits until readiness reports this state of the relay; returns the detail.
pub async fn told_state(service: &TestService, state: &str) -> Value {
    eventually(&format!("the broker is told to be {state}"), async || {
        let answer = service.client.get("/health/ready").await;
        let broker = &answer["parts"]["broker"];
        (broker["state"] == state).then(|| broker["detail"].clone())
    })
    .await
}
