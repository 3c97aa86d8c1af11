//! Writes whose commit was durable when the session was ended: PostgreSQL waits for a standby that
//! does not exist, so every commit hangs. Nothing is written twice.

use launcher::postgres::{Options, Postgres};
use process_kit::secured::client;
use process_kit::{Program, lamps_and_bulbs};
use serde_json::{Value, json};
use service_kit::database::migrate;
use test_kit::{Answer, TestClient, eventually};

/// Starts a store with its own PostgreSQL, because the setting is of the whole server.
async fn store(postgres: &Postgres, logs: &std::path::Path) -> Program {
    postgres.sql("postgres", "create database store").await.unwrap();
    let settings = json!({
        "url": postgres.url("store"), "pool_size": 1, "connect_timeout": "10s",
        "lock_timeout": "10s", "statement_timeout": "10s", "migrate_timeout": "60s", "deadline": "30s",
    });
    migrate(&serde_json::from_value(settings).unwrap(), &store_svc::records().migrations, "test")
        .await
        .unwrap();
    let set = [
        ("DATABASE__URL", postgres.url("store")),
        ("DATABASE__DEADLINE", "30s".to_owned()),
        ("BROKER__URL", "amqp://nobody:nothing@127.0.0.1:1/%2f".to_owned()),
    ];
    let set = set.each_ref().map(|(name, value)| (*name, value.as_str()));
    let mut store = Program::new("store-svc", "STORE", logs, &set);
    store.start().await;
    store
}

/// Makes commits wait for this standby from now on, or for none.
async fn wait_for_standby(postgres: &Postgres, name: &str) {
    let set = format!("alter system set synchronous_standby_names = '{name}'");
    postgres.sql("postgres", &set).await.unwrap();
    postgres.sql("postgres", "select pg_reload_conf()").await.unwrap();
    let is_set = async || {
        let shown = postgres.sql("postgres", "show synchronous_standby_names").await.unwrap();
        (shown == name).then_some(())
    };
    eventually("it is set", is_set).await;
}

/// Returns the session of the store whose commit hangs, except one.
async fn hanging(postgres: &Postgres, but: &str) -> String {
    let query = "select pid from pg_stat_activity
        where wait_event = 'SyncRep' and application_name = 'store-svc' order by pid limit 1";
    let hangs = async || {
        let pid = postgres.sql("store", query).await.unwrap();
        (!pid.is_empty() && pid != but).then_some(pid)
    };
    eventually("a commit hangs", hangs).await
}

async fn comments(client: &TestClient, path: &str) -> Vec<Value> {
    let history = client.get(&format!("{path}/changes")).await.with(200);
    let entries = history["items"].as_array().unwrap().iter();
    entries.map(|entry| entry["event"]["delivery"]["comment"].clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn edits_that_were_durable_when_their_session_was_ended_are_not_written_again() {
    let folder = tempfile::tempdir().unwrap();
    let postgres = Postgres::start(&folder.path().join("pg"), Options::default()).await.unwrap();
    let store = store(&postgres, folder.path()).await;
    let client = client(store.url());
    let ready = async || (client.get("/health/ready").await.status == 200).then_some(());
    eventually("the store is ready", ready).await;
    let placed = client.post("/v1/orders", &lamps_and_bulbs()).await.with(201);
    let path = placed.header("location").unwrap().to_owned();
    wait_for_standby(&postgres, "nobody").await;
    let patch = |comment: &'static str| {
        let (client, path, body) = (client.clone(), path.clone(), json!({ "comment": comment }));
        tokio::spawn(async move { client.patch(&path, &body).await })
    };
    let first = patch("first");
    let session = hanging(&postgres, "").await;
    // They wait behind the first, in either order, and are written together next. One that arrives
    // later than that is written after the other, and all that is asserted holds as well.
    let later = ["a", "b"].map(patch);
    postgres.sql("store", &format!("select pg_cancel_backend({session})")).await.unwrap();
    assert_eq!(told(first).await.with(200)["version"], 2);
    let session = hanging(&postgres, "").await;
    postgres.sql("store", &format!("select pg_terminate_backend({session})")).await.unwrap();
    hanging(&postgres, &session).await;
    wait_for_standby(&postgres, "").await;
    let mut expected = vec![json!("first")];
    let mut answers = futures_util::future::join_all(later.map(told)).await;
    answers.sort_by_key(|answer| answer["version"].as_i64());
    for (answer, version) in answers.into_iter().zip([3, 4]) {
        let answer = answer.with(200);
        assert_eq!(answer["version"], version);
        expected.push(answer["comment"].clone());
    }
    assert_eq!(comments(&client, &path).await[1..], expected);
}

async fn told(asking: tokio::task::JoinHandle<Answer>) -> Answer {
    asking.await.unwrap()
}
