//! Queues that answer to nothing and cannot be deleted either: others of another generation are
//! used, and the dead ones are deleted as soon as that is possible.

use std::time::Duration;

use lapin::ExchangeKind;
use lapin::options::ExchangeDeclareOptions;
use lapin::types::FieldTable;
use serde_json::{Value, json};
use shared_models::names::QueueGeneration;
use shared_models::side::{Direction, Side};
use test_kit::{BrokerLink, BrokerUser, eventually};
use tokio::time::timeout;
use uuid::Uuid;

use crate::events::{edited, id};
use crate::sides::applied;
use crate::world::{EXCHANGE, PARKED, QUEUE, TO_WAREHOUSE, TestWorker, World};

/// Less patience than by default. The timeout of a deletion is 12 s.
const SOON: &str = "carry.replace_queue_after = '2s'\nbroker.reply_timeout = '2s'";

/// The generation that follows the first.
const SECOND: QueueGeneration = QueueGeneration::first(Direction { from: Side::Store }).next();

impl World {
    async fn link(&self) -> BrokerLink {
        BrokerLink::start(&self.broker.url(BrokerUser::Worker)).await
    }

    /// Waits until the source was asked for so many offers.
    async fn offers(&self, count: usize) {
        let enough = async || (self.store.offers().await.len() >= count).then_some(());
        eventually(&format!("the source was asked for {count} offers"), enough).await;
    }

    /// Publishes as the store's relay does: until RabbitMQ has confirmed it.
    async fn relay(&self, order: Uuid) {
        let event = edited(order, 1);
        let confirmed = async || {
            let published = timeout(Duration::from_secs(2), self.publish(&event)).await;
            (published == Ok(true)).then_some(())
        };
        eventually("RabbitMQ confirms", confirmed).await;
    }

    /// Waits until the peer has been told of an order.
    async fn is_carried(&self, order: Uuid) {
        let carried = async || {
            let requests = self.warehouse.requests().await;
            let changes = requests.iter().flat_map(|it| it["changes"].as_array().unwrap());
            let told = |change: &Value| change["order_id"] == order.to_string();
            changes.into_iter().any(told).then_some(())
        };
        eventually("the order is carried", carried).await;
    }
}

/// Puts another generation into use, as a worker does that cannot delete a dead queue.
async fn begin(world: &World, queues: QueueGeneration) {
    let options = ExchangeDeclareOptions { durable: true, ..Default::default() };
    let (marker, kind, none) = (queues.marker(), ExchangeKind::Fanout, FieldTable::default());
    let channel = world.broker.channel().await;
    channel.exchange_declare(marker.into(), kind, options, none).await.unwrap();
}

/// Waits until the worker tells that these queues are left.
async fn are_left(worker: &TestWorker, names: &[&str]) {
    let left = async || (queues(worker).await["leftover"] == json!(names)).then_some(());
    eventually(&format!("left are {names:?}"), left).await;
}

