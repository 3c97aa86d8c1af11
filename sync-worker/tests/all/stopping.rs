//! A worker that is asked to stop: the messages in hand are settled or given back.

use std::time::{Duration, Instant};

use test_kit::{BrokerUser, eventually};

use crate::command_line::BINARY;
use crate::events::{edited, id};
use crate::freezing_proxy::Freezable;
use crate::world::{EXCHANGE, PARKED, TO_STORE, World};

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_stops_finishes_what_is_in_hand_and_gives_back_the_rest() {
    let world = World::new().await;
    let worker = world.start_worker("carry.max_changes = 1").await;
    worker.wait_until_ready().await;
    world.warehouse.delay_changes(Duration::from_secs(1));
    world.publish_all(&[edited(id(), 1), edited(id(), 1), edited(id(), 1)]).await;
    world.warehouse.wait_for_requests(1).await;
    let started = Instant::now();
    worker.stop().await;
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    assert_eq!(world.warehouse.requests().await.len(), 1);
    assert_eq!(world.left().await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_does_not_answer_does_not_keep_the_worker_from_stopping() {
    let (world, worker) = World::with_worker().await;
    world.warehouse.delay_changes(Duration::from_secs(60));
    world.publish_all(&[edited(id(), 1)]).await;
    world.warehouse.wait_for_requests(1).await;
    let started = Instant::now();
    worker.stop().await;
    // Well before its time is over, so that there was some for giving the message back.
    assert!(started.elapsed() < Duration::from_secs(7), "{:?}", started.elapsed());
    assert_eq!(world.left().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_stops_while_it_parks_a_change_has_reported_it() {
    let (world, worker) = World::with_worker().await;
    world.store.delay_reports(Duration::from_secs(1));
    assert!(world.broker.publish(EXCHANGE, "order.updated", b"not JSON").await);
    world.store.wait_for_reported(1).await;
    worker.stop().await;
    assert_eq!((world.left().await, world.broker.queue_depth(PARKED).await), (0, Some(0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_whose_broker_is_frozen_ends_in_time() {
    let world = World::new().await;
    let broker = Freezable::before(&world.broker.url(BrokerUser::Worker)).await;
    let settings = [
        ("BROKER__URL", &*broker.url),
        ("STORE__URL", &*world.store.url()),
        ("WAREHOUSE__URL", &*world.warehouse.url()),
    ];
    for (in_hand, left) in [(false, 0), (true, 1)] {
        let mut worker = BINARY.start(&settings).await;
        worker.ready().await;
        if in_hand {
            world.warehouse.delay_changes(Duration::from_secs(60));
            world.publish_all(&[edited(id(), 1)]).await;
            world.warehouse.wait_for_requests(1).await;
        }
        broker.freeze(true);
        worker.signal("TERM").await;
        let started = Instant::now();
        assert!(worker.ended().await.success(), "{}", worker.output());
        assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
        broker.freeze(false);
        assert_eq!(world.left().await, left);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_is_held_than_is_handed_out_ahead() {
    let world = World::new().await;
    let worker = world.start_worker("carry.prefetch = 10").await;
    worker.wait_until_ready().await;
    world.warehouse.delay_changes(Duration::from_secs(60));
    let all = (0..50).map(|_| edited(id(), 1)).collect::<Vec<_>>();
    world.publish_all(&all).await;
    world.warehouse.wait_for_requests(1).await;
    for (waiting, more) in [(40, true), (41, false)] {
        let held = async || (world.waiting().await == Some(waiting)).then_some(());
        eventually("ten are held, and no more", held).await;
        if more {
            world.publish_all(&[edited(id(), 1)]).await;
        }
    }
    worker.stop().await;
    assert_eq!(world.left().await, 51);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_waits_for_somebody_stops_at_once() {
    let world = World::new().await;
    world.store.set_offer_status(503);
    world.store.set_ready(503);
    let worker = world.start_worker("carry.backoff_min = '60s'\ncarry.backoff_max = '60s'").await;
    worker.wait_for_state("asking for an offer").await;
    // The other direction has its queue, and leaves its peer alone.
    let open =
        async || (worker.direction(TO_STORE).await["breaker"]["state"] == "open").then_some(());
    eventually("the breaker is open", open).await;
    let started = Instant::now();
    worker.stop().await;
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
}
