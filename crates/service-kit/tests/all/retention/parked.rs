//! Deleting parked changes that wait for nobody, and what is known of their events.

use chrono::{DateTime, Utc};
use diesel_async::AsyncConnection as _;
use serde_json::{Value, json};
use service_kit::retention::{Swept, delete_settled, sweep_events};
use shared_models::SCHEMA;
use test_kit::{TestDatabase, TestService, notes, write_notes};
use uuid::Uuid;

use super::later;

const PARKED: &str = "/v1/parked";

async fn report(side: &TestService, events: &[Uuid], key: &str) -> u64 {
    let change = |event: &Uuid| {
        json!({
            "event_id": event, "resource": "note", "key": key, "body": "e30=",
            "reason": "the peer answers 500", "may_pass": true,
        })
    };
    let changes = events.iter().map(change).collect::<Vec<Value>>();
    let report = json!({"schema": SCHEMA, "changes": changes});
    side.client.post(PARKED, &report).await.with(200)["parked"].as_u64().unwrap()
}

async fn delete(database: &TestDatabase, before: DateTime<Utc>) -> usize {
    let mut connection = database.connect().await;
    let deleting = connection.transaction::<_, diesel::result::Error, _>(async |it| {
        delete_settled(it, before, 500).await
    });
    deleting.await.unwrap()
}

async fn sweep(database: &TestDatabase, after: Uuid, before: DateTime<Utc>, limit: u16) -> Swept {
    let mut connection = database.connect().await;
    sweep_events(&mut connection, after, before, limit).await.unwrap()
}

/// A side without RabbitMQ, and a parked change in each state.
async fn three_states() -> (TestService, [Uuid; 3]) {
    let side = TestService::start("notes", notes()).await;
    let key = write_notes(&side.database, 1).await.remove(0);
    let ids = [Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7()];
    assert_eq!(report(&side, &ids, &key).await, 3);
    let [waiting, offered, dropped] = ids;
    let settle = format!(
        "update parked set offer_at = null where id = '{waiting}';
        update parked set state = 'offered', offer_at = null where id = '{offered}';
        update parked set state = 'dropped', offer_at = null where id = '{dropped}'"
    );
    side.database.run(&settle).await;
    (side, ids)
}

#[tokio::test]
async fn what_is_settled_is_deleted_when_it_is_old_and_what_waits_is_kept() {
    let (side, [waiting, offered, dropped]) = three_states().await;
    let begin = DateTime::UNIX_EPOCH;
    assert_eq!(delete(&side.database, begin).await, 0, "they are not so old");
    assert_eq!(delete(&side.database, later()).await, 2);
    side.client.get(&format!("{PARKED}/{waiting}")).await.with(200);
    for gone in [offered, dropped] {
        side.client.get(&format!("{PARKED}/{gone}")).await.assert_problem(404);
    }
    assert_eq!(side.database.count("parked_events").await, 1);
}

#[tokio::test]
async fn what_was_offered_lately_is_kept_however_long_ago_it_was_parked() {
    let (side, [_, offered, _]) = three_states().await;
    let offer = Uuid::now_v7();
    let long_ago = format!(
        "update parked set first_at = '2020-01-01', last_at = '2020-01-01';
        update parked set event_id = '{offer}' where id = '{offered}';
        update parked set state = 'parked' where state = 'dropped'"
    );
    side.database.run(&long_ago).await;
    let before = later() - chrono::TimeDelta::hours(1);
    assert_eq!(delete(&side.database, before).await, 0, "the offer may yet be in vain");
    assert_eq!(delete(&side.database, later()).await, 1);
}

#[tokio::test]
async fn what_was_dropped_lately_is_kept_however_long_ago_it_was_parked() {
    let (side, [_, _, dropped]) = three_states().await;
    let before = later() - chrono::TimeDelta::hours(1);
    let long_ago = format!(
        "update parked set first_at = '2020-01-01', last_at = '2020-01-01';
        update parked set state = 'parked' where state = 'offered';
        update parked set acted_at = now() where id = '{dropped}'"
    );
    side.database.run(&long_ago).await;
    assert_eq!(delete(&side.database, before).await, 0);
    side.database.run("update parked set acted_at = '2020-02-02'").await;
    assert_eq!(delete(&side.database, before).await, 1);
}

#[tokio::test]
async fn a_change_that_is_reported_again_after_it_was_deleted_is_parked_anew() {
    let (side, [waiting, offered, dropped]) = three_states().await;
    assert_eq!(report(&side, &[waiting, offered, dropped], "n-0001").await, 0);
    delete(&side.database, later()).await;
    assert_eq!(report(&side, &[waiting, offered, dropped], "n-0001").await, 2);
    let again = side.client.get(&format!("{PARKED}/{dropped}")).await.with(200);
    assert_eq!((&again["state"], &again["attempts"]), (&json!("parked"), &json!(1)));
}

#[tokio::test]
async fn events_of_no_parked_change_are_forgotten_step_by_step() {
    let (side, ids) = three_states().await;
    let alone = (0..5).map(|_| Uuid::now_v7()).collect::<Vec<_>>();
    let other = Uuid::new_v4();
    for event in alone.iter().chain([&other]) {
        side.database.run(&format!("insert into parked_events values ('{event}')")).await;
    }
    let early = DateTime::UNIX_EPOCH;
    assert_eq!(sweep(&side.database, Uuid::nil(), early, 100).await, Swept::All);
    assert_eq!(side.database.count("parked_events").await, 9, "they are not so old");
    let mut ends = vec![];
    let mut after = Uuid::nil();
    while let Swept::Upto(last) = sweep(&side.database, after, later(), 3).await {
        ends.push(last);
        after = last;
    }
    assert_eq!(ends, [ids[2], alone[2]]);
    // An id without a time is kept as long as its row, and here it has none.
    let left = format!("parked_events where event_id = '{other}'");
    assert_eq!(side.database.count(&left).await, 1);
    assert_eq!(side.database.count("parked_events").await, 4);
    assert_eq!(side.database.count("parked").await, 3);
}
