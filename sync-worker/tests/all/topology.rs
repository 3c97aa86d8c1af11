//! Exchanges, queues and bindings: made, healed, and what happens where a queue was lost.

use lapin::ExchangeKind;
use lapin::options::{ExchangeDeleteOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};
use test_kit::eventually;

use crate::events::{edited, id};
use crate::world::{EXCHANGE, PARKED, QUEUE, TO_WAREHOUSE, World};

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_binding_is_made_anew() {
    let (world, worker) = World::with_worker().await;
    world.broker.delete_binding(EXCHANGE, QUEUE, "order.*").await;
    let event = edited(id(), 1);
    let taken = async || world.publish(&event).await.then_some(());
    eventually("the queue is bound again", taken).await;
    world.warehouse.wait_for_requests(1).await;
    assert_eq!(world.store.offers().await.len(), 1, "nothing was lost, so nothing is asked for");
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_exchange_is_made_anew_also_while_the_peer_is_away() {
    let (world, worker) = World::with_worker().await;
    world.warehouse.set_ready(503);
    world.warehouse.answer_changes(|_| wiremock::ResponseTemplate::new(503));
    world.publish_all(&[edited(id(), 1)]).await;
    worker.wait_for_state("waiting for the peer").await;
    let channel = world.broker.channel().await;
    channel.exchange_delete(EXCHANGE.into(), ExchangeDeleteOptions::default()).await.unwrap();
    let there = async || {
        let options =
            lapin::options::ExchangeDeclareOptions { passive: true, ..Default::default() };
        let channel = world.broker.channel().await;
        let asked = channel.exchange_declare(
            EXCHANGE.into(),
            ExchangeKind::Topic,
            options,
            FieldTable::default(),
        );
        asked.await.ok()
    };
    eventually("the exchange is there again", there).await;
    let taken = async || world.publish(&edited(id(), 1)).await.then_some(());
    eventually("the queue is bound again", taken).await;
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parked_queue_that_was_deleted_is_made_anew() {
    let (world, worker) = World::with_worker().await;
    world.store.set_ready(503);
    world.store.set_report_status(503);
    world.broker.delete_queue(PARKED).await;
    let there = async || world.broker.queue_depth(PARKED).await;
    eventually("the queue is there again", there).await;
    assert!(world.broker.publish(EXCHANGE, "order.updated", b"not JSON").await);
    let held = async || (world.broker.queue_depth(PARKED).await == Some(1)).then_some(());
    eventually("the message is in it", held).await;
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_deleted_parked_queue_held_is_offered_again() {
    let (world, worker) = World::with_worker().await;
    world.store.set_ready(503);
    world.store.set_report_status(503);
    assert!(world.broker.publish(EXCHANGE, "order.updated", b"not JSON").await);
    let held = async || (world.broker.queue_depth(PARKED).await == Some(1)).then_some(());
    eventually("the message is in it", held).await;
    let asked = world.store.offers().await.len();
    world.broker.delete_queue(PARKED).await;
    let there = async || world.broker.queue_depth(PARKED).await;
    eventually("the queue is there again", there).await;
    assert_eq!(world.store.offers().await.len(), asked + 1, "it was made anew before that");
    worker.wait_until_ready().await;
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_queue_is_made_anew_after_the_source_has_agreed_to_an_offer() {
    let (world, worker) = World::with_worker().await;
    assert_eq!(world.store.offers().await, [serde_json::json!({"all": true})]);
    world.warehouse.set_ready(503);
    world.warehouse.answer_changes(|_| wiremock::ResponseTemplate::new(503));
    world.publish_all(&[edited(id(), 1), edited(id(), 1)]).await;
    worker.wait_for_state("waiting for the peer").await;
    world.store.set_offer_status(503);

    world.broker.delete_queue(QUEUE).await;
    let asked = async || (world.store.offers().await.len() >= 3).then_some(());
    eventually("the source is asked until it agrees", asked).await;
    assert_eq!(world.waiting().await, None, "the queue is there before the source has agreed");
    let reason = worker.wait_for_state("asking for an offer").await;
    assert!(reason.contains("503"), "{reason}");
    assert!(!world.publish(&edited(id(), 1)).await, "what is published meanwhile comes back");

    world.store.set_offer_status(202);
    let there = async || world.waiting().await;
    assert_eq!(eventually("the queue is there", there).await, 0);
    let asked = world.store.offers().await.len();
    world.warehouse.set_ready(200);
    world.warehouse.answer_changes(crate::sides::applied);
    worker.wait_until_ready().await;
    let offered = edited(id(), 1);
    let taken = async || world.publish(&offered).await.then_some(());
    eventually("the queue is bound", taken).await;
    worker.wait_for_counter("carried", 1).await;
    assert_eq!(world.store.offers().await.len(), asked, "it asks for nothing more");
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_is_deleted_while_it_is_consumed_is_made_anew() {
    let (world, worker) = World::with_worker().await;
    world.broker.delete_queue(QUEUE).await;
    let asked = async || (world.store.offers().await.len() == 2).then_some(());
    eventually("the source is asked for an offer", asked).await;
    let event = edited(id(), 1);
    let taken = async || world.publish(&event).await.then_some(());
    eventually("the queue is bound again", taken).await;
    worker.wait_for_counter("carried", 1).await;
    worker.wait_until_ready().await;
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_ended_before_the_source_agreed_leaves_the_question_to_the_next() {
    let world = World::new().await;
    world.store.set_offer_status(503);
    let first = world.start_worker("").await;
    first.wait_for_state("asking for an offer").await;
    first.stop().await;
    assert_eq!(world.waiting().await, None);
    let before = world.store.offers().await.len();
    world.store.set_offer_status(202);
    let second = world.start_worker("").await;
    second.wait_until_ready().await;
    assert_eq!(world.store.offers().await.len(), before + 1);
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_with_other_arguments_is_made_anew_after_the_source_has_agreed_to_an_offer() {
    let text = |value: &str| AMQPValue::LongString(value.into());
    // As the versions before this one declared it, and as somebody else might.
    let mut earlier = FieldTable::default();
    earlier.insert("x-queue-type".into(), text("quorum"));
    earlier.insert("x-delivery-limit".into(), AMQPValue::LongInt(1_000_000_000));
    earlier.insert("x-dead-letter-exchange".into(), text(""));
    earlier.insert("x-dead-letter-routing-key".into(), text(PARKED));
    earlier.insert("x-overflow".into(), text("reject-publish"));
    for arguments in [earlier, FieldTable::default()] {
        let (world, worker) = World::with_worker().await;
        worker.stop().await;
        world.broker.delete_queue(QUEUE).await;
        let options = QueueDeclareOptions { durable: true, ..Default::default() };
        let channel = world.broker.channel().await;
        channel.queue_declare(QUEUE.into(), options, arguments).await.unwrap();
        assert!(world.broker.publish("", QUEUE, b"lost with it").await);
        world.store.set_offer_status(503);
        let asked = world.store.offers().await.len();
        let worker = world.start_worker("").await;
        worker.wait_for_state("asking for an offer").await;
        assert_eq!(world.waiting().await, None, "it is removed before the source is asked");
        world.store.set_offer_status(202);
        worker.wait_until_ready().await;
        assert!(world.store.offers().await.len() > asked);
        let event = edited(id(), 1);
        assert!(world.publish(&event).await);
        worker.wait_for_counter("carried", 1).await;
        worker.stop().await;
        let again = world.start_worker("").await;
        let asked = world.store.offers().await.len();
        again.wait_until_ready().await;
        assert_eq!(world.store.offers().await.len(), asked, "it is not replaced twice");
        again.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_a_lost_queue_may_not_be_made_the_other_one_keeps_its_messages() {
    let (world, worker) = World::with_worker().await;
    worker.stop().await;
    world.broker.delete_queue(PARKED).await;
    let order = id();
    world.publish_all(&[edited(order, 1)]).await;
    // All but the parked queue of this direction.
    let configure = "^(sync\\.warehouse-to-store\\..*|.*(events|store|warehouse|replacing))$";
    world.broker.permit("worker", configure, ".*", ".*").await;
    let worker = world.start_worker("").await;
    let refused = async || {
        let reason = worker.direction(TO_WAREHOUSE).await["reason"].as_str()?.to_owned();
        reason.starts_with("queues cannot be declared: ").then_some(reason)
    };
    let reason = eventually("it says so", refused).await;
    assert!(reason.contains("ACCESS_REFUSED") && reason.contains(PARKED), "{reason}");
    assert_eq!(world.waiting().await, Some(1));
    world.broker.permit_as_usual("worker").await;
    worker.wait_until_ready().await;
    world.warehouse.wait_for_requests(1).await;
    worker.stop().await;
}
