//! Values of exactly the largest permitted size are accepted.

use serde_json::{Value, json};
use store_svc::{PROGRAM, records};
use test_kit::TestService;

use crate::samples::{ORDERS, order, order_with, placed, store};

#[tokio::test]
async fn every_text_may_be_as_long_as_is_documented() {
    let store = store().await;
    let fields = [("company", 200), ("address", 1_000), ("comment", 2_000)];
    for (field, length) in fields {
        let text = "é".repeat(length);
        let (path, answer) = placed(&store.client, &order_with(&json!({ field: text }))).await;
        assert_eq!(answer[field], text);
        store.client.put(&path, &order_with(&json!({ field: text }))).await.with(200);
        store.client.patch(&path, &json!({ field: text })).await.with(200);
    }
}

#[tokio::test]
async fn an_order_may_have_two_hundred_lines_with_the_longest_skus() {
    let store = store().await;
    let line = |number| json!({"sku": format!("{number:é>64}"), "quantity": 1, "unit_price": 1});
    let lines = (0..200).map(line).collect::<Vec<_>>();
    let (_, answer) = placed(&store.client, &order_with(&json!({ "lines": lines }))).await;
    assert_eq!(answer["total"], 200);
}

#[tokio::test]
async fn quantities_and_prices_may_be_as_large_as_is_documented() {
    let store = store().await;
    let order_of = |lines: Value| order_with(&json!({ "lines": lines }));
    let line = |sku: &str, quantity: u32, unit_price: i64| json!({"sku": sku, "quantity": quantity, "unit_price": unit_price});
    let cases = [
        (json!([line("a", 1_000_000, 0)]), 0),
        (json!([line("a", 1, 10_000_000_000)]), 10_000_000_000_i64),
        (
            json!([line("a", 900_719, 10_000_000_000), line("b", 1, 9_254_740_991)]),
            9_007_199_254_740_991,
        ),
    ];
    for (lines, total) in cases {
        let (_, answer) = placed(&store.client, &order_of(lines)).await;
        assert_eq!(answer["total"], total);
    }
    let over = json!([line("a", 900_719, 10_000_000_000), line("b", 1, 9_254_740_992)]);
    store.client.post(ORDERS, &order_of(over)).await.assert_refuses(422, "lines");
}

#[tokio::test]
async fn dates_go_from_the_year_one_to_the_year_9999() {
    let store = store().await;
    for date in ["0001-01-01", "2028-02-29", "9999-12-31"] {
        let (path, _) = placed(&store.client, &order_with(&json!({"deliver_by": date}))).await;
        assert_eq!(store.client.get(&path).await["deliver_by"], date);
    }
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_and_one_at_the_limit_is_read() {
    let limit = 1_000;
    let small = |settings: &mut service_kit::application::ServiceSettings| {
        settings.http.body_limit = limit;
    };
    let store = TestService::start_with(PROGRAM.name, records(), small).await;
    let body = order().to_string();
    let padded = |length: usize| format!("{body}{}", " ".repeat(length - body.len()));
    let post =
        async |length| store.client.send_text(reqwest::Method::POST, ORDERS, padded(length)).await;
    post(limit).await.with(201);
    post(limit + 1).await.assert_problem(413);
    // Without a length that could be read beforehand.
    let head = "POST /v1/orders HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
        content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
    let chunk = format!("{:x}\r\n{}\r\n", 400, " ".repeat(400));
    let pieces = format!("{head}{}0\r\n\r\n", chunk.repeat(3));
    let answer = store.client.send_raw(pieces.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert_eq!(store.rows().await.records, 1);
}