async fn queues(worker: &TestWorker) -> Value {
    worker.direction(TO_WAREHOUSE).await["queues"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_deletion_of_a_silent_queue_hangs_others_are_used_until_it_can_be_deleted() {
    let world = World::new().await;
    let link = world.link().await;
    let worker = world.start_worker_at(link.url(), SOON).await;
    worker.wait_until_ready().await;
    assert_eq!(world.store.offers().await.len(), 1);
    world.warehouse.set_ready(503);
    world.warehouse.answer_changes(|_| wiremock::ResponseTemplate::new(503));
    let (in_the_dead_queue, in_the_outbox) = (id(), id());
    world.relay(in_the_dead_queue).await;
    worker.wait_for_state("waiting for the peer").await;

    link.keep(QUEUE);
    world.broker.deafen(QUEUE).await;
    link.has_swallowed(1).await;
    let late = timeout(Duration::from_secs(1), world.publish(&edited(in_the_outbox, 1))).await;
    assert!(late.is_err(), "the dead queue is bound, and confirms nothing");
    let replaced = async || (queues(&worker).await["sync"]["replaced"] == 1).then_some(());
    eventually("the queue is replaced", replaced).await;
    world.warehouse.set_ready(200);
    world.warehouse.answer_changes(applied);
    worker.wait_until_ready().await;
    let told = queues(&worker).await;
    assert_eq!(told["sync"]["name"], SECOND.queue());
    assert_eq!(told["parked"]["name"], SECOND.parked_queue());

    // The first was for queues that are missing, the second for what the dead one may have taken.
    world.offers(3).await;
    assert!(world.broker.is_bound(EXCHANGE, &SECOND.queue()).await);
    assert!(!world.broker.is_bound(EXCHANGE, QUEUE).await);
    // As the source does that was asked for an offer.
    world.relay(in_the_dead_queue).await;
    world.relay(in_the_outbox).await;
    world.is_carried(in_the_dead_queue).await;
    world.is_carried(in_the_outbox).await;

    link.has_swallowed(2).await;
    are_left(&worker, &[QUEUE]).await;
    // It comes to life again, with the message that was in it.
    world.broker.undeafen(QUEUE).await;
    link.keep_nothing();
    are_left(&worker, &[]).await;
    for dead in [QUEUE, PARKED] {
        assert_eq!(world.broker.queue_depth(dead).await, None, "{dead}");
    }
    let after = id();
    world.relay(after).await;
    world.is_carried(after).await;
    assert_eq!(world.store.offers().await.len(), 3, "no further offer was needed");
    let told = queues(&worker).await;
    assert_eq!(
        (&told["sync"]["name"], &told["sync"]["replaced"]),
        (&SECOND.queue().into(), &1.into())
    );
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_deletion_of_a_silent_queue_fails_others_are_used_too() {
    let world = World::new().await;
    let link = world.link().await;
    let worker = world.start_worker_at(link.url(), SOON).await;
    worker.wait_until_ready().await;
    link.fail_to_delete(QUEUE);
    world.broker.deafen(QUEUE).await;
    let replaced = async || (queues(&worker).await["sync"]["name"] == SECOND.queue()).then_some(());
    eventually("others are used", replaced).await;
    worker.wait_until_ready().await;
    are_left(&worker, &[QUEUE]).await;
    let order = id();
    world.relay(order).await;
    world.is_carried(order).await;
    world.broker.undeafen(QUEUE).await;
    link.keep_nothing();
    are_left(&worker, &[]).await;
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_starts_while_a_dead_queue_is_left_asks_for_no_further_offer() {
    let (world, worker) = World::with_worker().await;
    worker.stop().await;
    begin(&world, SECOND).await;
    let link = world.link().await;
    link.keep(QUEUE);
    // One for the queues that are missing, and one for what the dead ones may have taken.
    for (start, offers) in [(1, 3), (2, 3), (3, 3)] {
        let worker = world.start_worker_at(link.url(), SOON).await;
        worker.wait_until_ready().await;
        link.has_swallowed(start).await;
        assert_eq!(world.store.offers().await.len(), offers, "after start {start}");
        // The other one is gone all the same.
        are_left(&worker, &[QUEUE]).await;
        worker.stop().await;
    }
    // With the queue in use, what was published since the last offer was lost.
    world.broker.delete_queue(&SECOND.queue()).await;
    let worker = world.start_worker_at(link.url(), SOON).await;
    worker.wait_until_ready().await;
    link.has_swallowed(4).await;
    assert_eq!(world.store.offers().await.len(), 5, "again one for each");
    worker.stop().await;
    let worker = world.start_worker("").await;
    let gone = async || world.broker.queue_depth(QUEUE).await.is_none().then_some(());
    eventually("the dead queue is gone", gone).await;
    assert_eq!(world.store.offers().await.len(), 5, "no further offer was needed");
    worker.stop().await;
}
