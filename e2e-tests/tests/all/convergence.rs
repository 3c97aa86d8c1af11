//! Changes of one side appear at the other.

use e2e_tests::Stack;
use process_kit::lamps_and_bulbs;
use serde_json::{Value, json};
use shared_models::order::limits;
use test_kit::TestBroker;

#[tokio::test(flavor = "multi_thread")]
async fn an_order_placed_at_the_store_appears_at_the_warehouse_without_prices() {
    let broker = TestBroker::new().await;
    let stack = Stack::start(&broker).await;
    let id = stack.store.place(&lamps_and_bulbs()).await;
    let order = stack.order_at(&stack.warehouse, &id, "it is there", |_| true).await;
    assert_eq!(order["company"], "Acme");
    let lines = json!([{"sku": "BULB", "quantity": 10}, {"sku": "LAMP", "quantity": 2}]);
    assert_eq!(order["lines"], lines);
    let changes = stack.warehouse.changes(&id).await;
    let everything = format!("{order} {changes:?}");
    for private in ["price", "total", "currency", "EUR", "1999"] {
        assert!(!everything.contains(private), "{private} is in {everything}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_largest_order_there_can_be_crosses_and_comes_back() {
    let broker = TestBroker::new().await;
    let stack = Stack::start(&broker).await;
    let mut order = lamps_and_bulbs();
    // Four bytes each: a message of several of the frames that RabbitMQ takes.
    let sku = |line| format!("{line:0>3}{}", "𝕏".repeat(limits::SKU - 3));
    let line = |number| json!({"sku": sku(number), "quantity": 1, "unit_price": 5});
    order["lines"] = (0..limits::LINES).map(line).collect();
    order["address"] = "𝕏".repeat(limits::ADDRESS).into();
    let id = stack.store.place(&order).await;
    stack.order_at(&stack.warehouse, &id, "it is there", |_| true).await;
    stack.warehouse.patch(&id, json!({"status": "picking"})).await;
    let picking = |order: &Value| order["status"] == "picking";
    stack.order_at(&stack.store, &id, "it is being picked", picking).await;
    let [store, _] = stack.agree_on(&id).await;
    assert_eq!(store["lines"], order["lines"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_warehouse_ships_the_store_shows_with_its_tracking() {
    let broker = TestBroker::new().await;
    let stack = Stack::start(&broker).await;
    let id = stack.store.place(&lamps_and_bulbs()).await;
    stack.order_at(&stack.warehouse, &id, "it is there", |_| true).await;
    let shipped = json!({"status": "shipped", "carrier": "DHL", "tracking": "JD01"});
    stack.warehouse.patch(&id, shipped).await;
    let is_shipped = |order: &Value| order["status"] == "shipped";
    let order = stack.order_at(&stack.store, &id, "it is shipped", is_shipped).await;
    assert_eq!((&order["carrier"], &order["tracking"]), (&json!("DHL"), &json!("JD01")));
    assert_eq!(order["total"], 6498, "the store's own part is as it was");
    stack.agree_on(&id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_edited_on_either_side_reaches_the_other() {
    let broker = TestBroker::new().await;
    let stack = Stack::start(&broker).await;
    let id = stack.store.place(&lamps_and_bulbs()).await;
    stack.agree_on(&id).await;
    stack.store.patch(&id, json!({"address": "2 Side Street"})).await;
    let moved = |address: &'static str| move |order: &Value| order["address"] == address;
    stack.order_at(&stack.warehouse, &id, "the store's edit", moved("2 Side Street")).await;
    stack.warehouse.patch(&id, json!({"address": "Gate 3"})).await;
    stack.order_at(&stack.store, &id, "the warehouse's edit", moved("Gate 3")).await;
    let [store, _] = stack.agree_on(&id).await;
    assert_eq!(store["revisions"]["delivery"], json!({"store": 2, "warehouse": 1}));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quantity_lowered_at_the_warehouse_totals_the_stores_order_anew() {
    let broker = TestBroker::new().await;
    let stack = Stack::start(&broker).await;
    let id = stack.store.place(&lamps_and_bulbs()).await;
    stack.agree_on(&id).await;
    stack.warehouse.patch(&id, json!({"lines": [{"sku": "LAMP", "quantity": 1}]})).await;
    let one_lamp = |order: &Value| order["total"] == 1999;
    let order = stack.order_at(&stack.store, &id, "its total is of one lamp", one_lamp).await;
    let lines = json!([{"sku": "LAMP", "quantity": 1, "unit_price": 1999}]);
    assert_eq!(order["lines"], lines);
    stack.agree_on(&id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_voided_at_the_store_is_voided_at_the_warehouse() {
    let broker = TestBroker::new().await;
    let stack = Stack::start(&broker).await;
    let id = stack.store.place(&lamps_and_bulbs()).await;
    stack.agree_on(&id).await;
    stack.store.void(&id).await;
    let voided = |order: &Value| order["status"] == "voided";
    stack.order_at(&stack.warehouse, &id, "it is voided", voided).await;
    stack.agree_on(&id).await;
}
