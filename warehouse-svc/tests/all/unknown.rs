//! Fields of a facet that this version does not know: they are kept and passed on.

use serde_json::{Value, json};
use shared_models::order::Status;
use test_kit::{change_of, delivery_to, progress_to};
use uuid::Uuid;

use crate::samples::{ORDERS, STORE, history, settable, warehouse};

fn change_with(order_id: Uuid, unknown: &Value) -> Value {
    let progress = Some(progress_to(Status::Packed, 0, 1));
    let mut change = json!(change_of(order_id, delivery_to("1 Quay Street", 1, 0), progress));
    change["delivery"]["priority"] = unknown.clone();
    change["progress"]["parcels"] = unknown.clone();
    change
}

#[tokio::test]
async fn what_is_unknown_is_in_every_event_also_after_an_edit_here() {
    let warehouse = warehouse().await;
    for unknown in [json!("high"), json!(null), json!({"of": [[1.5], "é", {"a": null}]})] {
        let id = Uuid::new_v4();
        let path = format!("{ORDERS}/{id}");
        let answer = warehouse.client.sync(STORE, &[change_with(id, &unknown)]).await;
        assert_eq!(answer.outcomes(), ["applied"]);
        warehouse.client.patch(&path, &json!({"address": "Elsewhere"})).await.with(200);
        warehouse.client.put(&path, &settable()).await.with(200);
        warehouse.client.patch(&path, &json!({"status": "shipped"})).await.with(200);
        let history = history(&warehouse.client, &path).await;
        assert_eq!(history.len(), 4);
        for entry in history {
            assert_eq!(entry["event"]["delivery"].get("priority"), Some(&unknown));
            assert_eq!(entry["event"]["progress"].get("parcels"), Some(&unknown));
        }
    }
}

#[tokio::test]
async fn what_is_unknown_is_not_shown_and_cannot_be_set() {
    let warehouse = warehouse().await;
    let id = Uuid::new_v4();
    let path = format!("{ORDERS}/{id}");
    warehouse.client.sync(STORE, &[change_with(id, &json!("high"))]).await.with(200);
    assert!(warehouse.client.get(&path).await.body.get("priority").is_none());
    let answer = warehouse.client.patch(&path, &json!({"priority": "low"})).await;
    answer.assert_refuses(422, "priority");
}

#[tokio::test]
async fn what_is_unknown_must_be_storable_too() {
    let warehouse = warehouse().await;
    let large = json!("x".repeat(17_000));
    for unknown in [json!("a\0b"), json!({"\0": 1}), json!([[{"a": "\0"}]]), large] {
        let change = change_with(Uuid::new_v4(), &unknown);
        assert_eq!(warehouse.client.sync(STORE, &[change]).await.outcomes(), ["rejected"]);
    }
    let mut change = change_with(Uuid::new_v4(), &json!(1));
    change["delivery"]["lines"][0]["colour"] = json!("red");
    assert_eq!(warehouse.client.sync(STORE, &[change]).await.outcomes(), ["rejected"]);
    assert_eq!(warehouse.rows().await.records, 0);
}
