//! The permissions that the programs' users do not have at RabbitMQ. Those that they need, all
//! other tests show: their programs run as them.

use lapin::options::{
    BasicConsumeOptions, BasicGetOptions, BasicPublishOptions, ConfirmSelectOptions,
    ExchangeBindOptions, ExchangeDeclareOptions, ExchangeDeleteOptions, QueueBindOptions,
    QueueDeclareOptions, QueueDeleteOptions, QueuePurgeOptions,
};
use lapin::protocol::{AMQPErrorKind, AMQPSoftError};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, ErrorKind, ExchangeKind};
use program_kit::broker::{Connection, connect};
use test_kit::queue::QUEUE;
use test_kit::{BrokerUser, TestBroker};

use crate::side::bound_broker;

const OTHERS_QUEUE: &str = "sync.warehouse-to-store";

/// An action that a user tries.
#[derive(Clone, Copy, Debug)]
enum Deed {
    DeclareExchange(&'static str),
    DeleteExchange(&'static str),
    DeclareQueue(&'static str),
    /// The names of the queue and of its dead-letter exchange.
    DeclareQueueThatParksIn(&'static str, &'static str),
    DeleteQueue(&'static str),
    Purge(&'static str),
    Bind(&'static str, &'static str),
    BindExchange(&'static str, &'static str),
    Consume(&'static str),
    Get(&'static str),
    Publish(&'static str, &'static str),
}

async fn try_to(channel: &Channel, deed: Deed) -> lapin::Result<()> {
    let none = FieldTable::default();
    match deed {
        Deed::DeclareExchange(name) => {
            let options = ExchangeDeclareOptions::default();
            channel.exchange_declare(name.into(), ExchangeKind::Topic, options, none).await
        }
        Deed::DeleteExchange(name) => {
            channel.exchange_delete(name.into(), ExchangeDeleteOptions::default()).await
        }
        Deed::DeclareQueue(name) => {
            let options = QueueDeclareOptions::default();
            channel.queue_declare(name.into(), options, none).await.map(drop)
        }
        Deed::DeclareQueueThatParksIn(name, exchange) => {
            let (options, mut arguments) = (QueueDeclareOptions::default(), none);
            let exchange = AMQPValue::LongString(exchange.into());
            arguments.insert("x-dead-letter-exchange".into(), exchange);
            channel.queue_declare(name.into(), options, arguments).await.map(drop)
        }
        Deed::DeleteQueue(name) => {
            channel.queue_delete(name.into(), QueueDeleteOptions::default()).await.map(drop)
        }
        Deed::Purge(name) => {
            channel.queue_purge(name.into(), QueuePurgeOptions::default()).await.map(drop)
        }
        Deed::Bind(queue, exchange) => {
            let options = QueueBindOptions::default();
            channel.queue_bind(queue.into(), exchange.into(), "#".into(), options, none).await
        }
        Deed::BindExchange(to, from) => {
            let options = ExchangeBindOptions::default();
            channel.exchange_bind(to.into(), from.into(), "#".into(), options, none).await
        }
        Deed::Consume(queue) => {
            let options = BasicConsumeOptions::default();
            channel.basic_consume(queue.into(), "test".into(), options, none).await.map(drop)
        }
        Deed::Get(queue) => {
            channel.basic_get(queue.into(), BasicGetOptions::default()).await.map(drop)
        }
        Deed::Publish(exchange, key) => {
            channel.confirm_select(ConfirmSelectOptions::default()).await?;
            let (options, properties) = Default::default();
            publish(channel, exchange, key, options, properties).await
        }
    }
}

async fn publish(
    channel: &Channel,
    exchange: &str,
    key: &str,
    options: BasicPublishOptions,
    properties: BasicProperties,
) -> lapin::Result<()> {
    let (exchange, key) = (exchange.into(), key.into());
    channel.basic_publish(exchange, key, options, b"sneaky", properties).await?.await.map(drop)
}

async fn enter(broker: &TestBroker, user: BrokerUser) -> Connection {
    connect(&broker.settings(user), "test").await.unwrap()
}

async fn is_refused(connection: &Connection, deed: Deed) {
    // A refusal closes the channel.
    let channel = connection.create_channel().await.unwrap();
    let error = try_to(&channel, deed).await.expect_err(&format!("it may {deed:?}"));
    let refused = matches!(
        error.kind(),
        ErrorKind::ProtocolError(refusal)
            if *refusal.kind() == AMQPErrorKind::Soft(AMQPSoftError::ACCESSREFUSED)
    );
    assert!(refused, "{deed:?}: {error:?}");
}

/// A broker with an exchange and a queue at each side.
async fn broker() -> TestBroker {
    let broker = bound_broker().await;
    let channel = broker.channel().await;
    for deed in [Deed::DeclareExchange("warehouse.events"), Deed::DeclareQueue(OTHERS_QUEUE)] {
        try_to(&channel, deed).await.unwrap();
    }
    broker
}

#[tokio::test]
async fn a_service_may_write_to_its_own_exchange_and_nothing_else() {
    let broker = broker().await;
    for (user, own, other) in [
        (BrokerUser::Store, "store.events", "warehouse.events"),
        (BrokerUser::Warehouse, "warehouse.events", "store.events"),
    ] {
        let service = enter(&broker, user).await;
        let channel = service.create_channel().await.unwrap();
        try_to(&channel, Deed::Publish(own, "note.written")).await.unwrap();
        for deed in [
            Deed::Publish(other, "note.written"),
            Deed::Publish("", QUEUE),
            Deed::DeclareExchange(own),
            Deed::DeclareExchange("mine"),
            Deed::DeleteExchange(own),
            Deed::DeclareQueue(QUEUE),
            Deed::DeclareQueue("mine"),
            Deed::DeleteQueue(QUEUE),
            Deed::Purge(QUEUE),
            Deed::Bind(QUEUE, own),
            Deed::BindExchange(own, other),
            Deed::Consume(QUEUE),
            Deed::Consume(OTHERS_QUEUE),
            Deed::Get(QUEUE),
        ] {
            is_refused(&service, deed).await;
        }
    }
}

#[tokio::test]
async fn the_worker_makes_what_it_needs_and_nothing_of_another_name() {
    let broker = broker().await;
    let worker = enter(&broker, BrokerUser::Worker).await;
    for deed in [
        Deed::DeclareExchange("mine.events"),
        Deed::DeclareExchange("store.events.more"),
        Deed::DeleteExchange("amq.topic"),
        Deed::DeclareQueue("mine"),
        Deed::DeclareQueue("sync.store-to-store"),
        Deed::DeclareQueue("sync.store-to-warehouse.parked.more"),
        Deed::DeclareQueueThatParksIn("sync.store-to-warehouse.parked", "store.events"),
        Deed::Bind(QUEUE, "amq.topic"),
        Deed::BindExchange("warehouse.events", "store.events"),
        Deed::Publish("store.events", "note.written"),
        Deed::Publish("warehouse.events", "note.written"),
    ] {
        is_refused(&worker, deed).await;
    }
}
