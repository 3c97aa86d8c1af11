//! A peer that fails over a request: whether the change or the peer counts as the cause.

use std::sync::mpsc;
use std::time::Duration;

use serde_json::{Value, json};
use test_kit::eventually;
use wiremock::ResponseTemplate;

use crate::carrying::as_one_batch;
use crate::events::{edited, id};
use crate::sides::{applied, message};
use crate::world::World;

/// The answer of a peer to a request over which it fails.
type Failing = fn(&Value) -> ResponseTemplate;

const FAILINGS: [Failing; 4] = [
    |_| ResponseTemplate::new(500).set_body_json(json!({"detail": "odd"})),
    |_| ResponseTemplate::new(502),
    |_| ResponseTemplate::new(504),
    // Longer than the worker waits.
    |request| applied(request).set_delay(Duration::from_secs(60)),
];

const IMPATIENT: &str = "carry.request_timeout = '300ms'";

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_of_a_peer_that_is_not_ready_is_attributed_to_no_change() {
    for failing in FAILINGS {
        let world = World::new().await;
        let worker = world.start_worker(IMPATIENT).await;
        worker.wait_until_ready().await;
        world.warehouse.answer_changes(failing);
        world.warehouse.set_ready(503);
        world.publish_all(&[edited(id(), 1), edited(id(), 1)]).await;
        let reason = worker.wait_for_state("waiting for the peer").await;
        assert!(reason.contains("ready"), "{reason}");
        let all_back = async || (world.waiting().await == Some(2)).then_some(());
        eventually("no message is held", all_back).await;
        assert_eq!(world.warehouse.requests().await.len(), 1, "it was not told again");
        world.warehouse.answer_changes(applied);
        world.warehouse.set_ready(200);
        let counters = worker.wait_for_counter("carried", 2).await;
        assert_eq!(counters["parked"], 0);
        worker.stop().await;
        assert_eq!(world.left().await, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_over_which_a_ready_peer_fails_is_parked_alone() {
    for failing in FAILINGS {
        let world = World::new().await;
        let worker = world.start_worker(IMPATIENT).await;
        worker.wait_until_ready().await;
        let events: Vec<_> = (0..8).map(|_| edited(id(), 1)).collect();
        let bad = events[5]["id"].clone();
        let (alone, seen) = mpsc::channel();
        world.warehouse.answer_changes(move |request| {
            let changes = request["changes"].as_array().unwrap();
            if !changes.iter().any(|change| change["event_id"] == bad) {
                return applied(request);
            }
            if changes.len() == 1 {
                alone.send(()).ok();
            }
            failing(request)
        });
        world.publish_all(&events).await;
        worker.wait_for_counter("parked", 1).await;
        let counters = worker.wait_for_counter("carried", 7).await;
        assert_eq!((&counters["parked"], &counters["given_back"]), (&json!(1), &json!(0)));
        assert_eq!(seen.try_iter().count(), 3, "it was tried alone three times");
        let reported = world.store.wait_for_reported(1).await;
        assert_eq!(message(&reported[0]), events[5].to_string().as_bytes());
        assert!(reported[0].may_pass, "{reported:?}");
        assert_eq!(worker.direction("store-to-warehouse").await["breaker"]["opened"], 0);
        worker.stop().await;
        assert_eq!(world.left().await, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_over_which_the_peer_fails_for_a_moment_is_carried() {
    let (world, worker) = World::with_worker().await;
    world.warehouse.fail_twice(500);
    world.publish_all(&[edited(id(), 1)]).await;
    let counters = worker.wait_for_counter("carried", 1).await;
    assert_eq!((&counters["requests"], &counters["parked"]), (&json!(3), &json!(0)));
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ready_peer_that_fails_over_every_change_counts_as_the_cause() {
    let (world, worker) = World::with_worker().await;
    as_one_batch(&world, &[edited(id(), 1), edited(id(), 1), edited(id(), 1)]).await;
    world.warehouse.answer_changes(FAILINGS[0]);
    let reason = worker.wait_for_state("waiting for the peer").await;
    assert!(reason.contains("takes no change") && reason.contains("500"), "{reason}");
    world.warehouse.answer_changes(applied);
    let counters = worker.wait_for_counter("carried", 4).await;
    assert_eq!(counters["parked"], 0);
    worker.stop().await;
    assert_eq!(world.left().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_over_which_a_ready_peer_fails_do_not_wait_for_others_for_ever() {
    let world = World::new().await;
    let worker = world.start_worker("carry.backoff_min = '2ms'\ncarry.backoff_max = '10ms'").await;
    worker.wait_until_ready().await;
    as_one_batch(&world, &[edited(id(), 1), edited(id(), 1), edited(id(), 1)]).await;
    world.warehouse.answer_changes(FAILINGS[0]);
    let counters = worker.wait_for_counter("parked", 3).await;
    assert_eq!(counters["carried"], 1);
    assert!(world.store.wait_for_reported(3).await.iter().all(|change| change.may_pass));
    worker.stop().await;
    assert_eq!(world.left().await, 0);
}
