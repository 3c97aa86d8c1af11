//! Changes of the store that arrive at the warehouse: applied, merged, stale or rejected, each by
//! itself.

use serde_json::{Value, json};
use shared_models::order::Status;
use test_kit::{Rows, change_of, delivery_to, progress_to};
use uuid::Uuid;

use crate::samples::{ORDERS, STORE, arrived_as, history, warehouse};

#[tokio::test]
async fn an_order_that_was_placed_appears() {
    let warehouse = warehouse().await;
    let id = Uuid::new_v4();
    let path = arrived_as(&warehouse.client, id, Status::Placed).await;
    let order = warehouse.client.get(&path).await.with(200);
    assert_eq!((&order["company"], order.tag()), (&json!("Harbour Tools"), "\"1\""));
    assert_eq!(order["revisions"]["delivery"], json!({"store": 1, "warehouse": 0}));
    let history = history(&warehouse.client, &path).await;
    assert_eq!(
        (&history[0]["kind"], &history[0]["origin"]),
        (&json!("order.created"), &json!("store"))
    );
}

#[tokio::test]
async fn what_arrived_is_not_sent_back() {
    let warehouse = warehouse().await;
    arrived_as(&warehouse.client, Uuid::new_v4(), Status::Placed).await;
    let rows = warehouse.rows().await;
    assert_eq!(rows, Rows { records: 1, changes: 1, outbox: 0 });
}

#[tokio::test]
async fn what_arrives_twice_is_stale_the_second_time() {
    let warehouse = warehouse().await;
    let change = change_of(Uuid::new_v4(), delivery_to("1 Quay Street", 1, 0), None);
    for outcome in ["applied", "stale", "stale"] {
        let answer = warehouse.client.sync(STORE, std::slice::from_ref(&change)).await;
        assert_eq!(answer.outcomes(), [outcome]);
    }
    assert_eq!(warehouse.rows().await, Rows { records: 1, changes: 1, outbox: 0 });
}

#[tokio::test]
async fn what_is_older_changes_nothing() {
    let warehouse = warehouse().await;
    let id = Uuid::new_v4();
    for (address, store, outcome) in [("third", 3, "applied"), ("second", 2, "stale")] {
        let change = change_of(id, delivery_to(address, store, 0), None);
        assert_eq!(warehouse.client.sync(STORE, &[change]).await.outcomes(), [outcome]);
    }
    assert_eq!(warehouse.client.get(&format!("{ORDERS}/{id}")).await["address"], "third");
}

#[tokio::test]
async fn two_changes_of_one_order_are_taken_as_one() {
    let warehouse = warehouse().await;
    let id = Uuid::new_v4();
    let revision = |store: u32| change_of(id, delivery_to(&store.to_string(), store, 0), None);
    let other = change_of(Uuid::new_v4(), delivery_to("other", 1, 0), None);
    let changes = [revision(1), revision(4), other, revision(2)];
    let answer = warehouse.client.sync(STORE, &changes).await;
    assert_eq!(answer.outcomes(), ["applied"; 4]);
    let events = answer["results"].as_array().unwrap().iter().map(|result| &result["event_id"]);
    assert!(
        events.eq(changes.iter().map(|change| json!(change.event_id)).collect::<Vec<_>>().iter())
    );
    let order = warehouse.client.get(&format!("{ORDERS}/{id}")).await;
    assert_eq!((&order["address"], &order["version"]), (&json!("4"), &json!(1)));
    assert_eq!(warehouse.rows().await, Rows { records: 2, changes: 2, outbox: 0 });
}

#[tokio::test]
async fn concurrent_edits_end_with_the_stores_and_leave_a_conflict() {
    let warehouse = warehouse().await;
    let id = Uuid::new_v4();
    let path = arrived_as(&warehouse.client, id, Status::Placed).await;
    warehouse.client.patch(&path, &json!({"address": "Here"})).await.with(200);
    let change = change_of(id, delivery_to("There", 2, 0), None);
    assert_eq!(
        warehouse.client.sync(STORE, std::slice::from_ref(&change)).await.outcomes(),
        ["merged"]
    );
    let order = warehouse.client.get(&path).await;
    assert_eq!(order["address"], "There");
    assert_eq!(order["revisions"]["delivery"], json!({"store": 2, "warehouse": 1}));
    let entry = history(&warehouse.client, &path).await.pop().unwrap();
    let conflict = &entry["conflicts"][0];
    assert_eq!(
        (&conflict["kept"]["address"], &conflict["lost"]["address"]),
        (&json!("There"), &json!("Here"))
    );
    assert_eq!(warehouse.client.sync(STORE, &[change]).await.outcomes(), ["stale"]);
}

