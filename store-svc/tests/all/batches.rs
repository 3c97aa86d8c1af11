//! Placing many orders at once: all, or none.

use futures_util::future::join_all;
use serde_json::{Value, json};
use test_kit::Rows;
use uuid::Uuid;

use crate::samples::{order, order_under, order_with, placed, store};

const BATCH: &str = "/v1/orders/batch";
const NOTHING: Rows = Rows { records: 0, changes: 0, outbox: 0 };

fn batch(orders: &[Value]) -> Value {
    json!({ "orders": orders })
}

fn told(results: &Value, member: &str) -> Vec<Value> {
    results.as_array().unwrap().iter().map(|result| result[member].clone()).collect()
}

#[tokio::test]
async fn a_thousand_orders_are_placed_at_once() {
    let store = store().await;
    let ids = (0..1_000).map(|_| Uuid::new_v4()).collect::<Vec<_>>();
    let orders = ids.iter().map(|id| order_under(*id)).collect::<Vec<_>>();
    let answer = store.client.post(BATCH, &batch(&orders)).await.with(201);
    let results = &answer["results"];
    assert_eq!(told(results, "id"), ids.iter().map(|id| json!(id)).collect::<Vec<_>>());
    assert!(told(results, "result").iter().all(|result| result == "created"));
    assert!(told(results, "version").iter().all(|version| version == 1));
    let rows = store.rows().await;
    assert_eq!(rows, Rows { records: 1_000, changes: 1_000, outbox: 1_000 });
}

#[tokio::test]
async fn a_batch_of_one_without_an_id_is_given_one() {
    let store = store().await;
    let answer = store.client.post(BATCH, &batch(&[order()])).await.with(201);
    let path = format!("/v1/orders/{}", answer["results"][0]["id"].as_str().unwrap());
    assert_eq!(store.client.get(&path).await.with(200)["total"], 1_891);
}

#[tokio::test]
async fn no_orders_or_too_many_are_refused() {
    let store = store().await;
    for count in [0, 1_001] {
        let answer = store.client.post(BATCH, &batch(&vec![order(); count])).await;
        answer.assert_refuses(422, "orders");
    }
    assert_eq!(store.rows().await, NOTHING);
}

#[tokio::test]
async fn what_is_there_already_is_told_apart_from_what_is_new() {
    let store = store().await;
    let orders = (0..4).map(|_| order_under(Uuid::new_v4())).collect::<Vec<_>>();
    let (location, _) = placed(&store.client, &orders[2]).await;
    store.client.patch(&location, &json!({"comment": "edited"})).await.with(200);
    let before = store.rows().await;
    let answer = store.client.post(BATCH, &batch(&orders)).await.with(201);
    let results = &answer["results"];
    assert_eq!(told(results, "result"), ["created", "created", "exists", "created"]);
    assert_eq!(told(results, "version"), [1, 1, 2, 1]);
    let again = store.client.post(BATCH, &batch(&orders)).await.with(201);
    assert_eq!(told(&again["results"], "result"), ["exists"; 4]);
    let rows = store.rows().await;
    assert_eq!(rows.changes, before.changes + 3);
    assert_eq!(rows.outbox, before.outbox + 3);
}

#[tokio::test]
async fn every_order_that_does_not_fit_is_named_and_nothing_is_placed() {
    let store = store().await;
    let bad_line = json!([{"sku": "bolt", "quantity": 0, "unit_price": -1}]);
    let orders = [
        order(),
        order_with(&json!({"company": " "})),
        json!("an order"),
        order_with(&json!({"lines": bad_line, "currency": "eur"})),
        order_with(&json!({"colour": "red"})),
        order_with(&json!({"id": "7"})),
        order(),
    ];
    let answer = store.client.post(BATCH, &batch(&orders)).await;
    answer.assert_problem(422);
    let expected = [
        "orders[1].company",
        "orders[2]",
        "orders[3].currency",
        "orders[3].lines[0].unit_price",
        "orders[3].lines[0].quantity",
        "orders[4].colour",
        "orders[5].id",
    ];
    assert_eq!(answer.fields(), expected);
    assert_eq!(store.rows().await, NOTHING);
}

#[tokio::test]
async fn every_id_that_is_taken_is_named_and_nothing_is_placed() {
    let store = store().await;
    let orders = (0..5).map(|_| order_under(Uuid::new_v4())).collect::<Vec<_>>();
    for index in [1, 2, 4] {
        placed(&store.client, &orders[index]).await;
    }
    let before = store.rows().await;
    let mut others = orders.clone();
    for index in [1, 4] {
        others[index]["company"] = json!("Somebody else");
    }
    let answer = store.client.post(BATCH, &batch(&others)).await;
    answer.assert_problem(409);
    assert_eq!(answer.fields(), ["orders[1].id", "orders[4].id"]);
    assert_eq!(store.rows().await, before);
}

#[tokio::test]
async fn an_id_stands_once_in_a_batch() {
    let store = store().await;
    let same = order_under(Uuid::new_v4());
    let orders = [same.clone(), order(), same.clone(), same];
    let answer = store.client.post(BATCH, &batch(&orders)).await;
    answer.assert_problem(422);
    assert_eq!(answer.fields(), ["orders[2].id", "orders[3].id"]);
    assert_eq!(store.rows().await, NOTHING);
}

#[tokio::test]
async fn a_batch_that_is_none_is_refused() {
    let store = store().await;
    let cases = [
        (json!([order()]), "body"),
        (json!({}), "orders"),
        (json!({"orders": {}}), "orders"),
        (json!({"orders": [order()], "atomic": true}), "atomic"),
    ];
    for (body, field) in cases {
        store.client.post(BATCH, &body).await.assert_refuses(422, field);
    }
    assert_eq!(store.rows().await, NOTHING);
}

#[tokio::test]
async fn batches_that_cross_each_other_do_not_stand_in_each_others_way() {
    let store = store().await;
    let orders = (0..200).map(|_| order_under(Uuid::new_v4())).collect::<Vec<_>>();
    let turned = orders.iter().rev().cloned().collect::<Vec<_>>();
    let requests = [&orders, &turned, &orders, &turned, &orders, &turned];
    let batches = requests.map(|orders| batch(orders));
    let answers = join_all(batches.iter().map(|batch| store.client.post(BATCH, batch))).await;
    let results = |answer: &test_kit::Answer| told(&answer["results"], "result");
    let created = answers.iter().flat_map(results).filter(|result| result == "created").count();
    assert!(answers.iter().all(|answer| answer.status == 201), "{answers:?}");
    assert_eq!(created, 200);
    assert_eq!(store.rows().await, Rows { records: 200, changes: 200, outbox: 200 });
}
