//! Bad input: the problem names the field and the valid values; nothing is written.

use reqwest::Method;
use serde_json::json;
use test_kit::{Bad, bad_deliveries, bad_optional_texts, change_of, delivery_to};
use uuid::Uuid;

use crate::samples::{arrived, history, settable, warehouse};

fn bad() -> Vec<Bad> {
    let mut cases = bad_deliveries(&json!({"sku": "bolt", "quantity": 4}));
    let texts = [("bin", 50), ("picker_note", 2_000), ("carrier", 100), ("tracking", 200)];
    cases.extend(texts.into_iter().flat_map(|(field, max)| bad_optional_texts(field, max)));
    let priced = json!([{"sku": "bolt", "quantity": 4, "unit_price": 250}]);
    cases.extend([
        (json!({ "lines": priced }), "lines[0].unit_price"),
        (json!({"currency": "EUR"}), "currency"),
        (json!({"status": "sent"}), "status"),
        (json!({"status": ["packed"]}), "status"),
        (json!({"id": Uuid::new_v4()}), "id"),
    ]);
    cases
}

#[tokio::test]
async fn an_order_is_not_set_to_what_does_not_fit() {
    let warehouse = warehouse().await;
    let path = arrived(&warehouse.client).await;
    let before = warehouse.client.get(&path).await;
    warehouse.client.assert_refuses_all(&Method::PUT, &path, bad(), &settable()).await;
    let cases = bad().into_iter().chain([(json!({"status": null}), "status")]).collect();
    warehouse.client.assert_refuses_all(&Method::PATCH, &path, cases, &json!({})).await;
    assert_eq!(warehouse.client.get(&path).await.body, before.body);
    assert_eq!(warehouse.rows().await.changes, 1);
}

#[tokio::test]
async fn every_body_is_read_with_care() {
    let warehouse = warehouse().await;
    let path = arrived(&warehouse.client).await;
    for method in [Method::PUT, Method::PATCH] {
        warehouse.client.assert_reads_with_care(&method, &path).await;
    }
    for path in
        ["/v1/sync/orders", "/v1/sync/offer", "/v1/parked", "/v1/parked/drop", "/v1/parked/replay"]
    {
        warehouse.client.assert_reads_with_care(&Method::POST, path).await;
    }
    assert_eq!(history(&warehouse.client, &path).await.len(), 1);
}

#[tokio::test]
async fn every_text_may_be_as_long_as_is_documented() {
    let warehouse = warehouse().await;
    let path = arrived(&warehouse.client).await;
    let fields = [
        ("bin", 50),
        ("picker_note", 2_000),
        ("carrier", 100),
        ("tracking", 200),
        ("comment", 2_000),
        ("company", 200),
        ("address", 1_000),
    ];
    warehouse.client.patch(&path, &json!({"status": "picking"})).await.with(200);
    for (field, length) in fields {
        let text = "🚚".repeat(length);
        let answer = warehouse.client.patch(&path, &json!({ field: text })).await.with(200);
        assert_eq!(answer[field], text);
    }
}

#[tokio::test]
async fn whatever_is_sent_nothing_breaks() {
    let warehouse = warehouse().await;
    let path = arrived(&warehouse.client).await;
    let mut body = settable();
    for field in ["bin", "picker_note", "carrier", "tracking", "comment", "deliver_by", "status"] {
        body[field] = json!(null);
    }
    warehouse.client.assert_survives(&Method::PUT, &path, &body, 300).await;
    warehouse.client.assert_survives(&Method::PATCH, &path, &settable(), 300).await;
    let change = change_of(Uuid::new_v4(), delivery_to("1 Quay Street", 1, 0), None);
    let body = json!({"schema": 1, "source": "store", "changes": [change]});
    warehouse.client.assert_survives(&Method::POST, "/v1/sync/orders", &body, 300).await;
}

#[tokio::test]
async fn every_other_method_is_refused_and_the_right_ones_are_named() {
    let warehouse = warehouse().await;
    let order = arrived(&warehouse.client).await;
    let history = format!("{order}/changes");
    let routes = [
        ("/v1/orders", "GET, HEAD"),
        (order.as_str(), "GET, HEAD, PUT, PATCH"),
        (history.as_str(), "GET, HEAD"),
        ("/v1/sync/orders", "POST"),
        ("/v1/sync/offer", "POST"),
        ("/v1/parked", "GET, HEAD, POST"),
        ("/v1/parked/replay", "POST"),
        ("/v1/parked/drop", "POST"),
        ("/health/live", "GET, HEAD"),
        ("/health/ready", "GET, HEAD"),
    ];
    warehouse.client.assert_has_only(&routes).await;
}
