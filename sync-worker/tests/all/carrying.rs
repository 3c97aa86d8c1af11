//! Carrying: from a message to its settlement.

use std::time::Duration;

use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use crate::events::{edited, event, id, packed};
use crate::sides::{applied, message, outcomes};
use crate::world::{PARKED, TO_STORE, World};

/// A delay that is long enough for messages that are published meanwhile to arrive together.
const LATE: Duration = Duration::from_secs(2);

/// Keeps the worker busy with a change of its own, and publishes `events` meanwhile, so that they
/// arrive as one batch.
pub(crate) async fn as_one_batch(world: &World, events: &[Value]) {
    world.warehouse.delay_changes(LATE);
    world.publish_all(&[edited(id(), 1)]).await;
    world.warehouse.wait_for_requests(1).await;
    world.publish_all(events).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_carried_to_the_peer_and_acknowledged() {
    let (world, worker) = World::with_worker().await;
    let event = edited(id(), 2);
    world.publish_all(std::slice::from_ref(&event)).await;
    let requests = world.warehouse.wait_for_requests(1).await;
    let change = json!({
        "event_id": event["id"], "order_id": event["order_id"], "delivery": event["delivery"],
    });
    assert_eq!(requests, [json!({"schema": 1, "source": "store", "changes": [change]})]);
    let counters = worker.wait_for_counter("carried", 1).await;
    assert_eq!((&counters["received"], &counters["results"]["applied"]), (&json!(1), &json!(1)));
    worker.stop().await;
    assert_eq!(world.left().await, 0);
    assert!(world.store.requests().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_at_the_warehouse_is_carried_to_the_store() {
    let (world, worker) = World::with_worker().await;
    let event = packed(id());
    let body = event.to_string();
    assert!(world.broker.publish("warehouse.events", "order.packed", body.as_bytes()).await);
    let requests = world.store.wait_for_requests(1).await;
    assert_eq!(requests[0]["source"], "warehouse");
    assert_eq!(requests[0]["changes"][0]["progress"], event["progress"]);
    worker.stop().await;
    assert_eq!(world.broker.left_in("sync.warehouse-to-store").await, 0);
    assert!(world.warehouse.requests().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_rules_drop_is_acknowledged_and_not_sent_to_the_peer() {
    let (world, worker) = World::with_worker().await;
    let dropped = [
        event("warehouse", id(), &["progress"], 1, "packed"),
        event("store", id(), &[], 1, "packed"),
        event("store", id(), &["progress"], 1, "placed"),
    ];
    world.publish_all(&dropped).await;
    for rule in ["echo", "nothing_shared", "default_status"] {
        worker.wait_for_counter(&format!("dropped/{rule}"), 1).await;
    }
    worker.stop().await;
    assert_eq!(world.left().await, 0);
    assert!(world.warehouse.requests().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn two_events_of_one_order_become_one_change() {
    let (world, worker) = World::with_worker().await;
    let order = id();
    let events = [edited(order, 1), edited(order, 3), edited(id(), 1), edited(order, 2)];
    as_one_batch(&world, &events).await;
    let sent = world.warehouse.wait_for_requests(2).await[1]["changes"].clone();
    let told: Vec<_> = sent.as_array().unwrap().iter().map(|it| &it["event_id"]).collect();
    assert_eq!(told, [&events[1]["id"], &events[2]["id"]]);
    let counters = worker.wait_for_counter("carried", 5).await;
    assert_eq!((&counters["requests"], &counters["results"]["applied"]), (&json!(2), &json!(3)));
    worker.stop().await;
    assert_eq!(world.left().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_no_larger_than_the_settings_say() {
    let world = World::new().await;
    let worker = world.start_worker("carry.max_changes = 3").await;
    worker.wait_until_ready().await;
    let events: Vec<_> = (0..8).map(|_| edited(id(), 1)).collect();
    as_one_batch(&world, &events).await;
    world.warehouse.answer_changes(applied);
    worker.wait_for_counter("carried", 9).await;
    let requests = world.warehouse.requests().await;
    let sizes: Vec<_> = requests.iter().map(|it| it["changes"].as_array().unwrap().len()).collect();
    assert_eq!(sizes, [1, 3, 3, 2]);
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_takes_no_more_once_it_has_enough_bytes() {
    let world = World::new().await;
    let worker = world.start_worker("carry.max_bytes = 1").await;
    worker.wait_until_ready().await;
    as_one_batch(&world, &[edited(id(), 1), edited(id(), 1)]).await;
    world.warehouse.answer_changes(applied);
    worker.wait_for_counter("carried", 3).await;
    assert_eq!(world.warehouse.requests().await.len(), 3);
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejected_change_is_parked_alone() {
    let (world, worker) = World::with_worker().await;
    let events = [edited(id(), 1), edited(id(), 1), edited(id(), 1)];
    let bad = events[1]["id"].clone();
    world.warehouse.answer_changes(move |request| {
        outcomes(request, |change| match change["event_id"] == bad {
            true => json!({"outcome": "rejected", "reason": "odd"}),
            false => json!({"outcome": "stale"}),
        })
    });
    world.publish_all(&events).await;
    worker.wait_for_counter("parked", 1).await;
    worker.wait_for_counter("carried", 2).await;
    let reported = world.store.wait_for_reported(1).await;
    assert_eq!(message(&reported[0]), events[1].to_string().as_bytes());
    assert_eq!((reported[0].reason.as_str(), reported[0].may_pass), ("odd", false));
    worker.stop().await;
    assert_eq!(world.left().await, 0);
    assert_eq!(world.broker.queue_depth(PARKED).await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_understood_is_parked_as_it_came() {
    let (world, worker) = World::with_worker().await;
    let mut newer = edited(id(), 1);
    newer["schema"] = json!(2);
    for (index, body) in (0..).zip(["not JSON".to_owned(), newer.to_string()]) {
        assert!(world.broker.publish("store.events", "order.updated", body.as_bytes()).await);
        let reported = world.store.wait_for_reported(index + 1).await.remove(index);
        assert_eq!(message(&reported), body.as_bytes());
        assert!(!reported.may_pass && !reported.reason.is_empty(), "{reported:?}");
    }
    world.publish_all(&[edited(id(), 1)]).await;
    let counters = worker.wait_for_counter("carried", 1).await;
    assert_eq!((&counters["parked"], &counters["requests"]), (&json!(2), &json!(1)));
    worker.stop().await;
    assert_eq!(world.left().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_request_is_halved_until_the_bad_change_is_alone() {
    let (world, worker) = World::with_worker().await;
    let events: Vec<_> = (0..8).map(|_| edited(id(), 1)).collect();
    as_one_batch(&world, &events).await;
    let bad = events[5]["id"].clone();
    world.warehouse.answer_changes(move |request| {
        let changes = request["changes"].as_array().unwrap();
        match changes.iter().any(|change| change["event_id"] == bad) {
            true => ResponseTemplate::new(422).set_body_json(json!({"detail": "odd"})),
            false => applied(request),
        }
    });
    worker.wait_for_counter("parked", 1).await;
    let counters = worker.wait_for_counter("carried", 8).await;
    assert_eq!(counters["given_back"], 0);
    let reported = world.store.wait_for_reported(1).await;
    assert_eq!(message(&reported[0]), events[5].to_string().as_bytes());
    assert_eq!((reported[0].reason.as_str(), reported[0].may_pass), ("it answered 422: odd", true));
    worker.stop().await;
    assert_eq!(world.left().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_direction_does_not_wait_for_the_other() {
    let (world, worker) = World::with_worker().await;
    world.warehouse.set_ready(503);
    world.warehouse.answer_changes(|_| ResponseTemplate::new(503));
    world.publish_all(&[edited(id(), 1)]).await;
    worker.wait_for_state("waiting for the peer").await;
    let body = packed(id()).to_string();
    assert!(world.broker.publish("warehouse.events", "order.packed", body.as_bytes()).await);
    world.store.wait_for_requests(1).await;
    assert_eq!(worker.direction(TO_STORE).await["state"], "consuming");
    worker.stop().await;
}
