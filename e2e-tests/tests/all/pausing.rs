//! Pausing and resuming a direction through the worker; the pause is kept at the source.

use e2e_tests::Stack;
use process_kit::lamps_and_bulbs;
use process_kit::secured::client;
use serde_json::{Value, json};
use test_kit::{TestBroker, TestClient, eventually};

async fn ask(worker: &TestClient, direction: &str, what: &str) -> Value {
    let path = format!("/v1/directions/{direction}/{what}");
    worker.post(&path, &json!(null)).await.with(200).body
}

/// Waits until the source of the first direction reports this state.
async fn source_is(worker: &TestClient, state: &str) -> Value {
    eventually(&format!("the store tells that it is {state}"), async || {
        let listing = worker.get("/v1/directions").await.with(200);
        let source = listing["directions"][0]["source"].clone();
        (source["state"] == state).then_some(source)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_direction_carries_nothing_until_it_is_resumed_and_the_other_goes_on() {
    let broker = TestBroker::new().await;
    let mut stack = Stack::start(&broker).await;
    let worker = client(stack.worker.url());
    let before = stack.store.place(&lamps_and_bulbs()).await;
    stack.agree_on(&before).await;
    ask(&worker, "store-to-warehouse", "pause").await;
    source_is(&worker, "paused").await;
    let placed = stack.store.place(&lamps_and_bulbs()).await;
    // The other direction goes on.
    stack.warehouse.patch(&before, json!({"status": "picking"})).await;
    stack.agree_on(&before).await;
    // It holds for a worker and a store that are started again.
    stack.worker.kill().await;
    stack.store_svc.kill().await;
    stack.store_svc.start().await;
    stack.worker.start().await;
    stack.ready().await;
    let source = source_is(&worker, "paused").await;
    assert_eq!(source["waiting"], 1);
    assert_eq!(stack.warehouse.order(&placed).await, None);
    ask(&worker, "store-to-warehouse", "resume").await;
    stack.agree_on(&placed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_direction_that_there_is_can_be_paused_and_only_while_its_source_is_there() {
    let broker = TestBroker::new().await;
    let mut stack = Stack::start(&broker).await;
    let worker = client(stack.worker.url());
    let unknown = worker.post("/v1/directions/up/pause", &json!(null)).await;
    unknown.assert_problem(404);
    assert!(unknown.text.contains("store-to-warehouse, warehouse-to-store"), "{}", unknown.text);
    worker.get("/v1/directions/store-to-warehouse/pause").await.assert_problem(405);
    stack.warehouse_svc.kill().await;
    let away = worker.post("/v1/directions/warehouse-to-store/pause", &json!(null)).await;
    away.assert_problem(503);
    assert!(away.text.contains("warehouse"), "{}", away.text);
}
