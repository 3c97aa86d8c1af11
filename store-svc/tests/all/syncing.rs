//! Changes of the warehouse that arrive at the store: progress, quantities, and prices that stay.

use serde_json::{Value, json};
use shared_models::order::{Delivery, Facet, Line, Status};
use shared_models::side::Side;
use shared_models::sync::OrderChange;
use test_kit::{TestClient, change_of, delivery_to, progress_to};
use uuid::Uuid;

use crate::samples::{delivery_as_placed, order_under, placed, store};

const WAREHOUSE: Side = Side::Warehouse;

async fn place_under(client: &TestClient, id: Uuid) -> String {
    placed(client, &order_under(id)).await.0
}

fn lines(lines: &[(&str, u32)], store: u32, warehouse: u32) -> Facet<Delivery> {
    let mut delivery = delivery_to("1 Quay Street", store, warehouse);
    let line = |(sku, quantity): &(&str, u32)| Line { sku: (*sku).into(), quantity: *quantity };
    delivery.value.lines = lines.iter().map(line).collect();
    delivery
}

fn shipped(id: Uuid) -> OrderChange {
    let mut progress = progress_to(Status::Shipped, 0, 1);
    progress.value.carrier = Some("Northline".into());
    progress.value.tracking = Some("NL-1".into());
    change_of(id, delivery_as_placed(), Some(progress))
}

#[tokio::test]
async fn what_the_warehouse_shipped_is_shown_with_its_tracking() {
    let store = store().await;
    let id = Uuid::new_v4();
    let path = place_under(&store.client, id).await;
    let before = store.rows().await;
    let change = shipped(id);
    let answer = store.client.sync(WAREHOUSE, std::slice::from_ref(&change)).await;
    assert_eq!(answer["results"], json!([{"event_id": change.event_id, "outcome": "applied"}]));
    let order = store.client.get(&path).await;
    assert_eq!((&order["status"], &order["version"]), (&json!("shipped"), &json!(2)));
    assert_eq!((&order["carrier"], &order["tracking"]), (&json!("Northline"), &json!("NL-1")));
    assert_eq!((&order["total"], &order["comment"]), (&json!(1_891), &json!("ring twice")));
    let rows = store.rows().await;
    assert_eq!((rows.changes, rows.outbox), (before.changes + 1, before.outbox));
}

#[tokio::test]
async fn quantities_that_the_warehouse_lowered_make_a_new_total() {
    let store = store().await;
    let id = Uuid::new_v4();
    let path = place_under(&store.client, id).await;
    let change = change_of(id, lines(&[("bolt", 1), ("nut", 9)], 1, 1), None);
    assert_eq!(store.client.sync(WAREHOUSE, &[change]).await.outcomes(), ["applied"]);
    let order = store.client.get(&path).await;
    assert_eq!(order["total"], 250 + 9 * 99);
    let change = change_of(id, lines(&[("nut", 2)], 1, 2), None);
    assert_eq!(store.client.sync(WAREHOUSE, &[change]).await.outcomes(), ["applied"]);
    let order = store.client.get(&path).await;
    let line = json!({"sku": "nut", "quantity": 2, "unit_price": 99});
    assert_eq!((&order["total"], &order["lines"]), (&json!(198), &json!([line])));
    assert_eq!(order["currency"], "EUR");
}

#[tokio::test]
async fn the_stores_edit_stands_over_a_concurrent_one_and_both_are_on_record() {
    let store = store().await;
    let id = Uuid::new_v4();
    let path = place_under(&store.client, id).await;
    store.client.patch(&path, &json!({"address": "Here"})).await.with(200);
    let change = change_of(id, delivery_to("There", 1, 1), None);
    assert_eq!(store.client.sync(WAREHOUSE, &[change]).await.outcomes(), ["merged"]);
    let order = store.client.get(&path).await;
    assert_eq!(order["address"], "Here");
    assert_eq!(order["revisions"]["delivery"], json!({"store": 2, "warehouse": 1}));
    let history = store.client.get(&format!("{path}/changes")).await;
    let entry = &history["items"][2];
    let conflict = &entry["conflicts"][0];
    assert_eq!((&entry["origin"], &conflict["facet"]), (&json!("warehouse"), &json!("delivery")));
    assert_eq!(conflict["cause"], "concurrent");
    assert_eq!(conflict["kept"]["address"], "Here");
    assert_eq!(conflict["lost"]["address"], "There");
}

#[tokio::test]
async fn a_line_that_comes_back_has_its_price_again() {
    let store = store().await;
    let id = Uuid::new_v4();
    let path = place_under(&store.client, id).await;
    let without_bolts = change_of(id, lines(&[("nut", 9)], 1, 1), None);
    store.client.sync(WAREHOUSE, &[without_bolts]).await.with(200);
    store.client.patch(&path, &json!({"comment": "no bolts?"})).await.with(200);
    let with_bolts = change_of(id, lines(&[("bolt", 2), ("nut", 9)], 2, 2), None);
    store.client.sync(WAREHOUSE, &[with_bolts]).await.with(200);
    assert_eq!(store.client.get(&path).await["total"], 2 * 250 + 9 * 99);
}

