//! Parking: a change that cannot be carried is kept at the side it came from, and settled through
//! the worker.

use e2e_tests::Stack;
use process_kit::secured::client;
use process_kit::{lamps_and_bulbs, unbelievable};
use serde_json::{Value, json};
use test_kit::{TestBroker, TestClient, eventually};

/// Waits until this many changes in a state are kept at both sides together, and returns them.
async fn kept(worker: &TestClient, state: &str, count: usize) -> Vec<Value> {
    eventually(&format!("{count} are {state}"), async || {
        let (mut next, mut items) = (Some(format!("/v1/parked?state={state}")), vec![]);
        while let Some(path) = next {
            let page = worker.get(&path).await.with(200).body;
            items.extend(page["items"].as_array().unwrap().clone());
            next = page["next"].as_str().map(str::to_owned);
        }
        (items.len() == count).then_some(items)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_carried_is_kept_at_its_source_until_it_is_replayed_or_dropped() {
    let broker = TestBroker::new().await;
    let stack = Stack::start(&broker).await;
    let worker = client(stack.worker.url());
    let order = stack.store.place(&lamps_and_bulbs()).await;
    stack.agree_on(&order).await;
    let odd = unbelievable(&order);
    assert!(broker.publish("store.events", "order.updated", odd.to_string().as_bytes()).await);
    for exchange in ["store.events", "warehouse.events"] {
        assert!(broker.publish(exchange, "order.updated", b"not JSON").await);
    }
    let parked = kept(&worker, "parked", 3).await;
    let sides: Vec<_> = parked.iter().map(|it| it["side"].as_str().unwrap()).collect();
    assert_eq!(sides, ["store", "store", "warehouse"]);
    let listing = worker.get("/v1/directions").await.with(200);
    let counts = [0, 1].map(|index| listing["directions"][index]["source"]["parked"].clone());
    assert_eq!(counts, [json!(2), json!(1)]);
    let (readable, junk): (Vec<_>, Vec<_>) = parked.iter().partition(|it| it["id"] == odd["id"]);
    assert_eq!((&readable[0]["order_id"], &readable[0]["body"]), (&json!(order), &odd));
    assert!(readable[0]["reason"].as_str().unwrap().contains("the store creates orders"));
    let ids: Vec<_> = junk.iter().map(|it| &it["id"]).collect();
    assert!(junk.iter().all(|it| it["body"] == "not JSON" && it["offer_at"] == Value::Null));

    // Each is known to one side only; one of them cannot be offered again, nor can its fellow.
    let all = json!({"ids": [odd["id"], ids[0], ids[1]]});
    let replayed = worker.post("/v1/parked/replay", &all).await.with(200).body;
    assert_eq!(replayed["changed"], 1, "{replayed}");
    let left = replayed["left"].as_array().unwrap();
    let can_be_dropped = |it: &Value| it["reason"].as_str().unwrap().contains("only be dropped");
    assert!(left.len() == 2 && left.iter().all(can_be_dropped), "{replayed}");
    let offered = kept(&worker, "offered", 1).await;
    assert_eq!(offered[0]["id"], odd["id"]);
    stack.agree_on(&order).await;

    let dropped = worker.post("/v1/parked/drop", &json!({"all": true})).await.with(200).body;
    assert_eq!(dropped["changed"], 2, "{dropped}");
    kept(&worker, "parked", 0).await;
    kept(&worker, "dropped", 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_parked_while_its_source_is_away_is_kept_there_when_it_is_back() {
    let broker = TestBroker::new().await;
    let mut stack = Stack::start(&broker).await;
    let worker = client(stack.worker.url());
    stack.store_svc.kill().await;
    assert!(broker.publish("store.events", "order.updated", b"not JSON").await);
    let held = async || {
        let held = broker.queue_depth("sync.store-to-warehouse.parked").await;
        (held == Some(1)).then_some(())
    };
    eventually("RabbitMQ holds it", held).await;
    worker.get("/v1/parked").await.assert_problem(503);
    stack.store_svc.start().await;
    stack.ready().await;
    let kept = kept(&worker, "parked", 1).await;
    assert_eq!((&kept[0]["side"], &kept[0]["body"]), (&json!("store"), &json!("not JSON")));
}
