//! The table of moves, over HTTP.

use serde_json::json;
use shared_models::order::Status;
use uuid::Uuid;

use crate::samples::{STORE, arrived, arrived_as, settable, warehouse};

/// The statuses to which the warehouse may move an order from each status, as designed.
const MOVES: [(Status, &[Status]); 6] = [
    (Status::Placed, &[Status::Picking, Status::Packed, Status::Shipped, Status::Voided]),
    (Status::Picking, &[Status::Packed, Status::Shipped, Status::Voided]),
    (Status::Packed, &[Status::Shipped, Status::Voided]),
    (Status::Voided, &[]),
    (Status::Shipped, &[Status::Delivered]),
    (Status::Delivered, &[]),
];

#[tokio::test]
async fn every_move_of_the_table_is_made_and_every_other_one_refused() {
    let warehouse = warehouse().await;
    for (from, legal) in MOVES {
        for to in Status::ALL {
            let path = arrived_as(&warehouse.client, Uuid::new_v4(), from).await;
            let before = warehouse.client.get(&path).await;
            let answer = warehouse.client.patch(&path, &json!({ "status": to })).await;
            if from == to {
                assert_eq!(answer.with(200).body, before.body, "{from} to {to}");
            } else if legal.contains(&to) {
                assert_eq!(answer.with(200)["status"], json!(to), "{from} to {to}");
            } else {
                answer.assert_problem(409);
                assert_eq!(answer["legal"], json!(legal), "{from} to {to}");
                assert_eq!(warehouse.client.get(&path).await.body, before.body);
            }
        }
    }
}

#[tokio::test]
async fn a_move_is_one_change_that_waits_to_be_published_under_its_name() {
    let warehouse = warehouse().await;
    for status in ["picking", "packed", "voided", "shipped"] {
        let path = arrived(&warehouse.client).await;
        let before = warehouse.rows().await;
        let answer = warehouse.client.patch(&path, &json!({ "status": status })).await.with(200);
        assert_eq!(answer["revisions"]["progress"], json!({"store": 0, "warehouse": 1}));
        let rows = warehouse.rows().await;
        assert_eq!((rows.changes, rows.outbox), (before.changes + 1, before.outbox + 1));
        let history = crate::samples::history(&warehouse.client, &path).await;
        assert_eq!(history[1]["kind"], format!("order.{status}"));
        assert_eq!(history[1]["event"]["touched"], json!(["progress"]));
    }
}

#[tokio::test]
async fn put_moves_as_patch_does() {
    let warehouse = warehouse().await;
    let path = arrived(&warehouse.client).await;
    let mut body = settable();
    body["status"] = json!("shipped");
    body["carrier"] = json!("Northline");
    let answer = warehouse.client.put(&path, &body).await.with(200);
    assert_eq!((&answer["status"], &answer["carrier"]), (&json!("shipped"), &json!("Northline")));
    body["status"] = json!("picking");
    let answer = warehouse.client.put(&path, &body).await;
    answer.assert_problem(409);
    assert_eq!(answer["legal"], json!(["delivered"]));
}

#[tokio::test]
async fn carrier_and_tracking_come_with_or_after_a_status() {
    let warehouse = warehouse().await;
    let path = arrived(&warehouse.client).await;
    let patch = async |body| warehouse.client.patch(&path, &body).await;
    for field in ["carrier", "tracking"] {
        patch(json!({ field: "Northline" })).await.assert_problem(409);
    }
    assert_eq!(warehouse.rows().await.outbox, 0);
    let answer = patch(json!({"status": "packed", "carrier": "Northline"})).await.with(200);
    assert_eq!((&answer["carrier"], answer.tag()), (&json!("Northline"), "\"2\""));
    patch(json!({"tracking": "NL-1"})).await.with(200);
    patch(json!({"status": "shipped", "tracking": "NL-2"})).await.with(200);
    let answer = patch(json!({"carrier": null})).await.with(200);
    assert_eq!((&answer["carrier"], &answer["tracking"]), (&json!(null), &json!("NL-2")));
}

#[tokio::test]
async fn an_order_that_has_left_keeps_its_delivery() {
    let warehouse = warehouse().await;
    for status in [Status::Voided, Status::Shipped, Status::Delivered] {
        let path = arrived_as(&warehouse.client, Uuid::new_v4(), status).await;
        for patch in [json!({"address": "Elsewhere"}), json!({"comment": "?"})] {
            warehouse.client.patch(&path, &patch).await.assert_problem(409);
        }
        warehouse.client.patch(&path, &json!({"bin": "A7"})).await.with(200);
    }
}

#[tokio::test]
async fn the_delivery_can_be_edited_until_then_also_together_with_the_last_move() {
    let warehouse = warehouse().await;
    for status in [Status::Placed, Status::Picking, Status::Packed] {
        let path = arrived_as(&warehouse.client, Uuid::new_v4(), status).await;
        let patch = json!({"address": "Elsewhere", "deliver_by": "2026-12-24"});
        let answer = warehouse.client.patch(&path, &patch).await.with(200);
        assert_eq!(answer["revisions"]["delivery"], json!({"store": 1, "warehouse": 1}));
        let patch = json!({"address": "Elsewhere 2", "status": "shipped"});
        let answer = warehouse.client.patch(&path, &patch).await.with(200);
        assert_eq!(answer["address"], "Elsewhere 2");
    }
}

#[tokio::test]
async fn orders_are_born_at_the_store() {
    let warehouse = warehouse().await;
    let answer = warehouse.client.post("/v1/orders", &settable()).await;
    answer.assert_problem(405);
    assert_eq!(answer.header("allow"), Some("GET, HEAD"));
    assert!(
        answer["detail"].as_str().unwrap().contains("are created at the store"),
        "{}",
        answer.text
    );
    let unknown = format!("/v1/orders/{}", Uuid::new_v4());
    warehouse.client.put(&unknown, &settable()).await.assert_problem(404);
    warehouse.client.patch(&unknown, &json!({})).await.assert_problem(404);
    assert_eq!(warehouse.rows().await.records, 0);
}

#[tokio::test]
async fn only_the_store_is_listened_to() {
    let warehouse = warehouse().await;
    let nothing: [(); 0] = [];
    assert_eq!(warehouse.client.sync(STORE, &nothing).await.outcomes(), [""; 0]);
    let answer = warehouse.client.sync(STORE.peer(), &nothing).await;
    answer.assert_problem(422);
    assert_eq!(answer.fields(), ["source"]);
}
