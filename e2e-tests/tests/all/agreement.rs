//! Concurrent edits at both sides: both end equal, and no edit disappears without a record.

use e2e_tests::Stack;
use process_kit::lamps_and_bulbs;
use serde_json::{Value, json};
use test_kit::TestBroker;

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_edits_end_equal_and_leave_a_conflict_in_the_record() {
    let broker = TestBroker::new().await;
    let mut stack = Stack::start(&broker).await;
    let id = stack.store.place(&lamps_and_bulbs()).await;
    stack.agree_on(&id).await;
    stack.worker.stop().await;
    stack.store.patch(&id, json!({"comment": "ring twice"})).await;
    stack.warehouse.patch(&id, json!({"comment": "leave at the gate"})).await;
    stack.worker.start().await;
    let orders = stack.agree_on(&id).await;
    assert_eq!(orders[0]["comment"], "ring twice", "the store breaks ties of delivery");
    for side in [&stack.store, &stack.warehouse] {
        let conflicts = conflicts(&side.changes(&id).await);
        assert_eq!(conflicts.len(), 1, "{conflicts:?}");
        let conflict = &conflicts[0];
        assert_eq!(conflict["facet"], "delivery");
        assert_eq!(conflict["cause"], "concurrent");
        assert_eq!(conflict["kept"]["comment"], "ring twice");
        assert_eq!(conflict["lost"]["comment"], "leave at the gate");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_was_voided_and_shipped_at_once_is_shipped() {
    let broker = TestBroker::new().await;
    let mut stack = Stack::start(&broker).await;
    let id = stack.store.place(&lamps_and_bulbs()).await;
    stack.agree_on(&id).await;
    stack.worker.stop().await;
    stack.store.void(&id).await;
    stack.warehouse.patch(&id, json!({"status": "shipped", "carrier": "DHL"})).await;
    stack.worker.start().await;
    let orders = stack.agree_on(&id).await;
    assert_eq!(orders[0]["status"], "shipped", "the higher rank stands");
    let lost = conflicts(&stack.store.changes(&id).await);
    assert_eq!(lost[0]["lost"]["status"], "voided", "and the void is in the record");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_that_arrives_after_shipping_is_recorded_as_late() {
    let broker = TestBroker::new().await;
    let mut stack = Stack::start(&broker).await;
    let id = stack.store.place(&lamps_and_bulbs()).await;
    stack.agree_on(&id).await;
    stack.worker.stop().await;
    stack.store.patch(&id, json!({"address": "2 Side Street"})).await;
    stack.warehouse.patch(&id, json!({"status": "shipped"})).await;
    stack.worker.start().await;
    let orders = stack.agree_on(&id).await;
    assert_eq!(orders[1]["address"], "2 Side Street");
    let late = conflicts(&stack.warehouse.changes(&id).await);
    assert_eq!(late[0]["cause"], "late");
    assert_eq!(late[0]["lost"]["address"], "1 Main Street");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_was_put_back_at_one_side_and_edited_again_ends_equal_and_is_recorded() {
    let broker = TestBroker::new().await;
    let mut stack = Stack::start(&broker).await;
    let id = stack.store.place(&lamps_and_bulbs()).await;
    stack.agree_on(&id).await;
    stack.store_runs("create table backup as select * from orders").await;
    stack.store.patch(&id, json!({"comment": "the lost one"})).await;
    stack.agree_on(&id).await;
    stack.worker.stop().await;
    stack
        .store_runs(
            "update orders set delivery = backup.delivery, version = backup.version
             from backup where orders.id = backup.id",
        )
        .await;
    stack.store.patch(&id, json!({"comment": "an edit after it"})).await;
    let revisions = [&stack.store, &stack.warehouse].map(|side| side.order(&id));
    let [store, warehouse] = revisions.map(|order| async { order.await.unwrap() });
    let (store, warehouse) = (store.await, warehouse.await);
    assert_eq!(store["revisions"], warehouse["revisions"]);
    assert_ne!(store["comment"], warehouse["comment"], "one revision, two contents");
    stack.worker.start().await;
    let decided = |order: &Value| order["revisions"]["delivery"]["warehouse"] == 1;
    stack.order_at(&stack.store, &id, "the decision is heard of", decided).await;
    let orders = stack.agree_on(&id).await;
    assert_eq!(orders[0]["comment"], "the lost one", "of two contents the larger text stands");
    let conflicts = conflicts(&stack.warehouse.changes(&id).await);
    assert_eq!(conflicts.len(), 1, "{conflicts:?}");
    assert_eq!(conflicts[0]["cause"], "diverged");
    assert_eq!(conflicts[0]["kept"]["comment"], "the lost one");
    assert_eq!(conflicts[0]["lost"]["comment"], "an edit after it");
}

fn conflicts(changes: &[Value]) -> Vec<Value> {
    let all = changes.iter().flat_map(|change| change["conflicts"].as_array().unwrap());
    all.cloned().collect()
}
