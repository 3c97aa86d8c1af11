//! What a step of trimming deletes, and what holds it back.

use chrono::TimeDelta;
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection as _};
use serde_json::json;
use service_kit::database::now;
use service_kit::retention::Trimmed;
use test_kit::queue::{body, published, take_all};
use test_kit::{NOTES, eventually};

use super::{STEP, later, log, step, these, trim, write};
use crate::side::{bound_broker, fresh_database, publishing_to};

#[tokio::test]
async fn up_to_where_it_is_trimmed_the_log_has_the_newest_change_of_each_record() {
    let database = fresh_database().await;
    write(&database, &["a", "b", "a", "a", "c"]).await;
    assert_eq!(trim(&database, later(), 5).await, 2);
    assert_eq!(log(&database).await, these([("b", 1), ("a", 3), ("c", 1)]));
    write(&database, &["a", "b", "a"]).await;
    assert_eq!(log(&database).await.len(), 6, "what is not passed yet replaces nothing");
    assert_eq!(trim(&database, later(), 3).await, 3);
    assert_eq!(log(&database).await, these([("c", 1), ("b", 2), ("a", 5)]));
}

#[tokio::test]
async fn what_is_younger_than_the_limit_stays() {
    let database = fresh_database().await;
    write(&database, &["a", "a", "b"]).await;
    let limit = now();
    write(&database, &["a", "b"]).await;
    assert_eq!(trim(&database, limit, 3).await, 1);
    let expected = these([("a", 2), ("b", 1), ("a", 3), ("b", 2)]);
    assert_eq!(log(&database).await, expected);
}

#[tokio::test]
async fn a_step_passes_so_many_entries_at_the_most() {
    let database = fresh_database().await;
    let keys = ["a", "b", "a", "a", "c", "a", "b"];
    write(&database, &keys).await;
    let mut connection = database.connect().await;
    let mut steps = vec![];
    eventually("all are passed", async || {
        steps.extend(step(&mut connection, later(), 3).await);
        (steps.iter().map(|step| step.passed).sum::<u64>() == 7).then_some(())
    })
    .await;
    assert!(steps.iter().all(|step| (1..=3).contains(&step.passed)), "{steps:?}");
    assert_eq!(log(&database).await, these([("c", 1), ("a", 4), ("b", 2)]));
}

#[tokio::test]
async fn what_was_not_published_is_not_trimmed_nor_anything_after_it() {
    let database = fresh_database().await;
    write(&database, &["a", "a"]).await;
    NOTES.write(&database, &["b"]).await;
    for key in ["a", "a", "b"] {
        NOTES.write(&database, &[key]).await;
    }
    database.run("delete from outbox where seq > 3").await;
    assert_eq!(trim(&database, later(), 2).await, 1);
    assert_eq!(log(&database).await.len(), 5, "b waits, and the others behind it");
    database.run("delete from outbox").await;
    assert_eq!(trim(&database, later(), 4).await, 3);
    assert_eq!(log(&database).await, these([("a", 4), ("b", 2)]));
}

/// Begins a transaction that has a transaction id, and writes a note in it.
async fn open(connection: &mut AsyncPgConnection, key: &str) {
    let begin = "set idle_in_transaction_session_timeout = 0; begin; select pg_current_xact_id()";
    connection.batch_execute(begin).await.unwrap();
    NOTES.write_on(connection, &[key]).await.unwrap();
}

#[tokio::test]
async fn what_not_every_reader_sees_yet_is_not_trimmed() {
    let database = fresh_database().await;
    write(&database, &["a", "a"]).await;
    let mut connection = database.connect().await;
    open(&mut connection, "late").await;
    write(&database, &["a", "a"]).await;
    assert_eq!(trim(&database, later(), 2).await, 1);
    assert_eq!(log(&database).await, these([("a", 2), ("a", 3), ("a", 4)]));
    connection.batch_execute("commit").await.unwrap();
    database.run("delete from outbox").await;
    assert_eq!(trim(&database, later(), 3).await, 2);
    assert_eq!(log(&database).await, these([("late", 1), ("a", 4)]));
}

#[tokio::test]
async fn of_two_that_trim_at_once_one_does() {
    let database = fresh_database().await;
    write(&database, &["a", "a"]).await;
    let (mut first, mut second) = (database.connect().await, database.connect().await);
    first.batch_execute("begin").await.unwrap();
    let resources = test_kit::notes().resources;
    let both = Some(Trimmed { passed: 2, deleted: 1 });
    eventually("the first trims", async || {
        let trimmed = service_kit::retention::trim(&mut first, &resources, later(), STEP).await;
        (trimmed.unwrap() == both).then_some(())
    })
    .await;
    assert_eq!(step(&mut second, later(), STEP).await, None, "it does not wait either");
    // A relay that dies in the middle of a step leaves the log as it was.
    drop(first);
    eventually("the second takes over", async || {
        (step(&mut second, later(), STEP).await == both).then_some(())
    })
    .await;
    assert_eq!(log(&database).await, these([("a", 2)]));
}

#[tokio::test]
async fn an_offer_since_a_time_that_is_under_way_holds_what_it_has_not_read() {
    let database = fresh_database().await;
    write(&database, &["a", "b", "a", "b", "a"]).await;
    let offer = |after: &str| {
        format!(
            "delete from offers;
            insert into offers (resource, since, after_seq, until_seq, created_at)
            values ('note', '2026-01-01', {after}, now())"
        )
    };
    let mut connection = database.connect().await;
    for (looking, reason) in [("null, null", "not begun"), ("4, null", "looks for its beginning")] {
        database.run(&offer(looking)).await;
        assert_eq!(step(&mut connection, later(), STEP).await, None, "{reason}");
    }
    database.run(&offer("3, 5")).await;
    assert_eq!(trim(&database, later(), 3).await, 1);
    assert_eq!(log(&database).await, these([("b", 1), ("a", 2), ("b", 2), ("a", 3)]));
    database.run("delete from offers").await;
    assert_eq!(trim(&database, later(), 2).await, 2);
}

#[tokio::test]
async fn an_offer_since_a_time_finds_what_has_changed_since_in_a_trimmed_log() {
    let broker = bound_broker().await;
    let side = publishing_to(&broker).await;
    NOTES.write(&side.database, &["before"]).await;
    published(&side).await;
    let since = now() + TimeDelta::milliseconds(1);
    eventually("time passes", async || (now() > since).then_some(())).await;
    NOTES.write(&side.database, &["a", "b"]).await;
    published(&side).await;
    let ask = async |request| side.client.post("/v1/sync/offer", &request).await.with(202);
    ask(json!({"ids": ["a"]})).await;
    NOTES.write(&side.database, &["c"]).await;
    published(&side).await;
    assert_eq!(trim(&side.database, later(), 5).await, 1);
    take_all(&broker).await;
    ask(json!({ "since": since })).await;
    published(&side).await;
    let mut offered = take_all(&broker).await.iter().map(body).collect::<Vec<_>>();
    offered.sort_by_key(|event| event["note_id"].to_string());
    let keys = offered.iter().map(|event| event["note_id"].as_str().unwrap());
    assert_eq!(keys.collect::<Vec<_>>(), ["a", "b", "c"]);
}
