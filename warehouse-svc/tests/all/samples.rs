//! Requests to a warehouse, and orders that arrive there.

use std::time::Duration;

use serde_json::{Value, json};
use shared_models::order::Status;
use shared_models::side::Side;
use test_kit::{
    Answer, TestClient, TestDatabase, TestService, change_of, delivery_to, eventually_within,
    progress_to,
};
use uuid::Uuid;
use warehouse_svc::{PROGRAM, records};

pub(crate) const STORE: Side = Side::Store;
pub(crate) const ORDERS: &str = "/v1/orders";

pub(crate) async fn warehouse() -> TestService {
    TestService::start(PROGRAM.name, records()).await
}

/// Brings an order of four bolts and nine nuts from the store; returns its path.
pub(crate) async fn arrived(client: &TestClient) -> String {
    arrived_as(client, Uuid::new_v4(), Status::Placed).await
}

/// Brings the same order, under this id and with this status.
pub(crate) async fn arrived_as(client: &TestClient, id: Uuid, status: Status) -> String {
    let progress = (!status.is_default()).then(|| progress_to(status, 0, 1));
    let change = change_of(id, delivery_to("1 Quay Street", 1, 0), progress);
    assert_eq!(client.sync(STORE, &[change]).await.outcomes(), ["applied"]);
    format!("{ORDERS}/{id}")
}

/// The fields of such an order that a caller may set, as it arrives.
pub(crate) fn settable() -> Value {
    json!({
        "company": "Harbour Tools",
        "address": "1 Quay Street",
        "lines": [{"sku": "bolt", "quantity": 4}, {"sku": "nut", "quantity": 9}],
    })
}

/// Returns the entries of an order's history.
pub(crate) async fn history(client: &TestClient, path: &str) -> Vec<Value> {
    let answer: Answer = client.get(&format!("{path}/changes")).await.with(200);
    answer["items"].as_array().unwrap().clone()
}

/// The time in which a service looks for removed records twice: when it starts, and a minute later. It
/// purges none at the first look if a transaction elsewhere on the server keeps their changes from being
/// passed by trimming.
const TWO_LOOKS: Duration = Duration::from_secs(90);

/// Waits until the whole log is passed by trimming, and no removed row is left of what `removed` counts.
pub(crate) async fn purged(database: &TestDatabase, removed: &[&str]) {
    let not_passed = "changes, log_state where (xid, seq) > (trimmed_xid, trimmed_seq)";
    eventually_within(TWO_LOOKS, "what was removed is purged", async || {
        let mut left = database.count(not_passed).await;
        for rows in removed {
            left += database.count(rows).await;
        }
        (left == 0).then_some(())
    })
    .await;
}
