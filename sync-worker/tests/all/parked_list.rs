//! `/v1/parked` of the worker: the parked changes of both sides, in one list.

use serde_json::{Value, json};
use test_kit::{BrokerUser, TestClient};
use uuid::Uuid;

use crate::parked_at_sides::{keep, parked};
use crate::peer_failures::nobodys_address;
use crate::world::{TestWorker, World};

const fn number(id: u128) -> Uuid {
    Uuid::from_u128(id)
}

/// A worker between a store that keeps the changes 1 to 3 and a warehouse that keeps 4 and 5.
async fn gathered() -> (World, TestWorker, TestClient) {
    let world = World::new().await;
    keep(&world.store, (1..=3).map(|id| parked(number(id), "odd")).collect()).await;
    keep(&world.warehouse, (4..=5).map(|id| parked(number(id), "even")).collect()).await;
    let worker = world.start_worker("").await;
    let client = worker.client();
    (world, worker, client)
}

/// Reads all pages; returns the ids on each.
async fn pages(client: &TestClient, first: &str) -> Vec<Vec<String>> {
    let (mut next, mut pages) = (Some(first.to_owned()), vec![]);
    while let Some(path) = next {
        let page = client.get(&path).await.with(200).body;
        let items = page["items"].as_array().unwrap();
        pages.push(items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect());
        next = page["next"].as_str().map(str::to_owned);
    }
    pages
}

fn ids(pages: &[&[u128]]) -> Vec<Vec<String>> {
    let ids = |page: &&[u128]| page.iter().map(|id| number(*id).to_string()).collect();
    pages.iter().map(ids).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_goes_page_by_page_through_the_store_and_then_through_the_warehouse() {
    let (_world, worker, client) = gathered().await;
    assert_eq!(pages(&client, "/v1/parked?limit=2").await, ids(&[&[1, 2], &[3], &[4, 5]]));
    assert_eq!(pages(&client, "/v1/parked?limit=2&side=store").await, ids(&[&[1, 2], &[3]]));
    assert_eq!(pages(&client, "/v1/parked?side=warehouse").await, ids(&[&[4, 5]]));
    assert_eq!(pages(&client, "/v1/parked?state=dropped").await, ids(&[&[]]));
    let first = client.get("/v1/parked?limit=1").await.with(200).body["items"][0].clone();
    let mut expected = parked(number(1), "odd");
    expected["side"] = json!("store");
    expected["direction"] = json!("store-to-warehouse");
    expected["order_id"] = expected["key"].clone();
    assert_eq!(first, expected);
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_side_without_any_is_skipped() {
    let (_world, worker, client) = gathered().await;
    let only = json!({"ids": [number(4)]});
    client.post("/v1/parked/drop", &only).await.with(200);
    let page = client.get("/v1/parked?state=dropped").await.with(200).body;
    assert_eq!((&page["items"][0]["id"], &page["next"]), (&json!(number(4)), &Value::Null));
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_side_rejects_is_passed_on_and_an_invalid_cursor_is_refused() {
    let (_world, worker, client) = gathered().await;
    let refused = client.get("/v1/parked?limit=many").await;
    refused.assert_problem(400);
    assert_eq!(refused["detail"], "limit is odd");
    for query in ["cursor=odd", "cursor=store.2&side=warehouse", "side=shop", "sides=store"] {
        client.get(&format!("/v1/parked?{query}")).await.assert_problem(400);
    }
    client.post("/v1/parked", &json!({})).await.assert_problem(405);
    client.get("/v1/parked/replay").await.assert_problem(405);
    client.post("/v1/parked/drop", &json!({"every": true})).await.assert_problem(422);
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_change_is_shown_wherever_it_is_kept() {
    let (_world, worker, client) = gathered().await;
    for (id, side) in [(2, "store"), (5, "warehouse")] {
        let shown = client.get(&format!("/v1/parked/{}", number(id))).await.with(200);
        assert_eq!((&shown["id"], &shown["side"]), (&json!(number(id)), &json!(side)));
    }
    client.get(&format!("/v1/parked/{}", number(6))).await.assert_problem(404);
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn replay_and_drop_reach_both_sides_and_answer_as_one() {
    let (_world, worker, client) = gathered().await;
    let some = json!({"ids": [number(1), number(4), number(6)]});
    let settled = client.post("/v1/parked/replay", &some).await.with(200).body;
    let unknown = json!({"id": number(6), "reason": "there is no parked change of this id"});
    assert_eq!(settled, json!({"changed": 2, "left": [unknown]}));
    let again = client.post("/v1/parked/drop", &some).await.with(200).body;
    assert_eq!(again["changed"], 0);
    assert_eq!(again["left"][0], json!({"id": number(1), "reason": "it is settled already"}));
    assert_eq!(again["left"][2], unknown);
    let at_one = client.post("/v1/parked/drop?side=store", &json!({"all": true})).await;
    assert_eq!(at_one.with(200).body, json!({"changed": 2, "left": []}));
    assert_eq!(pages(&client, "/v1/parked").await, ids(&[&[5]]));
    assert_eq!(pages(&client, "/v1/parked?state=offered").await, ids(&[&[1], &[4]]));
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unavailable_side_is_named_and_the_other_can_be_asked_alone() {
    let world = World::new().await;
    keep(&world.store, vec![parked(number(1), "odd")]).await;
    let nobody = format!("http://{}", nobodys_address());
    let (broker, store) = (world.broker.url(BrokerUser::Worker), world.store.url());
    let worker = TestWorker::start(&broker, &store, &nobody, "").await;
    let client = worker.client();
    let first = client.get("/v1/parked").await.with(200).body;
    let second = first["next"].as_str().unwrap();
    for away in [client.get(second).await, client.get("/v1/parked?side=warehouse").await] {
        away.assert_problem(503);
        assert!(away.text.contains("the warehouse: no connection"), "{}", away.text);
        assert!(away.text.contains("?side=store"), "{}", away.text);
    }
    assert_eq!(pages(&client, "/v1/parked?side=store").await, ids(&[&[1]]));
    // What is kept at one side needs no word of the other.
    client.get(&format!("/v1/parked/{}", number(1))).await.with(200);
    client.get(&format!("/v1/parked/{}", number(2))).await.assert_problem(503);
    let one = json!({"ids": [number(1)]});
    client.post("/v1/parked/drop", &one).await.assert_problem(503);
    let again = client.post("/v1/parked/drop?side=store", &one).await.with(200).body;
    assert_eq!(again["left"][0]["reason"], "it is settled already", "it was dropped all the same");
    worker.stop().await;
}
