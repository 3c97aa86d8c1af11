//! Reading orders at the warehouse, as at the store.

use reqwest::Method;
use serde_json::{Value, json};
use shared_models::order::Status;
use test_kit::{change_of, delivery_to};
use uuid::Uuid;

use crate::samples::{ORDERS, STORE, arrived, arrived_as, warehouse};

#[tokio::test]
async fn an_order_has_a_tag_and_is_not_sent_again_to_who_has_it() {
    let warehouse = warehouse().await;
    let path = arrived(&warehouse.client).await;
    let tag = warehouse.client.get(&path).await.tag().to_owned();
    let request = |method| {
        let request = warehouse.client.request(method, &path);
        warehouse.client.send(request.header("if-none-match", &tag))
    };
    for method in [Method::GET, Method::HEAD] {
        assert_eq!(request(method).await.with(304).tag(), tag);
    }
    warehouse.client.patch(&path, &json!({"bin": "A7"})).await.with(200);
    assert_ne!(request(Method::GET).await.with(200).tag(), tag);
    warehouse.client.patch_if(&path, &tag, &json!({"bin": "A8"})).await.assert_problem(412);
    let unknown = format!("{ORDERS}/{}", Uuid::new_v4());
    warehouse.client.get(&unknown).await.assert_problem(404);
}

#[tokio::test]
async fn orders_are_listed_as_they_arrived_in_pages_and_filtered() {
    let warehouse = warehouse().await;
    let ids = (0..5).map(|_| Uuid::new_v4()).collect::<Vec<_>>();
    for id in &ids {
        arrived_as(&warehouse.client, *id, Status::Placed).await;
    }
    arrived_as(&warehouse.client, Uuid::new_v4(), Status::Packed).await;
    let (mut next, mut seen) = (json!(format!("{ORDERS}?status=placed&limit=2")), vec![]);
    while let Some(path) = next.as_str() {
        let page = warehouse.client.get(path).await.with(200);
        let items = page["items"].as_array().unwrap().iter();
        seen.extend(items.map(|item| item["id"].clone()));
        next = page["next"].clone();
    }
    assert_eq!(seen, ids.iter().rev().map(|id| json!(id)).collect::<Vec<Value>>());
}

#[tokio::test]
async fn a_write_that_changes_nothing_changes_nothing() {
    let warehouse = warehouse().await;
    let path = arrived(&warehouse.client).await;
    let patch = json!({"status": "packed", "carrier": "Northline", "bin": "A7"});
    let first = warehouse.client.patch(&path, &patch).await.with(200);
    let before = warehouse.rows().await;
    assert_eq!(warehouse.client.patch(&path, &patch).await.with(200).body, first.body);
    assert_eq!(warehouse.rows().await, before);
}

#[tokio::test]
async fn an_edit_that_says_what_the_store_said_meanwhile_is_none() {
    let warehouse = warehouse().await;
    let id = Uuid::new_v4();
    let path = arrived_as(&warehouse.client, id, Status::Placed).await;
    let change = change_of(id, delivery_to("Elsewhere", 2, 0), None);
    warehouse.client.sync(STORE, &[change]).await.with(200);
    let answer = warehouse.client.patch(&path, &json!({"address": "Elsewhere"})).await.with(200);
    assert_eq!(answer["revisions"]["delivery"], json!({"store": 2, "warehouse": 0}));
    assert_eq!(warehouse.rows().await.outbox, 0);
}
