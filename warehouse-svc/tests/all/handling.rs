//! The private part of the warehouse: it stays here, and changes that arrive leave it as it is. And
//! lines: the warehouse may send less, but not other kinds, and not nothing.

use serde_json::{Value, json};
use shared_models::order::Status;
use test_kit::{change_of, delivery_to, without};
use uuid::Uuid;

use crate::samples::{STORE, arrived, arrived_as, history, settable, warehouse};

#[tokio::test]
async fn bin_and_picker_note_stay_here() {
    let warehouse = warehouse().await;
    let path = arrived(&warehouse.client).await;
    let before = warehouse.rows().await;
    let patch = json!({"bin": "A7", "picker_note": "fragile"});
    let answer = warehouse.client.patch(&path, &patch).await.with(200);
    assert_eq!((&answer["bin"], &answer["picker_note"]), (&json!("A7"), &json!("fragile")));
    assert_eq!(answer.tag(), "\"2\"");
    let rows = warehouse.rows().await;
    assert_eq!((rows.changes, rows.outbox), (before.changes + 1, before.outbox));
    let history = history(&warehouse.client, &path).await;
    assert_eq!(history[1]["private"], patch);
    assert_eq!(history[1]["event"]["touched"], json!([]));
}

#[tokio::test]
async fn nothing_private_is_in_an_event() {
    let warehouse = warehouse().await;
    let path = arrived(&warehouse.client).await;
    let patch = json!({"bin": "A7", "picker_note": "fragile", "status": "picking"});
    warehouse.client.patch(&path, &patch).await.with(200);
    warehouse.client.patch(&path, &json!({"address": "Elsewhere"})).await.with(200);
    for entry in history(&warehouse.client, &path).await {
        let event = entry["event"].to_string();
        for private in ["bin", "A7", "picker_note", "fragile"] {
            assert!(!event.contains(private), "{event}");
        }
    }
}

#[tokio::test]
async fn what_arrives_leaves_bin_and_picker_note_alone() {
    let warehouse = warehouse().await;
    let id = Uuid::new_v4();
    let path = arrived_as(&warehouse.client, id, Status::Placed).await;
    warehouse.client.patch(&path, &json!({"bin": "A7", "picker_note": "dry"})).await.with(200);
    let change = change_of(id, delivery_to("Elsewhere", 2, 0), None);
    assert_eq!(warehouse.client.sync(STORE, &[change]).await.outcomes(), ["applied"]);
    let order = warehouse.client.get(&path).await;
    assert_eq!((&order["bin"], &order["picker_note"]), (&json!("A7"), &json!("dry")));
    assert_eq!(order["address"], "Elsewhere");
}

#[tokio::test]
async fn put_clears_what_is_left_out_and_patch_what_is_null() {
    let warehouse = warehouse().await;
    let path = arrived(&warehouse.client).await;
    let patch = json!({"bin": "A7", "picker_note": "dry", "comment": "hello"});
    warehouse.client.patch(&path, &patch).await.with(200);
    let answer = warehouse.client.patch(&path, &json!({"bin": null})).await.with(200);
    assert_eq!((&answer["bin"], &answer["picker_note"]), (&Value::Null, &json!("dry")));
    let answer = warehouse.client.put(&path, &settable()).await.with(200);
    for field in ["bin", "picker_note", "comment", "deliver_by", "carrier", "tracking"] {
        assert_eq!(answer[field], Value::Null, "{field}");
    }
    assert_eq!(answer["status"], "placed");
    assert_eq!(warehouse.client.put(&path, &settable()).await.with(200).body, answer.body);
}

#[tokio::test]
async fn the_warehouse_sees_no_prices() {
    let warehouse = warehouse().await;
    let path = arrived(&warehouse.client).await;
    let order = warehouse.client.get(&path).await;
    for field in ["total", "currency"] {
        assert!(order.body.get(field).is_none(), "{field}");
    }
    assert_eq!(order["lines"], settable()["lines"]);
}

#[tokio::test]
async fn a_line_may_be_lowered_raised_and_taken_out() {
    let warehouse = warehouse().await;
    let path = arrived(&warehouse.client).await;
    for lines in [
        json!([{"sku": "bolt", "quantity": 1}, {"sku": "nut", "quantity": 9}]),
        json!([{"sku": "bolt", "quantity": 7}, {"sku": "nut", "quantity": 9}]),
        json!([{"sku": "nut", "quantity": 9}]),
    ] {
        let answer = warehouse.client.patch(&path, &json!({ "lines": lines })).await.with(200);
        assert_eq!(answer["lines"], lines);
    }
    assert_eq!(warehouse.rows().await.outbox, 3);
}

#[tokio::test]
async fn a_line_cannot_be_added_nor_all_be_taken_out() {
    let warehouse = warehouse().await;
    let path = arrived(&warehouse.client).await;
    let before = warehouse.client.get(&path).await;
    let more = json!([{"sku": "bolt", "quantity": 4}, {"sku": "screw", "quantity": 1}]);
    let answer = warehouse.client.patch(&path, &json!({ "lines": more })).await;
    answer.assert_problem(409);
    assert!(answer["detail"].as_str().unwrap().contains("screw"), "{}", answer.text);
    warehouse.client.patch(&path, &json!({"lines": []})).await.assert_refuses(422, "lines");
    let put = without(&settable(), "lines");
    warehouse.client.put(&path, &put).await.assert_refuses(422, "lines");
    assert_eq!(warehouse.client.get(&path).await.body, before.body);
    assert_eq!(warehouse.rows().await.outbox, 0);
}