#[tokio::test]
async fn an_order_that_was_lost_here_comes_back_without_prices() {
    let store = store().await;
    let id = Uuid::new_v4();
    assert_eq!(store.client.sync(WAREHOUSE, &[shipped(id)]).await.outcomes(), ["applied"]);
    let order = store.client.get(&format!("/v1/orders/{id}")).await.with(200);
    assert_eq!((&order["status"], &order["version"]), (&json!("shipped"), &json!(1)));
    assert_eq!((&order["total"], &order["currency"]), (&Value::Null, &Value::Null));
    let prices = order["lines"].as_array().unwrap().iter().map(|line| &line["unit_price"]);
    assert!(prices.eq([&Value::Null, &Value::Null]));
    let rows = store.rows().await;
    assert_eq!((rows.records, rows.changes, rows.outbox), (1, 1, 0));
    // Its prices can be told again; what was placed under its id before is not known any more.
    store.client.post("/v1/orders", &order_under(id)).await.assert_problem(409);
    let lines = json!([
        {"sku": "bolt", "quantity": 4, "unit_price": 1},
        {"sku": "nut", "quantity": 9, "unit_price": 1},
    ]);
    let patch = json!({"currency": "EUR", "lines": lines});
    let order = store.client.patch(&format!("/v1/orders/{id}"), &patch).await.with(200);
    assert_eq!((&order["total"], store.rows().await.outbox), (&json!(13), 0));
}

#[tokio::test]
async fn an_order_that_came_back_can_be_voided() {
    let store = store().await;
    let id = Uuid::new_v4();
    let change = change_of(id, delivery_to("1 Quay Street", 1, 0), None);
    assert_eq!(store.client.sync(WAREHOUSE, &[change]).await.outcomes(), ["applied"]);
    let order = store.client.delete(&format!("/v1/orders/{id}")).await.with(200);
    assert_eq!((&order["status"], store.rows().await.outbox), (&json!("voided"), 1));
}

#[tokio::test]
async fn an_order_that_came_back_can_be_set_without_its_prices() {
    let store = store().await;
    let id = Uuid::new_v4();
    let delivery = delivery_to("1 Quay Street", 1, 0);
    store.client.sync(WAREHOUSE, &[change_of(id, delivery, None)]).await.with(200);
    let path = format!("/v1/orders/{id}");
    store.client.patch(&path, &json!({"currency": ""})).await.assert_refuses(422, "currency");
    let bolt = json!({"sku": "bolt", "quantity": 4});
    let new = json!({"lines": [bolt, {"sku": "gear", "quantity": 1}]});
    store.client.patch(&path, &new).await.assert_refuses(422, "lines[1].unit_price");
    let priced = json!({"lines": [{"sku": "bolt", "quantity": 4, "unit_price": 250}]});
    store.client.patch(&path, &priced).await.with(200);
    let unpriced = json!({ "lines": [bolt] });
    store.client.patch(&path, &unpriced).await.assert_refuses(422, "lines[0].unit_price");
    let order = store.client.patch(&path, &json!({"status": "voided"})).await.with(200);
    assert_eq!((&order["status"], &order["currency"]), (&json!("voided"), &Value::Null));
    assert_eq!(order["total"], 1_000);
}

#[tokio::test]
async fn only_the_warehouse_is_listened_to() {
    let store = store().await;
    let answer = store.client.sync(Side::Store, &[shipped(Uuid::new_v4())]).await;
    answer.assert_problem(422);
    assert_eq!(answer.fields(), ["source"]);
    assert_eq!(store.rows().await.records, 0);
}

#[tokio::test]
async fn a_retry_of_the_placing_request_finds_what_the_warehouse_changed() {
    let store = store().await;
    let id = Uuid::new_v4();
    place_under(&store.client, id).await;
    store.client.sync(WAREHOUSE, &[shipped(id)]).await.with(200);
    let again = store.client.post("/v1/orders", &order_under(id)).await.with(200);
    assert_eq!(again["status"], "shipped");
}

#[tokio::test]
async fn what_is_unknown_here_is_passed_on_after_an_edit_too() {
    let store = store().await;
    let id = Uuid::new_v4();
    let path = place_under(&store.client, id).await;
    let mut change = json!(change_of(id, delivery_to("1 Quay Street", 1, 1), None));
    change["delivery"]["priority"] = json!({"of": ["a", null]});
    assert_eq!(store.client.sync(WAREHOUSE, &[change]).await.outcomes(), ["applied"]);
    store.client.patch(&path, &json!({"comment": "by hand"})).await.with(200);
    store.client.put(&path, &crate::samples::order()).await.with(200);
    store.client.delete(&path).await.with(200);
    let history = store.client.get(&format!("{path}/changes")).await;
    for entry in &history["items"].as_array().unwrap()[1..] {
        assert_eq!(entry["event"]["delivery"]["priority"], json!({"of": ["a", null]}));
    }
}
