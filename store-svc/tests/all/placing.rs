//! Placing one order.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::samples::{ORDERS, order, order_under, order_with, place, placed, store};

#[tokio::test]
async fn a_placed_order_is_created_and_stands_where_the_answer_says() {
    let store = store().await;
    let (location, answer) = place(&store.client).await;
    assert_eq!(location, format!("/v1/orders/{}", answer["id"].as_str().unwrap()));
    assert_eq!(answer.tag(), "\"1\"");
    assert_eq!(store.client.get(&location).await.with(200).body, answer.body);
}

#[tokio::test]
async fn a_placed_order_is_shown_with_all_that_was_asked_for_and_its_total() {
    let store = store().await;
    let (_, answer) = place(&store.client).await;
    for (field, value) in order().as_object().unwrap() {
        assert_eq!(&answer[field], value, "{field}");
    }
    assert_eq!(answer["total"], 4 * 250 + 9 * 99);
    let expected = [
        ("status", json!("placed")),
        ("carrier", Value::Null),
        ("tracking", Value::Null),
        ("version", json!(1)),
        ("created_at", answer["updated_at"].clone()),
    ];
    for (field, value) in expected {
        assert_eq!(answer[field], value, "{field}");
    }
    let revisions = json!({
        "delivery": {"store": 1, "warehouse": 0},
        "progress": {"store": 0, "warehouse": 0},
    });
    assert_eq!(answer["revisions"], revisions);
}

#[tokio::test]
async fn what_may_be_left_out_is_null() {
    let store = store().await;
    let mut least = order();
    least.as_object_mut().unwrap().retain(|name, _| name != "comment" && name != "deliver_by");
    let (_, answer) = placed(&store.client, &least).await;
    assert_eq!((&answer["comment"], &answer["deliver_by"]), (&Value::Null, &Value::Null));
}

#[tokio::test]
async fn an_id_made_here_tells_the_time() {
    let store = store().await;
    let (_, answer) = place(&store.client).await;
    let id: Uuid = answer["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(id.get_version_num(), 7);
    let (_, answer) = placed(&store.client, &order_with(&json!({"id": null}))).await;
    assert_ne!(answer["id"], json!(id));
}

#[tokio::test]
async fn a_caller_may_bring_an_id() {
    let store = store().await;
    let id = Uuid::new_v4();
    let (location, answer) = placed(&store.client, &order_under(id)).await;
    assert_eq!((location, &answer["id"]), (format!("/v1/orders/{id}"), &json!(id)));
}

#[tokio::test]
async fn a_placed_order_is_one_change_that_waits_to_be_published() {
    let store = store().await;
    place(&store.client).await;
    let rows = store.rows().await;
    assert_eq!((rows.records, rows.changes, rows.outbox), (1, 1, 1));
}

#[tokio::test]
async fn lines_stand_in_the_order_of_their_skus() {
    let store = store().await;
    let mut turned = order();
    turned["lines"].as_array_mut().unwrap().reverse();
    let (_, answer) = placed(&store.client, &turned).await;
    assert_eq!(answer["lines"], order()["lines"]);
}

#[tokio::test]
async fn text_is_kept_as_it_was_written() {
    let store = store().await;
    let text = "Ørsted & Søn, \"Ǆ\" 東京 🚚 \u{1} \\ ' ; drop table orders; --";
    let (location, _) = placed(&store.client, &order_with(&json!({"company": text}))).await;
    assert_eq!(store.client.get(&location).await["company"], text);
}

#[tokio::test]
async fn an_order_is_placed_as_placed() {
    let store = store().await;
    for status in ["placed", "shipped"] {
        let answer = store.client.post(ORDERS, &order_with(&json!({"status": status}))).await;
        answer.assert_problem(422);
        assert_eq!(answer.fields(), ["status"]);
    }
    assert_eq!(store.rows().await.records, 0);
}
