//! Replacing an order with `PUT`.

use serde_json::{Value, json};
use test_kit::without;
use uuid::Uuid;

use crate::samples::{order, order_with, place, store};

#[tokio::test]
async fn what_is_left_out_becomes_null() {
    let store = store().await;
    let (path, _) = place(&store.client).await;
    let least = without(&without(&order(), "comment"), "deliver_by");
    let answer = store.client.put(&path, &least).await.with(200);
    assert_eq!((&answer["comment"], &answer["deliver_by"]), (&Value::Null, &Value::Null));
    assert_eq!((answer.tag(), &answer["version"]), ("\"2\"", &json!(2)));
    assert_eq!(answer["revisions"]["delivery"], json!({"store": 2, "warehouse": 0}));
    assert_eq!(store.client.get(&path).await.body, answer.body);
}

#[tokio::test]
async fn all_that_a_caller_may_set_is_set() {
    let store = store().await;
    let (path, _) = place(&store.client).await;
    let other = json!({
        "company": "Mill & Sons",
        "address": "Elsewhere 7",
        "deliver_by": "2027-01-31",
        "comment": "at the back",
        "currency": "USD",
        "lines": [{"sku": "screw", "quantity": 2, "unit_price": 5}],
    });
    let answer = store.client.put(&path, &other).await.with(200);
    for (field, value) in other.as_object().unwrap() {
        assert_eq!(&answer[field], value, "{field}");
    }
    assert_eq!(answer["total"], 10);
}

#[tokio::test]
async fn a_status_that_is_left_out_stays() {
    let store = store().await;
    let (path, _) = place(&store.client).await;
    store.client.delete(&path).await.with(200);
    let answer = store.client.put(&path, &order()).await.with(200);
    assert_eq!((&answer["status"], answer.tag()), (&json!("voided"), "\"2\""));
    let (path, _) = place(&store.client).await;
    let answer = store.client.put(&path, &order_with(&json!({"status": "voided"}))).await;
    assert_eq!((answer.status, &answer["status"]), (200, &json!("voided")));
}

#[tokio::test]
async fn an_order_that_is_unknown_is_not_made() {
    let store = store().await;
    let path = format!("/v1/orders/{}", Uuid::new_v4());
    store.client.put(&path, &order()).await.assert_problem(404);
    store.client.patch(&path, &json!({"comment": "?"})).await.assert_problem(404);
    store.client.delete(&path).await.assert_problem(404);
    assert_eq!(store.rows().await.records, 0);
}

#[tokio::test]
async fn a_write_that_changes_nothing_changes_nothing() {
    let store = store().await;
    let (path, placed) = place(&store.client).await;
    let before = store.rows().await;
    let mut turned = order();
    turned["lines"].as_array_mut().unwrap().reverse();
    for same in [order(), turned, order_with(&json!({"status": "placed"}))] {
        assert_eq!(store.client.put(&path, &same).await.with(200).body, placed.body);
    }
    for same in [json!({}), json!({"comment": "ring twice"}), json!({"status": "placed"})] {
        assert_eq!(store.client.patch(&path, &same).await.with(200).body, placed.body);
    }
    assert_eq!(store.rows().await, before);
}

#[tokio::test]
async fn a_change_of_price_or_currency_stays_here() {
    let store = store().await;
    let (path, placed) = place(&store.client).await;
    let before = store.rows().await;
    let mut dearer = order();
    dearer["lines"][0]["unit_price"] = json!(300);
    let answer = store.client.put(&path, &dearer).await.with(200);
    assert_eq!((&answer["total"], &answer["version"]), (&json!(2_091), &json!(2)));
    let answer = store.client.patch(&path, &json!({"currency": "CHF"})).await.with(200);
    assert_eq!((&answer["currency"], &answer["version"]), (&json!("CHF"), &json!(3)));
    assert_eq!(answer["revisions"], placed["revisions"]);
    let rows = store.rows().await;
    assert_eq!((rows.changes, rows.outbox), (before.changes + 2, before.outbox));
}

#[tokio::test]
async fn a_price_never_leaves_the_store() {
    let store = store().await;
    let (path, _) = place(&store.client).await;
    store.client.patch(&path, &json!({"currency": "CHF"})).await.with(200);
    store.client.patch(&path, &json!({"comment": null})).await.with(200);
    let history = store.client.get(&format!("{path}/changes")).await.with(200);
    for entry in history["items"].as_array().unwrap() {
        let event = entry["event"].to_string();
        for private in ["price", "currency", "EUR", "CHF", "total", "placed_as", ":1891,"] {
            assert!(!event.contains(private), "{private}: {event}");
        }
    }
    assert_eq!(history["items"][1]["private"]["currency"], "CHF");
}
