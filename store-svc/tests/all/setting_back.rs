//! An order of the store is set back to an earlier state, as by a restored backup, and edited again.

use serde_json::{Value, json};
use shared_models::side::Side;
use test_kit::{Rows, TestClient, TestService, change_of, delivery_to};
use uuid::Uuid;

use crate::samples::{order_under, placed, store};

/// A store whose order was edited, set back to what it was before, and edited again.
struct SetBack {
    store: TestService,
    path: String,
    /// The change that the peer has, as the worker carries it.
    known: Value,
}

async fn set_back(first: &str, again: &str) -> SetBack {
    let store = store().await;
    let id = Uuid::new_v4();
    let (path, _) = placed(&store.client, &order_under(id)).await;
    store.database.run("create table backup as select * from orders").await;
    store.client.patch(&path, &json!({ "address": first })).await.with(200);
    let known = last_change(&store.client, &path).await;
    let seems_set_back = "update orders set delivery = backup.delivery, version = backup.version
        from backup where orders.id = backup.id";
    store.database.run(seems_set_back).await;
    store.client.patch(&path, &json!({ "address": again })).await.with(200);
    SetBack { store, path, known }
}

async fn history(client: &TestClient, path: &str) -> Vec<Value> {
    let answer = client.get(&format!("{path}/changes")).await.with(200);
    answer["items"].as_array().unwrap().clone()
}

/// The last change of an order, as the worker would carry it back.
async fn last_change(client: &TestClient, path: &str) -> Value {
    let event = history(client, path).await.pop().unwrap()["event"].clone();
    json!({
        "event_id": Uuid::new_v4(), "order_id": event["order_id"], "delivery": event["delivery"],
    })
}

#[tokio::test]
async fn two_contents_of_one_revision_are_decided_recorded_and_told() {
    for (first, again) in [("1 Lost Lane", "2 New Lane"), ("2 Lost Lane", "1 New Lane")] {
        let SetBack { store, path, known } = set_back(first, again).await;
        let (client, before) = (&store.client, store.rows().await);
        let revisions = client.get(&path).await["revisions"].clone();
        assert_eq!(revisions["delivery"], known["delivery"]["revision"], "the same revision");

        let answer = client.sync(Side::Warehouse, std::slice::from_ref(&known)).await;
        assert_eq!(
            answer["results"],
            json!([
                {"event_id": known["event_id"], "outcome": "merged"},
            ])
        );
        let order = client.get(&path).await;
        let (kept, lost) = if first > again { (first, again) } else { (again, first) };
        assert_eq!(order["address"], kept);
        assert_eq!(order["revisions"]["delivery"], json!({"store": 3, "warehouse": 0}));

        let entry = history(client, &path).await.pop().unwrap();
        assert_eq!((&entry["origin"], &entry["version"]), (&json!("store"), &order["version"]));
        assert_eq!(entry["event"]["touched"], json!(["delivery"]));
        let [conflict] = &entry["conflicts"].as_array().unwrap()[..] else { panic!("{entry}") };
        assert_eq!(
            (&conflict["facet"], &conflict["cause"]),
            (&json!("delivery"), &json!("diverged"))
        );
        assert_eq!(
            (&conflict["kept"]["address"], &conflict["lost"]["address"]),
            (&json!(kept), &json!(lost))
        );
        let rows = store.rows().await;
        assert_eq!((rows.changes, rows.outbox), (before.changes + 1, before.outbox + 1));

        let answer = client.sync(Side::Warehouse, &[known]).await;
        assert_eq!(answer.outcomes(), ["stale"], "it was decided upon");
        assert_eq!(store.rows().await, rows);
    }
}

#[tokio::test]
async fn what_the_peer_made_of_the_lost_state_stands_and_what_gave_way_is_recorded() {
    let SetBack { store, path, mut known } = set_back("1 Lost Lane", "2 New Lane").await;
    let before = store.rows().await;
    known["delivery"]["address"] = json!("3 Side Street");
    known["delivery"]["revision"]["warehouse"] = json!(1);
    known["delivery"]["marks"]["warehouse"] = json!(7);
    assert_eq!(store.client.sync(Side::Warehouse, &[known]).await.outcomes(), ["merged"]);
    assert_eq!(store.client.get(&path).await["address"], "3 Side Street");
    let entry = history(&store.client, &path).await.pop().unwrap();
    assert_eq!(
        (&entry["origin"], &entry["conflicts"][0]["cause"]),
        (&json!("warehouse"), &json!("diverged"))
    );
    assert_eq!(entry["conflicts"][0]["lost"]["address"], "2 New Lane");
    let rows = store.rows().await;
    assert_eq!((rows.changes, rows.outbox), (before.changes + 1, before.outbox));
}

#[tokio::test]
async fn two_contents_of_one_revision_in_one_request_are_both_told() {
    let store = store().await;
    let id = Uuid::new_v4();
    let (path, _) = placed(&store.client, &order_under(id)).await;
    let before = store.rows().await;
    let changes = ["1 Lane", "2 Lane"].map(|to| change_of(id, delivery_to(to, 1, 1), None));
    let answer = store.client.sync(Side::Warehouse, &changes).await;
    let results = answer["results"].as_array().unwrap().iter();
    let events = results.map(|result| result["event_id"].clone()).collect::<Vec<_>>();
    assert_eq!(events, changes.each_ref().map(|change| json!(change.event_id)));
    assert_eq!(answer.outcomes(), ["merged"; 2]);
    let order = store.client.get(&path).await;
    assert_eq!((&order["address"], &order["version"]), (&json!("2 Lane"), &json!(3)));
    let entry = history(&store.client, &path).await.pop().unwrap();
    assert_eq!(entry["conflicts"][0]["lost"]["address"], "1 Lane");
    let rows = store.rows().await;
    assert_eq!((rows.changes, rows.outbox), (before.changes + 2, before.outbox + 1));
}

#[tokio::test]
async fn an_order_that_arrives_first_in_two_contents_is_inserted_and_decided() {
    let store = store().await;
    let id = Uuid::new_v4();
    let changes = ["1 Lane", "2 Lane"].map(|to| change_of(id, delivery_to(to, 1, 1), None));
    let answer = store.client.sync(Side::Warehouse, &changes).await;
    assert_eq!(answer.outcomes(), ["merged"; 2]);
    let order = store.client.get(&format!("/v1/orders/{id}")).await;
    assert_eq!((&order["address"], &order["version"]), (&json!("2 Lane"), &json!(2)));
    assert_eq!(store.rows().await, Rows { records: 1, changes: 2, outbox: 1 });
}
