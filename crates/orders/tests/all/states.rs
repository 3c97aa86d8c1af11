//! The states of all orders of a side, as they are read for an audit.

use serde_json::Value;
use shared_models::comparison::{Revisions, StatesPage};
use shared_models::side::Side;
use test_kit::{TestService, change_of, delivery_to};
use uuid::Uuid;

use crate::plain::{plain, write_orders};

async fn side() -> TestService {
    TestService::start("plain", plain()).await
}

async fn states(side: &TestService, after: Option<Uuid>) -> StatesPage {
    let query = after.map(|id| format!("?after={id}")).unwrap_or_default();
    let answer = side.client.get(&format!("/v1/sync/states{query}")).await.with(200);
    serde_json::from_value(answer.body).unwrap()
}

#[tokio::test]
async fn all_orders_are_told_page_by_page_in_the_order_of_their_ids() {
    let side = side().await;
    let mut written = write_orders(&side.database, 1_200).await;
    written.sort_unstable();
    let (mut told, mut after, mut pages) = (vec![], None, 0);
    loop {
        let page = states(&side, after).await;
        assert!(page.orders.len() <= 500 && page.newest == 1_200);
        assert_eq!(page.upto, page.upto.and(page.orders.last().map(|order| order.id)));
        told.extend(page.orders.into_iter().map(|order| order.id));
        pages += 1;
        after = page.upto;
        if after.is_none() {
            break;
        }
    }
    assert_eq!((told, pages), (written, 3));
}

#[tokio::test]
async fn a_page_that_ends_with_the_last_order_is_followed_by_an_empty_one() {
    let side = side().await;
    assert_eq!(states(&side, None).await, StatesPage { orders: vec![], upto: None, newest: 0 });
    let last = write_orders(&side.database, 500).await.into_iter().max();
    assert_eq!(states(&side, None).await.upto, last);
    assert_eq!(states(&side, last).await.orders, []);
}

#[tokio::test]
async fn a_state_is_the_one_that_is_told_of_an_order_by_its_id() {
    let side = side().await;
    let change = change_of(Uuid::now_v7(), delivery_to("1 Quay Street", 1, 0), None);
    assert_eq!(side.client.sync(Side::Warehouse, &[change]).await.outcomes(), ["applied"]);
    let page = states(&side, None).await;
    let ids = serde_json::json!({"ids": [page.orders[0].id]});
    let told: Value = side.client.post("/v1/sync/revisions", &ids).await.with(200).body;
    let told: Revisions = serde_json::from_value(told).unwrap();
    assert_eq!((told.orders, told.newest), (page.orders, page.newest));
}
