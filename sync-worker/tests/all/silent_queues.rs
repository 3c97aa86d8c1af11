//! Queues that are declared and answer to nothing: they are replaced, by one worker, and nothing is
//! lost.

use serde_json::{Value, json};
use shared_models::names::{QueueGeneration, exchange, parked_queue, queue, queue_lock};
use shared_models::side::{Direction, Side};
use test_kit::eventually;

use crate::events::{edited, id};
use crate::sides::FakeSide;
use crate::world::{EXCHANGE, PARKED, QUEUE, TO_WAREHOUSE, TestWorker, World};

/// Less patience than by default.
const SOON: &str = "carry.replace_queue_after = '2s'";

const DIRECTION: Direction = Direction { from: Side::Store };

async fn queues(worker: &TestWorker) -> Value {
    worker.direction(TO_WAREHOUSE).await["queues"].clone()
}

/// Waits until the queue of this kind was replaced so often in a direction.
async fn was_replaced(worker: &TestWorker, direction: &str, kind: &str, times: u64) {
    let replaced = async || {
        let queues = worker.direction(direction).await["queues"].clone();
        (queues[kind]["replaced"] == times).then_some(())
    };
    eventually(&format!("the {kind} queue was replaced {times} times"), replaced).await;
}

/// Waits until a source was asked for one more offer than `asked`: its carrier notices a moment after
/// the watcher that the queue was replaced.
async fn is_offered_once_more(source: &FakeSide, asked: usize) {
    let once_more = async || (source.offers().await.len() > asked).then_some(());
    eventually("an offer is requested", once_more).await;
    assert_eq!(source.offers().await.len(), asked + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_sync_queue_is_replaced_in_each_direction_and_what_was_in_it_is_offered_again() {
    for direction in Direction::ALL {
        let world = World::new().await;
        let worker = world.start_worker(SOON).await;
        worker.wait_until_ready().await;
        let source = match direction.from {
            Side::Store => &world.store,
            Side::Warehouse => &world.warehouse,
        };
        let asked = source.offers().await.len();
        world.broker.deafen(queue(direction)).await;
        let silent = async || {
            let queues = worker.direction(direction.as_str()).await["queues"].clone();
            let reason = queues["sync"]["reason"].as_str().unwrap_or_default().to_owned();
            reason.contains("has not answered").then_some(())
        };
        eventually("the silence is shown", silent).await;
        was_replaced(&worker, direction.as_str(), "sync", 1).await;
        is_offered_once_more(source, asked).await;
        worker.wait_until_ready().await;
        let told = worker.request("GET", "/metrics").await.text().await.unwrap();
        let name = direction.as_str();
        let line =
            format!("lockstep_queue_replacements_total{{direction=\"{name}\",queue=\"sync\"}} 1");
        assert!(told.lines().any(|told| told == line), "{line} is not in\n{told}");
        let body = json!("not an event").to_string();
        let publish = async || {
            let exchange = exchange(direction.from);
            world.broker.publish(exchange, "order.updated", body.as_bytes()).await.then_some(())
        };
        eventually("the new queue is bound and answers", publish).await;
        source.wait_for_reported(1).await;
        worker.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_queue_without_a_process_is_replaced_also_if_a_worker_starts_on_it() {
    let (world, worker) = World::with_worker().await;
    worker.stop().await;
    world.broker.stop_process_of(QUEUE).await;
    let worker = world.start_worker(SOON).await;
    was_replaced(&worker, TO_WAREHOUSE, "sync", 1).await;
    worker.wait_until_ready().await;
    assert!(world.publish(&edited(id(), 1)).await);
    worker.wait_for_counter("carried", 1).await;
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_parked_queue_is_replaced_and_messages_are_carried_all_the_while() {
    let world = World::new().await;
    let worker = world.start_worker(SOON).await;
    worker.wait_until_ready().await;
    let asked = world.store.offers().await.len();
    world.broker.deafen(parked_queue(DIRECTION)).await;
    world.publish_all(&[edited(id(), 1)]).await;
    worker.wait_for_counter("carried", 1).await;
    was_replaced(&worker, TO_WAREHOUSE, "parked", 1).await;
    is_offered_once_more(&world.store, asked).await;
    worker.wait_until_ready().await;
    world.store.set_report_status(503);
    world.store.set_ready(503);
    assert!(world.broker.publish(EXCHANGE, "order.updated", b"not JSON").await);
    let held = async || (world.broker.queue_depth(PARKED).await == Some(1)).then_some(());
    eventually("the new parked queue takes a message", held).await;
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_parked_queue_stays_while_its_source_is_away_and_messages_are_carried() {
    let world = World::new().await;
    let worker = world.start_worker(SOON).await;
    worker.wait_until_ready().await;
    world.store.set_ready(503);
    world.store.set_offer_status(503);
    world.broker.deafen(PARKED).await;
    // Else it would be deleted some 9 s after it fell silent.
    let long = async || {
        let reason = queues(&worker).await["parked"]["reason"].as_str()?.to_owned();
        let seconds = reason.strip_prefix("it has not answered for ")?.split(' ').next()?;
        (seconds.parse::<u32>().unwrap() >= 14).then_some(())
    };
    eventually("it is silent for long", long).await;
    world.publish_all(&[edited(id(), 1)]).await;
    worker.wait_for_counter("carried", 1).await;
    world.store.set_ready(200);
    world.store.set_offer_status(202);
    was_replaced(&worker, TO_WAREHOUSE, "parked", 1).await;
    worker.wait_until_ready().await;
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_is_not_there_does_not_count_as_answering() {
    let world = World::new().await;
    let worker = world.start_worker(SOON).await;
    worker.wait_until_ready().await;
    world.store.set_offer_status(503);
    world.broker.delete_queue(QUEUE).await;
    let missing = async || (queues(&worker).await["sync"]["state"] == "missing").then_some(());
    eventually("the missing queue is shown", missing).await;
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_workers_one_replaces_a_silent_queue() {
    let world = World::new().await;
    let first = world.start_worker(SOON).await;
    first.wait_until_ready().await;
    let second = world.start_worker(SOON).await;
    second.wait_until_ready().await;
    world.broker.deafen(QUEUE).await;
    let replaced = async || {
        let count = async |worker| queues(worker).await["sync"]["replaced"].as_u64().unwrap();
        let sum = count(&first).await + count(&second).await;
        (sum > 0).then_some(sum)
    };
    eventually("one has replaced it", replaced).await;
    for worker in [&first, &second] {
        worker.wait_until_ready().await;
        let answers = async || (queues(worker).await["sync"]["state"] == "answering").then_some(());
        eventually("the queue answers", answers).await;
    }
    assert_eq!(replaced().await, Some(1));
    first.stop().await;
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_consumes_from_the_queue_that_another_has_made_anew() {
    // The second worker sees no gap, and does not itself replace a queue in this test.
    let slow = "carry.replace_queue_after = '24s'\ncarry.heal_interval = '1h'";
    let world = World::new().await;
    let first = world.start_worker(SOON).await;
    first.wait_until_ready().await;
    let second = world.start_worker(slow).await;
    second.wait_until_ready().await;
    world.broker.deafen(QUEUE).await;
    was_replaced(&first, TO_WAREHOUSE, "sync", 1).await;
    first.wait_until_ready().await;
    first.stop().await;
    world.publish_all(&[edited(id(), 1)]).await;
    second.wait_for_counter("carried", 1).await;
    assert_eq!(queues(&second).await["sync"]["replaced"], 0);
    second.stop().await;
}

/// Takes the lock of the direction, until the channel's connection ends.
async fn hold_the_lock(channel: &lapin::Channel) {
    let options = lapin::options::QueueDeclareOptions { exclusive: true, ..Default::default() };
    let lock = queue_lock(DIRECTION);
    channel.queue_declare(lock.into(), options, Default::default()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn while_another_holds_the_lock_no_queue_is_declared() {
    let world = World::new().await;
    let channel = world.broker.channel().await;
    hold_the_lock(&channel).await;
    let worker = world.start_worker("").await;
    let told = async || {
        let reason = worker.direction(TO_WAREHOUSE).await["reason"].clone();
        (reason == "another worker is declaring or replacing the queues").then_some(())
    };
    eventually("the lock is shown", told).await;
    assert_eq!(world.waiting().await, None);
    assert_eq!(world.store.offers().await.len(), 0);
    let options = lapin::options::QueueDeleteOptions::default();
    channel.queue_delete(queue_lock(DIRECTION).into(), options).await.unwrap();
    worker.wait_until_ready().await;
    assert_eq!(world.store.offers().await.len(), 1);
    worker.stop().await;
    hold_the_lock(&channel).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_another_holds_the_lock_a_queue_is_not_replaced() {
    let world = World::new().await;
    let worker = world.start_worker(SOON).await;
    worker.wait_until_ready().await;
    let channel = world.broker.channel().await;
    hold_the_lock(&channel).await;
    world.broker.deafen(QUEUE).await;
    let dead = async || (queues(&worker).await["sync"]["state"] == "being replaced").then_some(());
    eventually("it would be replaced", dead).await;
    assert_eq!(worker.request("GET", "/health/ready").await.status(), 503);
    // It came to life again: nothing is to be replaced any more.
    world.broker.undeafen(QUEUE).await;
    let answers = async || (queues(&worker).await["sync"]["state"] == "answering").then_some(());
    eventually("it answers again", answers).await;
    assert_eq!(queues(&worker).await["sync"]["replaced"], 0);
    assert_eq!(world.store.offers().await.len(), 1, "nothing was lost, so nothing is asked for");
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_generation_that_was_begun_is_used_and_the_earlier_queues_go_after_an_offer() {
    let (world, worker) = World::with_worker().await;
    worker.stop().await;
    assert!(world.publish(&edited(id(), 1)).await, "the earlier queue is bound, and takes it");
    let second = QueueGeneration::first(DIRECTION).next();
    let options = lapin::options::ExchangeDeclareOptions { durable: true, ..Default::default() };
    let (marker, kind) = (second.marker(), lapin::ExchangeKind::Fanout);
    let channel = world.broker.channel().await;
    channel.exchange_declare(marker.into(), kind, options, Default::default()).await.unwrap();
    world.store.set_offer_status(503);
    let worker = world.start_worker(SOON).await;
    worker.wait_for_state("asking for an offer").await;
    // A worker that ends in between leaves all to the next one.
    worker.stop().await;
    assert_eq!(world.broker.queue_depth(&second.queue()).await, None);
    world.store.set_offer_status(202);
    let asked = world.store.offers().await.len();
    let worker = world.start_worker(SOON).await;
    worker.wait_until_ready().await;
    assert_eq!(queues(&worker).await["sync"]["name"], second.queue());
    let gone = async || {
        let left = [QUEUE, PARKED].map(|name| world.broker.queue_depth(name));
        futures_util::future::join_all(left).await.iter().all(Option::is_none).then_some(())
    };
    eventually("the earlier queues are gone", gone).await;
    let offers = world.store.offers().await.len();
    assert_eq!(offers, asked + 2, "one for the queues made, one for the queues deleted");
    assert!(world.publish(&edited(id(), 1)).await);
    worker.wait_for_counter("carried", 1).await;
    worker.stop().await;
}
