//! Changing parts of an order: JSON merge patch, RFC 7396.

use serde_json::{Value, json};

use crate::samples::{place, store};

#[tokio::test]
async fn what_is_named_changes_and_the_rest_stays() {
    let store = store().await;
    let (path, placed) = place(&store.client).await;
    let answer = store.client.patch(&path, &json!({"address": "2 Quay Street"})).await.with(200);
    let mut expected = placed.body.clone();
    expected["address"] = json!("2 Quay Street");
    expected["version"] = json!(2);
    expected["revisions"]["delivery"]["store"] = json!(2);
    expected["updated_at"] = answer["updated_at"].clone();
    assert_eq!(answer.body, expected);
    assert_eq!(answer.tag(), "\"2\"");
    assert!(answer["updated_at"].as_str() > placed["updated_at"].as_str());
}

#[tokio::test]
async fn null_clears_what_may_be_empty() {
    let store = store().await;
    let (path, _) = place(&store.client).await;
    let patch = json!({"comment": null, "deliver_by": null});
    let answer = store.client.patch(&path, &patch).await.with(200);
    assert_eq!((&answer["comment"], &answer["deliver_by"]), (&Value::Null, &Value::Null));
    assert_eq!(store.client.patch(&path, &patch).await.with(200)["version"], 2);
}

#[tokio::test]
async fn null_does_not_clear_what_is_never_empty() {
    let store = store().await;
    let (path, _) = place(&store.client).await;
    for field in ["company", "address", "currency", "lines", "status"] {
        store.client.patch(&path, &json!({ field: null })).await.assert_refuses(422, field);
    }
}

#[tokio::test]
async fn lines_are_replaced_whole() {
    let store = store().await;
    let (path, _) = place(&store.client).await;
    let lines = json!([{"sku": "screw", "quantity": 3, "unit_price": 7}]);
    let answer = store.client.patch(&path, &json!({ "lines": lines })).await.with(200);
    assert_eq!((&answer["lines"], &answer["total"]), (&lines, &json!(21)));
}

#[tokio::test]
async fn a_null_that_clears_nothing_changes_nothing() {
    let store = store().await;
    let (path, placed) = place(&store.client).await;
    // RFC 7396: a null removes the field; what is not there stays not there.
    let answer = store.client.patch(&path, &json!({"colour": null})).await.with(200);
    assert_eq!(answer.body, placed.body);
}

#[tokio::test]
async fn a_patch_may_say_what_it_is() {
    let store = store().await;
    let (path, _) = place(&store.client).await;
    let request = store.client.request(reqwest::Method::PATCH, &path);
    let request = request.header("content-type", "application/merge-patch+json");
    let answer = store.client.send(request.body("{\"comment\": \"hello\"}")).await.with(200);
    assert_eq!(answer["comment"], "hello");
}

#[tokio::test]
async fn the_store_voids_and_makes_no_other_move() {
    let store = store().await;
    let (path, _) = place(&store.client).await;
    for status in ["picking", "packed", "shipped", "delivered"] {
        let answer = store.client.patch(&path, &json!({ "status": status })).await;
        answer.assert_problem(409);
        assert_eq!(answer["legal"], json!(["voided"]), "{status}");
    }
    let answer = store.client.patch(&path, &json!({"status": "voided"})).await.with(200);
    assert_eq!(answer["revisions"]["progress"], json!({"store": 1, "warehouse": 0}));
    let answer = store.client.patch(&path, &json!({"status": "placed"})).await;
    answer.assert_problem(409);
    assert_eq!(answer["legal"], json!([]));
}

#[tokio::test]
async fn a_voided_order_takes_no_other_delivery_but_another_price() {
    let store = store().await;
    let (path, _) = place(&store.client).await;
    store.client.delete(&path).await.with(200);
    store.client.patch(&path, &json!({"address": "Elsewhere"})).await.assert_problem(409);
    let answer = store.client.patch(&path, &json!({"currency": "USD"})).await.with(200);
    assert_eq!(answer["currency"], "USD");
}
