//! Changes that must not be carried are not, and changes that have arrived cause no others.

use e2e_tests::{Stack, Traffic};
use process_kit::lamps_and_bulbs;
use serde_json::json;
use test_kit::TestBroker;

#[tokio::test(flavor = "multi_thread")]
async fn each_change_crosses_once_and_then_both_sides_are_quiet() {
    let broker = TestBroker::new().await;
    let stack = Stack::start(&broker).await;
    let id = stack.store.place(&lamps_and_bulbs()).await;
    stack.agree_on(&id).await;
    stack.store.patch(&id, json!({"address": "2 Side Street"})).await;
    stack.agree_on(&id).await;
    stack.warehouse.patch(&id, json!({"status": "picking"})).await;
    stack.agree_on(&id).await;
    stack.warehouse.patch(&id, json!({"status": "shipped", "tracking": "JD01"})).await;
    stack.agree_on(&id).await;
    let traffic = stack.settled().await;
    // Two changes from the store, two from the warehouse: each recorded once at either side, and
    // carried once by one request.
    let [twice, four_times] = [[2, 2], [4, 4]];
    let expected = Traffic {
        changes: four_times,
        published: twice,
        received: twice,
        applied: twice,
        requests: twice,
    };
    assert_eq!(traffic, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_default_status_never_travels() {
    let broker = TestBroker::new().await;
    let stack = Stack::start(&broker).await;
    let id = stack.store.place(&lamps_and_bulbs()).await;
    stack.agree_on(&id).await;
    // Both sides tell all they know, and at both the order is still placed.
    for side in [&stack.store, &stack.warehouse] {
        side.offer(&id).await;
    }
    let traffic = stack.settled().await;
    assert_eq!((traffic.published, traffic.requests), ([2, 1], [2, 1]));
    for order in stack.agree_on(&id).await {
        assert_eq!(order["revisions"]["progress"], json!({"store": 0, "warehouse": 0}));
        assert_eq!(order["version"], 1, "nothing changed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_edit_never_travels() {
    let broker = TestBroker::new().await;
    let stack = Stack::start(&broker).await;
    let id = stack.store.place(&lamps_and_bulbs()).await;
    stack.agree_on(&id).await;
    let lines = json!([
        {"sku": "BULB", "quantity": 10, "unit_price": 1},
        {"sku": "LAMP", "quantity": 2, "unit_price": 1},
    ]);
    let before = stack.settled().await;
    assert_eq!(stack.store.patch(&id, json!({"lines": lines})).await["total"], 12);
    stack.warehouse.patch(&id, json!({"bin": "B7", "picker_note": "fragile"})).await;
    // Something that does travel, published after them: when it has arrived, they would have.
    stack.store.patch(&id, json!({"comment": "ring twice"})).await;
    stack.agree_on(&id).await;
    let after = stack.settled().await;
    assert_eq!(after.changes, [before.changes[0] + 2, before.changes[1] + 2]);
    assert_eq!(after.received, [before.received[0] + 1, before.received[1]]);
    assert_eq!(after.requests, [before.requests[0] + 1, before.requests[1]]);
}
