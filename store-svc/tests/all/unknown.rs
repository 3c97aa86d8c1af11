//! Requests whose outcome is unknown, because the database breaks off, or is silent, when it may
//! have committed: the answer is true all the same, or says that the outcome is unknown.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use service_kit::database::DatabaseSettings;
use store_svc::{PROGRAM, records};
use test_kit::{Answer, DatabaseLink, Loss, TestDatabase, TestService, eventually};
use uuid::Uuid;

use crate::samples::{ORDERS, order_under, order_with, place, placed};

const BATCH: &str = "/v1/orders/batch";
const LOSSES: [Loss; 2] = [Loss::Answer, Loss::Statement];

/// A store, and the link to its database.
async fn linked(adjust: impl FnOnce(&mut DatabaseSettings)) -> (TestService, DatabaseLink) {
    let database = TestDatabase::of(&records()).await;
    let mut settings = database.settings();
    adjust(&mut settings);
    let link = DatabaseLink::start(&mut settings).await;
    let over = |service: &mut service_kit::application::ServiceSettings| {
        service.database = settings;
    };
    let store = TestService::start_over(PROGRAM.name, records(), database, over).await;
    let ready = async || (store.client.get("/health/ready").await.status == 200).then_some(());
    eventually("the store is ready", ready).await;
    (store, link)
}

/// Sends a request, and loses the statement, or its answer, after which the log has `changes`
/// entries if PostgreSQL got it.
async fn broken_off<T>(
    (store, link): &(TestService, DatabaseLink),
    loss: Loss,
    changes: i64,
    asking: impl Future<Output = T>,
) -> T {
    let breaking = async {
        link.has_lost().await;
        if loss == Loss::Answer {
            let committed = async || (store.rows().await.changes == changes).then_some(());
            eventually("it is committed", committed).await;
        }
        link.cut();
    };
    tokio::join!(asking, breaking).0
}

/// Checks that the log has this many changes, also after a late statement.
async fn written_once((store, link): &(TestService, DatabaseLink), loss: Loss, changes: i64) {
    if loss == Loss::Statement {
        link.deliver_late().await;
    }
    let rows = store.rows().await;
    assert_eq!((rows.changes, rows.outbox), (changes, changes), "{loss:?}");
}

#[tokio::test]
async fn an_edit_of_what_the_caller_has_seen_is_not_refused_after_it_was_written() {
    for loss in LOSSES {
        let linked = linked(|_| {}).await;
        let client = &linked.0.client;
        let (path, seen) = place(client).await;
        linked.1.lose(loss, "edit-a");
        let patch = json!({"comment": "edit-a"});
        let patching = client.patch_if(&path, seen.tag(), &patch);
        let answer = broken_off(&linked, loss, 2, patching).await.with(200);
        assert_eq!((&answer["comment"], &answer["version"]), (&json!("edit-a"), &json!(2)));
        written_once(&linked, loss, 2).await;
    }
}

#[tokio::test]
async fn a_void_is_answered_and_stands_once_in_the_history() {
    for loss in LOSSES {
        let linked = linked(|_| {}).await;
        let client = &linked.0.client;
        let (path, seen) = place(client).await;
        linked.1.lose(loss, "\"voided\"");
        let request = client.request(reqwest::Method::DELETE, &path).header("if-match", seen.tag());
        let answer = broken_off(&linked, loss, 2, client.send(request)).await.with(200);
        assert_eq!((&answer["status"], &answer["version"]), (&json!("voided"), &json!(2)));
        written_once(&linked, loss, 2).await;
    }
}

#[tokio::test]
async fn an_order_that_was_placed_is_told_as_placed_and_one_that_was_there_as_there() {
    for loss in LOSSES {
        let linked = linked(|_| {}).await;
        let client = &linked.0.client;
        linked.1.lose(loss, "firm-a");
        let order = order_with(&json!({"company": "firm-a"}));
        let answer = broken_off(&linked, loss, 1, client.post(ORDERS, &order)).await.with(201);
        assert_eq!(client.get(answer.header("location").unwrap()).await.body, answer.body);
        written_once(&linked, loss, 1).await;
    }
}

#[tokio::test]
async fn orders_that_come_at_once_are_each_told_as_placed() {
    for loss in LOSSES {
        let linked = linked(|_| {}).await;
        let client = &linked.0.client;
        linked.1.lose(loss, "firm-a");
        let orders = (0..10).map(|_| order_with(&json!({"company": "firm-a"})));
        let orders = orders.collect::<Vec<_>>();
        let placing = join_all(orders.iter().map(|order| client.post(ORDERS, order)));
        let breaking = async {
            linked.1.has_lost().await;
            linked.1.cut();
        };
        let (answers, ()) = tokio::join!(placing, breaking);
        let statuses = answers.iter().map(|answer| answer.status).collect::<Vec<_>>();
        assert_eq!(statuses, [201; 10], "{loss:?}");
        written_once(&linked, loss, 10).await;
    }
}

fn results(answer: &Answer) -> Vec<&str> {
    let results = answer["results"].as_array().unwrap();
    results.iter().map(|result| result["result"].as_str().unwrap()).collect()
}

/// A batch of two new orders, and between them one that exists.
async fn batch(store: &TestService) -> Value {
    let (there, new) = (order_under(Uuid::new_v4()), || order_with(&json!({"company": "firm-a"})));
    placed(&store.client, &there).await;
    let mut orders = [new(), there, new()];
    orders[0]["id"] = json!(Uuid::new_v4());
    json!({ "orders": orders })
}

#[tokio::test]
async fn a_batch_is_told_as_it_was_placed() {
    for loss in LOSSES {
        let linked = linked(|_| {}).await;
        let client = &linked.0.client;
        let batch = batch(&linked.0).await;
        linked.1.lose_commit(loss, "firm-a");
        let placing = broken_off(&linked, loss, 3, client.post(BATCH, &batch));
        let ending = async {
            if loss == Loss::Statement {
                linked.1.never_deliver().await;
            }
        };
        let (answer, ()) = tokio::join!(placing, ending);
        assert_eq!(results(&answer.with(201)), ["created", "exists", "created"], "{loss:?}");
        assert_eq!(linked.0.rows().await.changes, 3, "{loss:?}");
    }
}

#[tokio::test]
async fn what_the_database_does_not_say_in_time_is_told_to_be_unknown() {
    let linked = linked(|settings| settings.deadline = Duration::from_secs(1)).await;
    let client = &linked.0.client;
    let batch = batch(&linked.0).await;
    linked.1.lose_commit(Loss::Answer, "firm-a");
    let answer = client.post(BATCH, &batch).await;
    answer.assert_problem(503);
    assert_eq!(answer["type"], "urn:lockstep:problem:outcome-unknown");
    assert!(answer["detail"].as_str().unwrap().contains("may have been"), "{}", answer.text);
    assert_eq!(answer.header("retry-after"), None);
    // It was placed, as the caller finds by asking for the same again.
    let again = client.post(BATCH, &batch).await.with(201);
    assert_eq!(results(&again), ["exists", "exists", "created"]);
}