#[tokio::test]
async fn of_two_statuses_the_higher_one_stands() {
    let warehouse = warehouse().await;
    let cases = [("shipped", "shipped"), ("picking", "voided"), ("packed", "voided")];
    for (here, stands) in cases {
        let id = Uuid::new_v4();
        let path = arrived_as(&warehouse.client, id, Status::Placed).await;
        warehouse.client.patch(&path, &json!({ "status": here })).await.with(200);
        let voided = progress_to(Status::Voided, 1, 0);
        let change = change_of(id, delivery_to("1 Quay Street", 1, 0), Some(voided));
        assert_eq!(warehouse.client.sync(STORE, &[change]).await.outcomes(), ["merged"]);
        assert_eq!(warehouse.client.get(&path).await["status"], stands);
        let entry = history(&warehouse.client, &path).await.pop().unwrap();
        assert_eq!(entry["conflicts"][0]["facet"], "progress");
    }
}

#[tokio::test]
async fn an_edit_that_reaches_an_order_which_has_left_is_late() {
    let warehouse = warehouse().await;
    let id = Uuid::new_v4();
    let path = arrived_as(&warehouse.client, id, Status::Placed).await;
    warehouse.client.patch(&path, &json!({"status": "shipped"})).await.with(200);
    let change = change_of(id, delivery_to("Too late", 2, 0), None);
    assert_eq!(warehouse.client.sync(STORE, &[change]).await.outcomes(), ["applied"]);
    let entry = history(&warehouse.client, &path).await.pop().unwrap();
    assert_eq!(entry["conflicts"][0]["cause"], "late");
    assert_eq!(entry["conflicts"][0]["lost"]["address"], "1 Quay Street");
    assert_eq!(warehouse.client.get(&path).await["address"], "Too late");
}

#[tokio::test]
async fn a_change_that_cannot_be_one_is_rejected_and_the_others_are_taken() {
    let warehouse = warehouse().await;
    let good = || json!(change_of(Uuid::new_v4(), delivery_to("1 Quay Street", 1, 0), None));
    let with = |pointer: &str, value: Value| {
        let mut change = good();
        *change.pointer_mut(pointer).unwrap() = value;
        change
    };
    let unborn = json!({"store": 0, "warehouse": 1});
    let progress = json!({"revision": {"store": 0, "warehouse": 1}, "status": "placed"});
    let mut travelling_default = good();
    travelling_default["progress"] = progress;
    let changes = [
        good(),
        json!("a change"),
        json!({}),
        with("/order_id", json!("7")),
        with("/event_id", json!(null)),
        with("/delivery/company", json!("")),
        with("/delivery/company", json!("a\0b")),
        with("/delivery/company", json!(7)),
        with("/delivery/lines", json!([])),
        with("/delivery/lines/0/quantity", json!(0)),
        with("/delivery/revision", unborn),
        with("/delivery/revision/store", json!(4_000_000_000_u32)),
        travelling_default,
        good(),
    ];
    let answer = warehouse.client.sync(STORE, &changes).await;
    let mut expected = vec!["rejected"; changes.len()];
    (expected[0], expected[13]) = ("applied", "applied");
    assert_eq!(answer.outcomes(), expected, "{}", answer.text);
    for (result, change) in answer["results"].as_array().unwrap().iter().zip(&changes) {
        assert_eq!(result["event_id"], *change.get("event_id").unwrap_or(&Value::Null));
        if result["outcome"] == "rejected" {
            assert!(result["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{result}");
        }
    }
    let of_another_type = answer["results"][7]["reason"].as_str().unwrap();
    assert!(of_another_type.contains("delivery.company"), "{of_another_type}");
    assert_eq!(warehouse.rows().await, Rows { records: 2, changes: 2, outbox: 0 });
}

#[tokio::test]
async fn five_hundred_changes_are_taken_and_one_more_is_refused() {
    let warehouse = warehouse().await;
    let change = |_| change_of(Uuid::new_v4(), delivery_to("1 Quay Street", 1, 0), None);
    let answer = warehouse.client.sync(STORE, &(0..501).map(change).collect::<Vec<_>>()).await;
    answer.assert_problem(422);
    assert_eq!((answer.fields(), warehouse.rows().await.records), (vec!["changes"], 0));
    let answer = warehouse.client.sync(STORE, &(0..500).map(change).collect::<Vec<_>>()).await;
    assert_eq!(answer.outcomes(), ["applied"; 500]);
    assert_eq!(warehouse.rows().await, Rows { records: 500, changes: 500, outbox: 0 });
}

#[tokio::test]
async fn another_form_of_request_is_not_guessed_at() {
    let warehouse = warehouse().await;
    let request = json!({"schema": 2, "source": "store", "changes": []});
    let answer = warehouse.client.post("/v1/sync/orders", &request).await;
    answer.assert_problem(422);
    assert_eq!(answer.fields(), ["schema"]);
    for (request, field) in [
        (json!({"source": "store", "changes": []}), "schema"),
        (json!({"schema": 1, "source": "office", "changes": []}), "source"),
        (json!({"schema": 1, "source": "store"}), "changes"),
        (json!({"schema": 1, "source": "store", "changes": {}}), "changes"),
    ] {
        let answer = warehouse.client.post("/v1/sync/orders", &request).await;
        assert_eq!((answer.status, answer.fields()), (422, vec![field]), "{}", answer.text);
    }
}
