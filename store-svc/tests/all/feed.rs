//! The feed of orders, and the values that it can be filtered by.

use diesel_async::SimpleAsyncConnection as _;
use serde_json::{Value, json};
use test_kit::{TestService, eventually};

use crate::samples::{ORDERS, order_with, place, store};

async fn place_for(store: &TestService, company: &str) -> Value {
    let order = order_with(&json!({ "company": company }));
    store.client.post(ORDERS, &order).await.with(201).body
}

/// Reads a feed from the start until it has so many changes; returns what each says of its order.
async fn told(store: &TestService, query: &str, count: usize) -> Vec<(Value, Value, Value)> {
    let path = format!("{ORDERS}/changes?cursor=start{query}");
    eventually(&path, async || {
        let page = store.client.get(&path).await.with(200);
        let changes = page["changes"].as_array().unwrap();
        let told = |change: &Value| {
            let event = &change["event"];
            assert_eq!(change["key"], event["order_id"]);
            (change["kind"].clone(), change["key"].clone(), event["progress"]["status"].clone())
        };
        (changes.len() >= count).then(|| changes.iter().map(told).collect())
    })
    .await
}

#[tokio::test]
async fn orders_can_be_followed_by_company_and_by_status() {
    let store = store().await;
    let harbour = place_for(&store, "Harbour Tools").await;
    let quay = place_for(&store, "Quay & Sons").await;
    let path = format!("{ORDERS}/{}", quay["id"].as_str().unwrap());
    store.client.delete(&path).await.with(200);
    let (harbour, quay) = (harbour["id"].clone(), quay["id"].clone());
    let change = |kind: &str, id: &Value, status: &str| (json!(kind), id.clone(), json!(status));
    let all = [
        change("order.created", &harbour, "placed"),
        change("order.created", &quay, "placed"),
        change("order.voided", &quay, "voided"),
    ];
    assert_eq!(told(&store, "", 3).await, all);
    assert_eq!(told(&store, "&company=Harbour%20Tools", 1).await, all[..1]);
    assert_eq!(told(&store, "&company=Quay%20%26%20Sons", 2).await, all[1..]);
    assert_eq!(told(&store, "&status=placed", 2).await, all[..2]);
    assert_eq!(told(&store, "&status=voided", 1).await, all[2..]);
    assert_eq!(told(&store, "&company=Harbour%20Tools&status=voided", 0).await, []);
    let key = format!("&key={}", quay.as_str().unwrap().to_uppercase());
    assert_eq!(told(&store, &key, 2).await, all[1..]);
}

#[tokio::test]
async fn a_change_that_waited_for_a_lock_has_its_place_after_what_was_committed_meanwhile() {
    let store = store().await;
    let (path, _) = place(&store.client).await;
    let mut other = store.database.connect().await;
    other.batch_execute("begin; select from orders for share").await.unwrap();
    let (client, waiting) = (store.client.clone(), path.clone());
    let edit = json!({"comment": "later"});
    let editing = tokio::spawn(async move { client.patch(&waiting, &edit).await.with(200) });
    store.database.sessions_wait(1).await;
    let meanwhile = place_for(&store, "Meanwhile").await;
    other.batch_execute("commit").await.unwrap();
    editing.await.unwrap();
    let kinds = told(&store, "", 3).await.into_iter().map(|(kind, key, _)| (kind, key));
    let kinds = kinds.skip(1).collect::<Vec<_>>();
    let edited = json!(path.rsplit('/').next().unwrap());
    let created = (json!("order.created"), meanwhile["id"].clone());
    assert_eq!(kinds, [created, (json!("order.updated"), edited)]);
}

#[tokio::test]
async fn a_status_that_no_order_has_is_refused() {
    let store = store().await;
    for (query, expected) in
        [("status=lost", "as status"), ("company=", "as company"), ("key=7", "as key")]
    {
        let refused = store.client.get(&format!("{ORDERS}/changes?{query}")).await;
        refused.assert_problem(400);
        assert!(refused["detail"].as_str().unwrap().contains(expected), "{}", refused.text);
    }
}
