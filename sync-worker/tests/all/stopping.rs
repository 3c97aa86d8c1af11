//! What a worker that is asked to stop leaves behind.

use std::time::{Duration, Instant};

use crate::events::{edited, id};
use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_stops_finishes_what_is_in_hand_and_gives_back_the_rest() {
    let world = World::new().await;
    let worker = world.start_worker("carry.max_changes = 1").await;
    worker.is_ready().await;
    world.warehouse.takes_its_time(Duration::from_secs(1));
    world.publish_all(&[edited(id(), 1), edited(id(), 1), edited(id(), 1)]).await;
    world.warehouse.got(1).await;
    let started = Instant::now();
    worker.stop().await;
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    assert_eq!(world.warehouse.requests().await.len(), 1);
    assert_eq!(world.left().await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_does_not_answer_does_not_keep_the_worker_from_stopping() {
    let (world, worker) = World::with_worker().await;
    world.warehouse.takes_its_time(Duration::from_secs(60));
    world.publish_all(&[edited(id(), 1)]).await;
    world.warehouse.got(1).await;
    let started = Instant::now();
    worker.stop().await;
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    assert_eq!(world.left().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_waits_for_somebody_stops_at_once() {
    let world = World::new().await;
    world.store.agrees_to_offers(503);
    world.store.is_ready(503);
    let worker = world.start_worker("carry.backoff_min = '60s'\ncarry.backoff_max = '60s'").await;
    worker.is("asking for an offer").await;
    let started = Instant::now();
    worker.stop().await;
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
}
