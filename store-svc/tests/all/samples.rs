//! Requests to a store, and orders to place there.

use serde_json::{Value, json};
use shared_models::order::{Delivery, Facet};
use store_svc::{PROGRAM, records};
use test_kit::{Answer, TestClient, TestService, delivery_to};
use uuid::Uuid;

pub(crate) const ORDERS: &str = "/v1/orders";

pub(crate) async fn store() -> TestService {
    TestService::start(PROGRAM.name, records()).await
}

/// An order of four bolts and nine nuts for 18.91 EUR.
pub(crate) fn order() -> Value {
    json!({
        "company": "Harbour Tools",
        "address": "1 Quay Street",
        "deliver_by": "2026-12-31",
        "comment": "ring twice",
        "currency": "EUR",
        "lines": [
            {"sku": "bolt", "quantity": 4, "unit_price": 250},
            {"sku": "nut", "quantity": 9, "unit_price": 99},
        ],
    })
}

/// The delivery of that order, as the warehouse knows it.
pub(crate) fn delivery_as_placed() -> Facet<Delivery> {
    let mut delivery = delivery_to("1 Quay Street", 1, 0);
    delivery.value.deliver_by = "2026-12-31".parse().ok();
    delivery.value.comment = Some("ring twice".to_owned());
    delivery
}

/// The same order with fields of its own.
pub(crate) fn order_with(fields: &Value) -> Value {
    let mut order = order();
    for (name, value) in fields.as_object().unwrap() {
        order[name] = value.clone();
    }
    order
}

/// The same order under an id that the caller chose.
pub(crate) fn order_under(id: Uuid) -> Value {
    order_with(&json!({"id": id}))
}

/// Places the order; returns its path, and the answer.
pub(crate) async fn place(client: &TestClient) -> (String, Answer) {
    placed(client, &order()).await
}

/// Places an order; returns its path, and the answer.
pub(crate) async fn placed(client: &TestClient, order: &Value) -> (String, Answer) {
    let answer = client.post(ORDERS, order).await.with(201);
    (answer.header("location").unwrap().to_owned(), answer)
}
