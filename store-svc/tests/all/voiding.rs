//! `DELETE`: it voids an order, and removes nothing.

use serde_json::json;
use shared_models::order::Status;
use shared_models::side::Side;
use test_kit::{change_of, progress_to};
use uuid::Uuid;

use crate::samples::{delivery_as_placed, order_under, place, placed, store};

#[tokio::test]
async fn a_deleted_order_is_voided_and_still_there() {
    let store = store().await;
    let (path, _) = place(&store.client).await;
    let answer = store.client.delete(&path).await.with(200);
    assert_eq!((&answer["status"], answer.tag()), (&json!("voided"), "\"2\""));
    assert_eq!(store.client.get(&path).await.with(200).body, answer.body);
    let history = store.client.get(&format!("{path}/changes")).await;
    assert_eq!(history["items"][1]["kind"], "order.voided");
}

#[tokio::test]
async fn to_delete_again_changes_nothing() {
    let store = store().await;
    let (path, _) = place(&store.client).await;
    let first = store.client.delete(&path).await.with(200);
    let before = store.rows().await;
    assert_eq!(store.client.delete(&path).await.with(200).body, first.body);
    assert_eq!(store.rows().await, before);
}

#[tokio::test]
async fn an_order_that_has_left_cannot_be_voided() {
    let store = store().await;
    for status in [Status::Shipped, Status::Delivered] {
        let id = Uuid::new_v4();
        let (path, _) = placed(&store.client, &order_under(id)).await;
        let change = change_of(id, delivery_as_placed(), Some(progress_to(status, 0, 1)));
        let answer = store.client.sync(Side::Warehouse, &[change]).await;
        assert_eq!(answer.outcomes(), ["applied"]);
        let before = store.client.get(&path).await;
        let answer = store.client.delete(&path).await;
        answer.assert_problem(409);
        assert_eq!(answer["legal"], json!([]), "{status}");
        assert_eq!(store.client.get(&path).await.body, before.body);
    }
}

#[tokio::test]
async fn a_stale_delete_is_refused() {
    let store = store().await;
    let (path, placed) = place(&store.client).await;
    store.client.patch(&path, &json!({"comment": null})).await.with(200);
    let delete = |tag: &str| {
        let request = store.client.request(reqwest::Method::DELETE, &path);
        store.client.send(request.header("if-match", tag.to_owned()))
    };
    delete(placed.tag()).await.assert_problem(412);
    delete("\"2\"").await.with(200);
}
