//! The circuit breaker: a failing peer is left alone, and asked again.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use test_kit::eventually;
use wiremock::ResponseTemplate;

use crate::events::{edited, id, packed};
use crate::sides::applied;
use crate::world::{TO_STORE, TO_WAREHOUSE, TestWorker, World};

/// Waits until the breaker of the direction to the warehouse is in this state.
async fn breaker_is(worker: &TestWorker, state: &str) -> Value {
    let there = async || {
        let breaker = worker.direction(TO_WAREHOUSE).await["breaker"].clone();
        (breaker["state"] == state).then_some(breaker)
    };
    eventually(&format!("the breaker is {state}"), there).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_takes_nothing_three_times_is_left_alone_until_it_is_ready() {
    for status in [401, 403, 404, 429, 503] {
        let (world, worker) = World::with_worker().await;
        world.warehouse.answer_changes(move |_| ResponseTemplate::new(status));
        world.warehouse.set_ready(503);
        world.publish_all(&[edited(id(), 1), edited(id(), 1)]).await;
        let reason = worker.wait_for_state("waiting for the peer").await;
        assert!(reason.contains(&status.to_string()) || reason.contains("503"), "{reason}");
        let all_back = async || (world.waiting().await == Some(2)).then_some(());
        eventually("no message is held", all_back).await;
        let told = world.warehouse.requests().await.len();
        assert_eq!(told, 3, "after a {status}");
        let again = async || {
            let breaker = worker.direction(TO_WAREHOUSE).await["breaker"].clone();
            (breaker["half_opened"].as_u64() >= Some(2)).then_some(breaker)
        };
        let breaker = eventually("the peer is asked again and again", again).await;
        assert!(breaker["failures"].as_u64() > Some(3), "{breaker}");
        assert_eq!(world.warehouse.requests().await.len(), told, "it is told nothing meanwhile");

        world.warehouse.answer_changes(applied);
        world.warehouse.set_ready(200);
        let counters = worker.wait_for_counter("carried", 2).await;
        assert_eq!(counters["parked"], 0);
        let breaker = breaker_is(&worker, "closed").await;
        assert_eq!((&breaker["failures"], &breaker["next_try"]), (&json!(0), &Value::Null));
        let told = worker.request("GET", "/metrics").await.text().await.unwrap();
        let opened = breaker["opened"].as_u64().unwrap();
        let direction = format!("direction=\"{TO_WAREHOUSE}\"");
        for line in [
            format!("lockstep_breaker_state{{{direction},state=\"closed\"}} 1"),
            format!("lockstep_breaker_state{{{direction},state=\"open\"}} 0"),
            format!("lockstep_breaker_transitions_total{{{direction},to=\"open\"}} {opened}"),
            format!("lockstep_messages_total{{{direction},fate=\"carried\"}} 2"),
            format!("lockstep_direction_state{{{direction},state=\"consuming\"}} 1"),
        ] {
            assert!(told.lines().any(|told| told == line), "{line} is not in\n{told}");
        }
        worker.stop().await;
        assert_eq!(world.left().await, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_goes_away_while_nothing_travels_is_noticed_and_comes_back() {
    let world = World::new().await;
    let worker = world.start_worker("carry.probe_interval = '50ms'").await;
    worker.wait_until_ready().await;
    world.warehouse.set_ready(503);
    let reason = worker.wait_for_state("waiting for the peer").await;
    assert!(reason.contains("503"), "{reason}");
    assert_eq!(worker.request("GET", "/health/ready").await.status(), 503);
    assert_eq!(worker.direction(TO_STORE).await["state"], "consuming");
    world.warehouse.set_ready(200);
    worker.wait_until_ready().await;
    assert!(world.warehouse.requests().await.is_empty(), "it was told nothing");
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_failures_give_nothing_back() {
    let (world, worker) = World::with_worker().await;
    world.warehouse.fail_twice(503);
    world.publish_all(&[edited(id(), 1)]).await;
    let counters = worker.wait_for_counter("carried", 1).await;
    assert_eq!((&counters["given_back"], &counters["requests"]), (&json!(0), &json!(3)));
    assert_eq!(worker.direction(TO_WAREHOUSE).await["breaker"]["opened"], 0);
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_says_when_to_come_back_is_left_alone_until_then() {
    let in_two_seconds = || chrono::Utc::now() + Duration::from_millis(2999);
    let date = move || in_two_seconds().format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let cases: [Box<dyn Fn() -> String + Send + Sync>; 2] =
        [Box::new(|| "2".to_owned()), Box::new(date)];
    for retry_after in cases {
        let (world, worker) = World::with_worker().await;
        let busy =
            move |_: &Value| ResponseTemplate::new(429).insert_header("Retry-After", retry_after());
        world.warehouse.answer_changes(busy);
        world.publish_all(&[edited(id(), 1)]).await;
        let breaker = breaker_is(&worker, "open").await;
        let opened = Instant::now();
        assert_eq!(breaker["failures"], 1, "{breaker}");
        let next_try = breaker["next_try"].as_str().unwrap().parse::<chrono::DateTime<_>>();
        let left = next_try.unwrap() - chrono::Utc::now();
        assert!((500..=3000).contains(&left.num_milliseconds()), "{breaker}");
        let back = async || (world.waiting().await == Some(1)).then_some(());
        eventually("no message is held", back).await;
        world.warehouse.answer_changes(applied);
        worker.wait_for_counter("carried", 1).await;
        let waited = opened.elapsed().as_millis();
        assert!((500..8000).contains(&waited), "{waited}");
        assert_eq!(world.warehouse.requests().await.len(), 2);
        worker.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_wants_to_be_left_alone_for_long_is_not_believed() {
    let world = World::new().await;
    let worker = world.start_worker("carry.retry_after_max = '1s'").await;
    worker.wait_until_ready().await;
    let busy = |_: &Value| ResponseTemplate::new(503).insert_header("Retry-After", "86400");
    world.warehouse.answer_changes(busy);
    world.publish_all(&[edited(id(), 1)]).await;
    breaker_is(&worker, "open").await;
    world.warehouse.answer_changes(applied);
    worker.wait_for_counter("carried", 1).await;
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_breaker_does_not_concern_the_other_direction() {
    let (world, worker) = World::with_worker().await;
    world.warehouse.set_ready(503);
    world.warehouse.answer_changes(|_| ResponseTemplate::new(503));
    world.publish_all(&[edited(id(), 1)]).await;
    breaker_is(&worker, "open").await;
    let body = packed(id()).to_string();
    assert!(world.broker.publish("warehouse.events", "order.packed", body.as_bytes()).await);
    world.store.wait_for_requests(1).await;
    let other = worker.direction(TO_STORE).await;
    assert_eq!((&other["state"], &other["breaker"]["opened"]), (&json!("consuming"), &json!(0)));
    worker.stop().await;
    assert_eq!(world.left().await, 1);
}
