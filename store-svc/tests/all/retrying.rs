//! Placing an order under the same id again.

use futures_util::future::join_all;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::samples::{ORDERS, order_under, order_with, placed, store};

#[tokio::test]
async fn the_same_order_again_is_the_order_that_is_there() {
    let store = store().await;
    let order = order_under(Uuid::new_v4());
    let (location, first) = placed(&store.client, &order).await;
    let again = store.client.post(ORDERS, &order).await.with(200);
    assert_eq!(again.body, first.body);
    assert_eq!(again.header("location"), Some(location.as_str()));
    assert_eq!(again.tag(), first.tag());
    let rows = store.rows().await;
    assert_eq!((rows.records, rows.changes, rows.outbox), (1, 1, 1));
}

#[tokio::test]
async fn a_retry_after_the_order_was_edited_gives_the_order_as_it_is_now() {
    let store = store().await;
    let order = order_under(Uuid::new_v4());
    let (location, _) = placed(&store.client, &order).await;
    let edited = json!({"comment": null, "currency": "USD"});
    let edited = store.client.patch(&location, &edited).await.with(200);
    assert_eq!(store.client.post(ORDERS, &order).await.with(200).body, edited.body);
    let voided = store.client.delete(&location).await.with(200);
    assert_eq!(store.client.post(ORDERS, &order).await.with(200).body, voided.body);
}

#[tokio::test]
async fn a_retry_may_say_the_same_in_another_way() {
    let store = store().await;
    let id = Uuid::new_v4();
    let order = order_with(&json!({"id": id, "comment": null}));
    placed(&store.client, &order).await;
    let mut turned = order.clone();
    turned["lines"].as_array_mut().unwrap().reverse();
    store.client.post(ORDERS, &turned).await.with(200);
    let mut left_out = order.clone();
    left_out.as_object_mut().unwrap().remove("comment");
    store.client.post(ORDERS, &left_out).await.with(200);
    let mut backwards = order.as_object().unwrap().iter().collect::<Vec<_>>();
    backwards.reverse();
    let fields = backwards.iter().map(|(name, value)| format!("{name:?}: {value}"));
    let text = format!("{{ {} }}", fields.collect::<Vec<_>>().join(" ,\n "));
    store.client.send_text(reqwest::Method::POST, ORDERS, text).await.with(200);
}

#[tokio::test]
async fn another_order_under_a_taken_id_is_a_conflict() {
    let store = store().await;
    let id = Uuid::new_v4();
    let (location, first) = placed(&store.client, &order_under(id)).await;
    let one_line = json!([{"sku": "bolt", "quantity": 4, "unit_price": 250}]);
    let other_price = json!([
        {"sku": "bolt", "quantity": 4, "unit_price": 251},
        {"sku": "nut", "quantity": 9, "unit_price": 99},
    ]);
    let differences = [
        json!({"company": "Harbour Tool"}),
        json!({"address": "2 Quay Street"}),
        json!({"deliver_by": null}),
        json!({"comment": "ring thrice"}),
        json!({"currency": "USD"}),
        json!({"lines": one_line}),
        json!({"lines": other_price}),
    ];
    for difference in differences {
        let mut other = order_with(&difference);
        other["id"] = json!(id);
        let answer = store.client.post(ORDERS, &other).await;
        answer.assert_problem(409);
        assert_eq!(answer.fields(), ["id"], "{difference}");
    }
    assert_eq!(store.client.get(&location).await.body, first.body);
    assert_eq!(store.rows().await.changes, 1);
}

#[tokio::test]
async fn of_many_at_once_one_places_the_order_and_the_rest_find_it() {
    let store = store().await;
    let order = order_under(Uuid::new_v4());
    let answers = join_all((0..20).map(|_| store.client.post(ORDERS, &order))).await;
    let count = |status| answers.iter().filter(|answer| answer.status == status).count();
    assert_eq!((count(201), count(200)), (1, 19));
    let first = &answers[0].body;
    assert!(*first != Value::Null && answers.iter().all(|answer| answer.body == *first));
    let rows = store.rows().await;
    assert_eq!((rows.records, rows.changes, rows.outbox), (1, 1, 1));
}

#[tokio::test]
async fn of_different_orders_at_once_under_one_id_one_stands() {
    let store = store().await;
    let id = Uuid::new_v4();
    let orders =
        (0..12).map(|number| order_with(&json!({"id": id, "company": number.to_string()})));
    let orders = orders.collect::<Vec<_>>();
    let answers = join_all(orders.iter().map(|order| store.client.post(ORDERS, order))).await;
    let count = |status| answers.iter().filter(|answer| answer.status == status).count();
    assert_eq!((count(201), count(409)), (1, 11));
    assert_eq!(store.rows().await.changes, 1);
}
