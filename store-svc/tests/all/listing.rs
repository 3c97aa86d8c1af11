//! The list of orders: newest first, filtered, in pages.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use test_kit::{Answer, TestClient};

use crate::samples::{ORDERS, order, order_with, place, placed, store};

/// A cursor that no service gave out: `{"after": {"at": "-9999-01-01T00:00:00Z", ...}, ...}`.
const FORGED: &str = "eyJhZnRlciI6eyJhdCI6Ii05OTk5LTAxLTAxVDAwOjAwOjAwWiIsImlkIjoiMDE4ZjZiNmUtMmYwY\
    y03Y2MwLTgwMDAtM2YxZjVmMmI5YTEwIn0sImZpbHRlcnMiOiJ5RzRQdkJ3Y2ZBa1QifQ";

fn ids(page: &Answer) -> Vec<String> {
    let items = page["items"].as_array().unwrap();
    items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

fn id(placed: &Answer) -> String {
    placed["id"].as_str().unwrap().to_owned()
}

/// Places orders in one transaction, so that they have the same time.
async fn place_together(client: &TestClient, count: usize) -> Vec<String> {
    let answer = client.post("/v1/orders/batch", &json!({"orders": vec![order(); count]})).await;
    let results = answer["results"].as_array().unwrap();
    results.iter().map(|result| result["id"].as_str().unwrap().to_owned()).collect()
}

/// Reads all pages from `path` on; calls `meanwhile` between two pages.
async fn walk(client: &TestClient, path: &str, meanwhile: impl AsyncFn()) -> Vec<String> {
    let (mut next, mut seen) = (Some(path.to_owned()), vec![]);
    while let Some(path) = next {
        let page = client.get(&path).await.with(200);
        seen.extend(ids(&page));
        assert!(seen.len() < 100, "the pages have no end");
        next = page["next"].as_str().map(ToOwned::to_owned);
        let link = next.as_ref().map(|next| format!("<{next}>; rel=\"next\""));
        assert_eq!(page.header("link"), link.as_deref());
        meanwhile().await;
    }
    seen
}

#[tokio::test]
async fn the_newest_order_comes_first() {
    let store = store().await;
    let mut placed = vec![];
    for _ in 0..3 {
        placed.insert(0, place(&store.client).await.1.body);
    }
    let page = store.client.get(ORDERS).await.with(200);
    assert_eq!((&page["items"], &page["next"]), (&json!(placed), &Value::Null));
    assert_eq!(page.header("link"), None);
}

#[tokio::test]
async fn each_filter_leaves_out_what_does_not_fit() {
    let store = store().await;
    let (old, _) = place(&store.client).await;
    let (_, mill) = placed(&store.client, &order_with(&json!({"company": "Mill & Söns"}))).await;
    let (path, voided) = place(&store.client).await;
    let voided_at = store.client.delete(&path).await["updated_at"].as_str().unwrap().to_owned();
    let list =
        async |query: &str| ids(&store.client.get(&format!("{ORDERS}?{query}")).await.with(200));
    assert_eq!(list("status=voided").await, [id(&voided)]);
    assert_eq!(list("status=shipped").await, [""; 0]);
    assert_eq!(list("company=Mill%20%26%20S%C3%B6ns").await, [id(&mill)]);
    assert_eq!(list("company=Mill+%26+S%C3%B6ns&status=placed").await, [id(&mill)]);
    assert_eq!(list("company=mill").await, [""; 0]);
    assert_eq!(list(&format!("updated_since={voided_at}")).await, [id(&voided)]);
    store.client.patch(&old, &json!({"comment": null})).await.with(200);
    let since = list(&format!("updated_since={voided_at}&company=Harbour%20Tools")).await;
    assert_eq!(since.len(), 2);
    assert_eq!(list("updated_since=2999-01-01T00:00:00%2B02:00").await, [""; 0]);
}

#[tokio::test]
async fn pages_show_each_order_once_also_where_many_came_at_the_same_time() {
    let store = store().await;
    let placed = place_together(&store.client, 40).await;
    for limit in [1, 7, 39, 40, 41] {
        let seen = walk(&store.client, &format!("{ORDERS}?limit={limit}"), async || {}).await;
        assert_eq!(seen.len(), 40, "{limit}");
        assert_eq!(BTreeSet::from_iter(&seen), BTreeSet::from_iter(&placed), "{limit}");
    }
}

#[tokio::test]
async fn pages_show_each_order_once_also_while_orders_are_added_and_changed() {
    let store = store().await;
    let mut placed = place_together(&store.client, 15).await;
    placed.extend(place_together(&store.client, 15).await);
    let path = format!("{ORDERS}/{}", placed[3]);
    let meanwhile = async || {
        let (_, newest) = place(&store.client).await;
        store.client.patch(&path, &json!({"comment": newest["id"]})).await.with(200);
    };
    let seen = walk(&store.client, &format!("{ORDERS}?limit=4"), meanwhile).await;
    assert_eq!(seen.len(), 30);
    assert_eq!(BTreeSet::from_iter(&seen), BTreeSet::from_iter(&placed));
}

#[tokio::test]
async fn pages_keep_their_filters_and_their_limit() {
    let store = store().await;
    let query = "company=A%26B&status=placed&updated_since=2020-01-01T00:00:00%2B01:00&limit=2";
    for _ in 0..5 {
        placed(&store.client, &order_with(&json!({"company": "A&B"}))).await;
        place(&store.client).await;
    }
    let seen = walk(&store.client, &format!("{ORDERS}?{query}"), async || {}).await;
    assert_eq!(BTreeSet::from_iter(seen).len(), 5);
}

#[tokio::test]
async fn fifty_orders_are_a_page_unless_asked_for_otherwise() {
    let store = store().await;
    place_together(&store.client, 501).await;
    assert_eq!(ids(&store.client.get(ORDERS).await).len(), 50);
    assert_eq!(ids(&store.client.get(&format!("{ORDERS}?limit=500")).await).len(), 500);
}

#[tokio::test]
async fn a_cursor_is_good_for_the_filters_that_it_came_with() {
    let store = store().await;
    place_together(&store.client, 3).await;
    let page = store.client.get(&format!("{ORDERS}?limit=1&status=placed")).await;
    let next = page["next"].as_str().unwrap();
    store.client.get(&next.replace("limit=1", "limit=2")).await.with(200);
    for other in ["status=voided", "company=A", "updated_since=2020-01-01T00:00:00Z", "limit=1"] {
        let path = next.replace("status=placed", other);
        store.client.get(&path).await.assert_problem(400);
    }
}

#[tokio::test]
async fn a_query_that_makes_no_sense_cannot_be_read() {
    let store = store().await;
    for query in [
        "limit=0",
        "limit=501",
        "limit=-1",
        "limit=x",
        "limit=",
        "limit=65537",
        "status=sent",
        "status=",
        "status=Placed",
        "colour=red",
        "company=a%00b",
        "updated_since=yesterday",
        "updated_since=2026-01-01",
        "updated_since=",
        "cursor=",
        "cursor=x",
        "cursor=e30",
        "updated_since=-9999-01-01T00:00:00Z",
        "updated_since=%2B262142-01-01T00:00:00Z",
        "updated_since=-262143-01-01T00:00:00Z",
        "limit=1&limit=2",
        &format!("cursor={FORGED}"),
    ] {
        let answer = store.client.get(&format!("{ORDERS}?{query}")).await;
        assert_eq!(answer.status, 400, "{query}: {}", answer.text);
        answer.assert_problem(400);
    }
}
