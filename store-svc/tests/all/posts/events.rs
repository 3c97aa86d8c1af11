//! The events of posts: in the feed, published, and offered again.

use futures_util::future::join_all;
use serde_json::{Value, json};
use shared_models::side::Side;
use test_kit::queue::{bind_to, declare_exchange_of, published};
use test_kit::{TestBroker, TestService};

use super::{changes, kinds, post, posted};
use crate::samples::store;

#[tokio::test]
async fn each_change_is_in_the_feed_with_its_contents() {
    let store = store().await;
    let (path, _) = posted(&store.client, "A quay").await;
    store.client.patch(&path, &json!({"title": "B"})).await.with(200);
    store.client.delete(&path).await.with(204);
    let told = changes(&store.client, "posts", 3).await;
    assert_eq!(kinds(&told), [("post.created", 1), ("post.changed", 2), ("post.removed", 3)]);
    let event = &told[1]["event"];
    let expected = json!({
        "schema": 1, "id": event["id"], "kind": "post.changed", "origin": "store", "source": "local",
        "post_id": 1, "version": 2, "at": event["at"], "userId": 7, "title": "B",
        "body": "Two lines\nof it.", "remote_id": null, "changed_version": 2, "sent_version": 0,
        "deleted": false,
    });
    assert_eq!((event, &told[1]["key"]), (&expected, &json!("1")));
    assert_eq!(told[2]["event"]["deleted"], true);
    let one = store.client.get("/v1/posts/changes?cursor=start&key=1").await.with(200);
    assert_eq!(one["changes"].as_array().unwrap().len(), 3);
    for key in ["x", "0", "-1"] {
        store.client.get(&format!("/v1/posts/changes?key={key}")).await.assert_problem(400);
    }
}

#[tokio::test]
async fn changes_are_published_and_a_post_can_be_offered_again() {
    let broker = TestBroker::new().await;
    declare_exchange_of(&broker, Side::Store).await;
    bind_to(&broker, Side::Store, "posts", "post.*").await;
    let store =
        TestService::publishing_to(store_svc::PROGRAM.name, store_svc::records(), &broker).await;
    let (path, _) = posted(&store.client, "A quay").await;
    store.client.delete(&path).await.with(204);
    posted(&store.client, "Another").await;
    store.client.post("/v1/sync/offer", &json!({"resource": "post", "ids": ["2"]})).await.with(202);
    published(&store).await;
    for expected in ["post.created", "post.removed", "post.created", "post.offered"] {
        let event: Value = serde_json::from_slice(&broker.take("posts").await.unwrap()).unwrap();
        assert_eq!(event["kind"], expected);
    }
    // Whoever reads the feed hears of no offer; the mirror looks at what waits.
    assert_eq!(store.database.count("posts where due").await, 1);
}

#[tokio::test]
async fn writers_of_one_post_come_one_after_the_other() {
    let store = store().await;
    let (path, _) = posted(&store.client, "0").await;
    let set = async |number: i32| {
        store.client.put(&path, &post(&number.to_string())).await.with(200);
    };
    join_all((1..=40).map(set)).await;
    let told = changes(&store.client, "posts", 41).await;
    let versions = told.iter().map(|it| it["version"].as_i64().unwrap()).collect::<Vec<_>>();
    assert_eq!(versions, (1..=41).collect::<Vec<_>>());
    let shown = store.client.get(&path).await.with(200);
    assert_eq!(shown["title"], told[40]["event"]["title"]);
}
