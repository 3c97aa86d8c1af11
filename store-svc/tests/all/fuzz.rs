//! Random input to every endpoint.

use reqwest::Method;
use serde_json::json;
use shared_models::order::Status;
use test_kit::{change_of, delivery_to, progress_to};
use uuid::Uuid;

use crate::samples::{ORDERS, order, order_under, place, store};

const TIMES: u64 = 300;

#[tokio::test]
async fn whatever_is_placed_set_or_patched_nothing_breaks() {
    let store = store().await;
    let (path, _) = place(&store.client).await;
    let client = &store.client;
    client.assert_survives(&Method::POST, ORDERS, &order_under(Uuid::new_v4()), TIMES).await;
    client.assert_survives(&Method::PUT, &path, &order(), TIMES).await;
    client.assert_survives(&Method::PATCH, &path, &order(), TIMES).await;
    let batch = json!({"orders": [order(), order()]});
    client.assert_survives(&Method::POST, "/v1/orders/batch", &batch, TIMES / 3).await;
}

#[tokio::test]
async fn whatever_the_worker_posts_nothing_breaks() {
    let store = store().await;
    let progress = Some(progress_to(Status::Shipped, 0, 1));
    let mut change = json!(change_of(Uuid::new_v4(), delivery_to("1 Quay Street", 1, 0), progress));
    change["delivery"]["priority"] = json!({"of": ["a", 1, null]});
    let body = json!({"schema": 1, "source": "warehouse", "changes": [change, change]});
    store.client.assert_survives(&Method::POST, "/v1/sync/orders", &body, TIMES).await;
    let body = json!({"ids": [Uuid::new_v4(), Uuid::new_v4()]});
    store.client.assert_survives(&Method::POST, "/v1/sync/offer", &body, TIMES / 3).await;
}
