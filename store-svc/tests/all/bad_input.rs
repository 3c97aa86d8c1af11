//! Bad input: the problem names the field and the valid values; nothing is written.

use reqwest::Method;
use serde_json::{Value, json};
use test_kit::{Bad, bad_deliveries, changed, without};
use uuid::Uuid;

use crate::samples::{ORDERS, order, place, store};

fn line() -> Value {
    json!({"sku": "bolt", "quantity": 4, "unit_price": 250})
}

fn lines_with(name: &str, value: &Value) -> Value {
    json!({"lines": [changed(&line(), &json!({ name: value }))]})
}

/// Invalid values of fields that can be posted, put and patched.
fn bad() -> Vec<Bad> {
    let mut cases = bad_deliveries(&line());
    let currencies = ["eur", "EURO", "EU", "€UR", "EU\0", "ÄÖÜ", " EUR", "", "   "];
    let currencies = currencies.map(Value::from).into_iter();
    let currencies = currencies.chain([json!(978), json!(null), json!(["EUR"])]);
    cases.extend(currencies.map(|currency| (json!({"currency": currency}), "currency")));
    let prices = [json!(-1), json!(10_000_000_001_i64), json!(0.5), json!(1e9), json!(u64::MAX)];
    let prices = prices.into_iter().chain([json!("250"), json!(null), json!(true), json!([250])]);
    cases.extend(prices.map(|price| (lines_with("unit_price", &price), "lines[0].unit_price")));
    let free = json!({"lines": [without(&line(), "unit_price")]});
    cases.push((free, "lines[0].unit_price"));
    let dear = json!({"sku": "gold", "quantity": 1_000_000, "unit_price": 10_000_000_000_i64});
    cases.push((json!({ "lines": [dear] }), "lines"));
    cases.extend([
        (json!({"total": 1}), "total"),
        (json!({"carrier": "Northline"}), "carrier"),
        (json!({"bin": "A7"}), "bin"),
        (json!({"status": "sent"}), "status"),
        (json!({"status": "Shipped"}), "status"),
        (json!({"status": 1}), "status"),
        (json!({"status": {}}), "status"),
    ]);
    cases
}

#[tokio::test]
async fn a_bad_order_is_not_placed() {
    let store = store().await;
    let mut cases = bad();
    let ids = ["7", "", "018f6b6e-2f0c-7cc0-8000-3f1f5f2b9a1", "\0"].map(Value::from);
    let ids = ids.into_iter().chain([json!(7), json!({}), json!(true)]);
    cases.extend(ids.map(|id| (json!({ "id": id }), "id")));
    let post = &store.client;
    post.assert_refuses_all(&Method::POST, ORDERS, cases, &order()).await;
    for field in ["company", "address", "currency", "lines"] {
        post.post(ORDERS, &without(&order(), field)).await.assert_refuses(422, field);
    }
    post.assert_reads_with_care(&Method::POST, ORDERS).await;
    let rows = store.rows().await;
    assert_eq!((rows.records, rows.changes, rows.outbox), (0, 0, 0));
}

#[tokio::test]
async fn an_order_is_not_set_to_what_does_not_fit() {
    let store = store().await;
    let (path, placed) = place(&store.client).await;
    let mut cases = bad();
    cases.push((json!({"id": Uuid::new_v4()}), "id"));
    store.client.assert_refuses_all(&Method::PUT, &path, cases, &order()).await;
    for field in ["company", "address", "currency", "lines"] {
        let answer = store.client.put(&path, &without(&order(), field)).await;
        answer.assert_refuses(422, field);
    }
    store.client.assert_reads_with_care(&Method::PUT, &path).await;
    assert_eq!(store.client.get(&path).await.body, placed.body);
    assert_eq!(store.rows().await.changes, 1);
}

#[tokio::test]
async fn an_order_is_not_patched_to_what_does_not_fit() {
    let store = store().await;
    let (path, placed) = place(&store.client).await;
    let mut cases = bad();
    cases.push((json!({"id": Uuid::new_v4()}), "id"));
    cases.push((json!({"status": null}), "status"));
    store.client.assert_refuses_all(&Method::PATCH, &path, cases, &json!({})).await;
    assert_eq!(store.client.get(&path).await.body, placed.body);
    assert_eq!(store.rows().await.changes, 1);
}

#[tokio::test]
async fn a_patch_is_read_with_care() {
    let store = store().await;
    let (path, placed) = place(&store.client).await;
    store.client.assert_reads_with_care(&Method::PATCH, &path).await;
    assert_eq!(store.client.get(&path).await.body, placed.body);
}

#[tokio::test]
async fn batches_and_what_the_worker_posts_are_read_with_care() {
    let store = store().await;
    for path in ["/v1/orders/batch", "/v1/sync/orders", "/v1/sync/offer"] {
        store.client.assert_reads_with_care(&Method::POST, path).await;
    }
    assert_eq!(store.rows().await.records, 0);
}

#[tokio::test]
async fn an_order_that_else_fits_names_no_field_twice_and_has_no_list_for_an_object() {
    let store = store().await;
    let fits = json!({"id": null, "company": "Acme", "address": "1 Quay Street", "currency": "EUR",
        "lines": [{"sku": "bolt", "quantity": 4, "unit_price": 250}]})
    .to_string();
    let doubled = |name: &str, value: &str| {
        let field = format!("\"{name}\":{value}");
        assert!(fits.contains(&field), "{fits}");
        fits.replace(&field, &format!("{field},{field}"))
    };
    let line = r#"{"quantity":4,"sku":"bolt","unit_price":250}"#;
    assert!(fits.contains(line), "{fits}");
    let cases = [
        (doubled("company", "\"Acme\""), "company"),
        (doubled("id", "null"), "id"),
        (doubled("sku", "\"bolt\""), "lines[0].sku"),
        (fits.replace(line, "[\"bolt\",4,250]"), "lines[0]"),
    ];
    for (order, field) in cases {
        let one = store.client.send_text(Method::POST, ORDERS, order.clone()).await;
        one.assert_refuses(422, field);
        let batch = format!("{{\"orders\":[{fits},{order}]}}");
        let batch = store.client.send_text(Method::POST, "/v1/orders/batch", batch).await;
        batch.assert_refuses(422, &format!("orders[1].{field}"));
    }
    let listed =
        store.client.send_text(Method::POST, "/v1/orders/batch", "{\"orders\":[[]]}").await;
    listed.assert_refuses(422, "orders[0]");
    assert_eq!(store.rows().await.records, 0);
    store.client.send_text(Method::POST, ORDERS, fits.clone()).await.with(201);
}
