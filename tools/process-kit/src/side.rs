//! One of the two sides, as a caller sees it.

use serde_json::{Value, json};
use test_kit::TestClient;

use crate::secured::client;

/// The REST API of a side. What is asked of it is to succeed.
#[derive(Clone, Debug)]
pub struct Side {
    client: TestClient,
}

impl Side {
    /// The side at a URL.
    #[must_use]
    pub fn new(url: &str) -> Self {
        Self { client: client(url) }
    }

    /// Places an order and gives its id.
    pub async fn place(&self, order: &Value) -> String {
        let placed = self.client.post("/v1/orders", order).await.with(201);
        placed["id"].as_str().unwrap().to_owned()
    }

    /// Patches an order.
    pub async fn patch(&self, id: &str, patch: Value) -> Value {
        self.client.patch(&path(id), &patch).await.with(200).body
    }

    /// Voids an order.
    pub async fn void(&self, id: &str) -> Value {
        self.client.delete(&path(id)).await.with(200).body
    }

    /// Asks for an offer of one order.
    pub async fn offer(&self, id: &str) {
        self.client.post("/v1/sync/offer", &json!({"ids": [id]})).await.with(202);
    }

    /// An order, if it is there.
    pub async fn order(&self, id: &str) -> Option<Value> {
        let answer = self.client.get(&path(id)).await;
        match answer.status {
            404 => None,
            _ => Some(answer.with(200).body),
        }
    }

    /// The changes of an order, oldest first.
    pub async fn changes(&self, id: &str) -> Vec<Value> {
        let page = self.client.get(&format!("{}/changes", path(id))).await.with(200);
        page["items"].as_array().unwrap().clone()
    }
}

fn path(id: &str) -> String {
    format!("/v1/orders/{id}")
}

/// An order to place, of two lines.
#[must_use]
pub fn lamps_and_bulbs() -> Value {
    json!({
        "company": "Acme", "address": "1 Main Street", "currency": "EUR",
        "lines": [
            {"sku": "BULB", "quantity": 10, "unit_price": 250},
            {"sku": "LAMP", "quantity": 2, "unit_price": 1999},
        ],
    })
}

/// An event that the warehouse rejects: orders are created at the store only.
#[must_use]
pub fn unbelievable(order: &str) -> Value {
    json!({
        "schema": 1, "id": "018f6b6e-2f0c-7cc0-8000-0000000000ff", "kind": "order.updated",
        "origin": "store", "order_id": order, "version": 1, "at": "2026-11-20T10:00:00Z",
        "touched": ["delivery"],
        "delivery": {
            "revision": {"store": 0, "warehouse": 1}, "company": "Acme", "address": "A",
            "deliver_by": null, "comment": null, "lines": [{"sku": "LAMP", "quantity": 1}],
        },
        "progress": {
            "revision": {"store": 0, "warehouse": 0}, "status": "placed", "carrier": null,
            "tracking": null,
        },
    })
}

/// The content of an order that both sides are to show alike.
#[must_use]
pub fn shared(order: &Value) -> Value {
    let mut shared = order.clone();
    let fields = shared.as_object_mut().unwrap();
    let private = ["currency", "total", "bin", "picker_note"];
    for field in private.into_iter().chain(["version", "created_at", "updated_at"]) {
        fields.remove(field);
    }
    for line in fields["lines"].as_array_mut().unwrap() {
        line.as_object_mut().unwrap().remove("unit_price");
    }
    shared
}
