//! The program: its settings, its help, and its exit.

use std::time::{Duration, Instant};

use diesel_async::SimpleAsyncConnection as _;
use serde_json::json;
use store_svc::records;
use test_kit::{Binary, BrokerUser, TestBroker, TestDatabase, eventually};

use crate::samples::{ORDERS, order, place};

pub(crate) const STORE: Binary = Binary { path: env!("CARGO_BIN_EXE_store-svc"), prefix: "STORE" };

const DATABASE: (&str, &str) = ("DATABASE__URL", "postgres://me:hunter2@127.0.0.1:1/orders");
pub(crate) const BROKER: (&str, &str) = ("BROKER__URL", "amqp://me:hunter2@127.0.0.1:1/%2f");

#[tokio::test]
async fn the_program_minds_its_settings() {
    STORE.assert_minds_its_settings(&[DATABASE, BROKER]).await;
}

#[tokio::test]
async fn the_help_names_every_setting() {
    STORE.assert_helps().await;
}

#[tokio::test]
async fn the_program_ends_when_it_is_asked_to() {
    let database = TestDatabase::of(&records()).await;
    for signal in ["TERM", "INT"] {
        let mut program = STORE.start(&[("DATABASE__URL", database.url()), BROKER]).await;
        program.ready().await;
        place(&program.client).await;
        program.signal(signal).await;
        let ended = program.ended().await;
        assert!(ended.success(), "{ended}: {}", program.output());
    }
    assert_eq!(database.count("outbox").await, 2);
}

#[tokio::test]
async fn the_program_asks_itself_whether_it_is_ready() {
    let database = TestDatabase::of(&records()).await;
    let program = STORE.start(&[("DATABASE__URL", database.url()), BROKER]).await;
    program.ready().await;
    let asked = async |settings| {
        let output = STORE.run(&["health"], settings).await;
        let said = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(said).unwrap())
    };
    // It needs no other setting, and asks on this machine what is served on every address.
    let every = [("HTTP__HOST", "0.0.0.0"), ("HTTP__PORT", program.client.port())];
    assert_eq!(asked(&every).await, (Some(0), "store-svc is ready\n".into()));
    let nobody = "store-svc: cannot reach 127.0.0.1:1: Connection refused (os error 111)\n";
    assert_eq!(asked(&[("HTTP__PORT", "1")]).await, (Some(1), nobody.into()));
    let any =
        "store-svc: http.port is 0 (any free port), so the port to ask is unknown; set http.port\n";
    assert_eq!(asked(&[("HTTP__PORT", "0")]).await, (Some(1), any.into()));
}

#[tokio::test]
async fn a_program_that_is_not_ready_says_why_where_it_is_asked() {
    let program = STORE.start(&[DATABASE, BROKER]).await;
    let port = ("HTTP__PORT", program.client.port());
    let output = STORE.run(&["health"], &[port]).await;
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.starts_with("store-svc: not ready: status 503, {"), "{said}");
}

#[tokio::test]
async fn a_database_that_does_not_answer_keeps_the_program_no_longer_than_ten_seconds() {
    let database = TestDatabase::of(&records()).await;
    let patient = ("DATABASE__LOCK_TIMEOUT", "60s");
    let settings = [("DATABASE__URL", database.url()), BROKER, patient];
    let mut holder = database.connect().await;
    holder.batch_execute("begin; lock table __diesel_schema_migrations").await.unwrap();
    let mut program = STORE.start(&settings).await;
    let waiting = "pg_stat_activity where datname = current_database()
        and wait_event_type = 'Lock'";
    eventually("looking at the tables waits", async || {
        (database.count(waiting).await == 1).then_some(())
    })
    .await;
    let asked = Instant::now();
    program.signal("TERM").await;
    assert!(program.ended().await.success(), "{}", program.output());
    assert!(asked.elapsed() < Duration::from_secs(10), "it took {:?}", asked.elapsed());
}

#[tokio::test]
async fn a_request_and_a_relay_in_hand_share_the_time_to_finish() {
    let database = TestDatabase::of(&records()).await;
    let patient = [
        ("DATABASE__LOCK_TIMEOUT", "60s"),
        ("DATABASE__STATEMENT_TIMEOUT", "60s"),
        ("DATABASE__DEADLINE", "60s"),
    ];
    let settings = [&[("DATABASE__URL", database.url()), BROKER], &patient[..]].concat();
    let mut program = STORE.start(&settings).await;
    program.ready().await;
    let (path, _) = place(&program.client).await;
    let mut holder = database.connect().await;
    holder.batch_execute("begin; lock table orders, pause").await.unwrap();
    let client = program.client.clone();
    let patching = tokio::spawn(async move {
        let patch = json!({"comment": "in hand"});
        client.request(reqwest::Method::PATCH, &path).json(&patch).send().await
    });
    let waiting = "pg_stat_activity where datname = current_database()
        and wait_event_type = 'Lock'";
    eventually("both wait", async || (database.count(waiting).await == 2).then_some(())).await;
    let asked = Instant::now();
    program.signal("TERM").await;
    assert!(program.ended().await.success(), "{}", program.output());
    assert!(asked.elapsed() < Duration::from_secs(10), "it took {:?}", asked.elapsed());
    assert!(patching.await.unwrap().is_err(), "nobody can have answered");
}

#[tokio::test]
async fn a_request_in_hand_is_finished_before_the_program_ends() {
    let database = TestDatabase::of(&records()).await;
    let mut program = STORE.start(&[("DATABASE__URL", database.url()), BROKER]).await;
    program.ready().await;
    let (path, _) = place(&program.client).await;
    let mut holder = database.connect().await;
    holder.batch_execute("begin; select 1 from orders for update").await.unwrap();
    let client = program.client.clone();
    let patch = json!({"comment": "in hand"});
    let patching = tokio::spawn(async move { client.patch(&path, &patch).await });
    let waiting = "pg_stat_activity where datname = current_database()
        and wait_event_type = 'Lock'";
    eventually("the patch waits", async || (database.count(waiting).await == 1).then_some(()))
        .await;
    program.signal("TERM").await;
    eventually("it is stopping", async || program.output().contains("stopping").then_some(()))
        .await;
    holder.batch_execute("commit").await.unwrap();
    assert_eq!(patching.await.unwrap().with(200)["comment"], "in hand");
    assert!(program.ended().await.success(), "{}", program.output());
}

#[tokio::test]
async fn a_program_without_database_and_broker_is_live_and_ends_when_it_is_asked_to() {
    let mut program = STORE.start(&[DATABASE, BROKER]).await;
    program.client.get("/health/live").await.with(200);
    program.client.get("/health/ready").await.with(503);
    program.client.post(ORDERS, &order()).await.assert_problem(503);
    program.signal("TERM").await;
    assert!(program.ended().await.success(), "{}", program.output());
}

#[tokio::test]
async fn no_secret_is_logged_however_much_is_logged() {
    let (database, broker) = (TestDatabase::of(&records()).await, TestBroker::new().await);
    let secret = |url: &str| {
        let (_, after_user) = url.split_once("://").unwrap().1.split_once(':').unwrap();
        after_user.split_once('@').unwrap().0.to_owned()
    };
    let settings = [
        ("DATABASE__URL", database.url()),
        ("BROKER__URL", &broker.url(BrokerUser::Store)),
        ("LOG__FILTER", "trace"),
    ];
    let mut program = STORE.start(&settings).await;
    program.ready().await;
    place(&program.client).await;
    // Long enough for the relay to have connected: it has met what is missing.
    eventually("the relay has spoken with RabbitMQ", async || {
        program.output().contains("no exchange").then_some(())
    })
    .await;
    program.signal("TERM").await;
    assert!(program.ended().await.success());
    let said = program.output();
    assert!(said.contains("TRACE"));
    for url in [database.url(), &broker.url(BrokerUser::Store)] {
        let secret = secret(url);
        let line = said.lines().find(|line| line.contains(&secret));
        assert_eq!(line, None);
    }
    let program = STORE.start(&[DATABASE, BROKER, ("LOG__FILTER", "trace")]).await;
    eventually("it has tried to connect", async || {
        program.output().contains("relay: waiting").then_some(())
    })
    .await;
    assert!(!program.output().contains("hunter2"), "{}", program.output());
}

#[tokio::test]
async fn migrate_brings_the_database_up_to_date_and_ends() {
    let database = TestDatabase::empty().await;
    let owner = database.owner();
    // It needs no more settings than these.
    let settings = [("DATABASE__URL", owner.url.expose())];
    for ran in ["[\"2026", "[]"] {
        let ended = STORE.run(&["migrate"], &settings).await;
        let said = String::from_utf8(ended.stderr).unwrap();
        assert!(ended.status.success() && said.contains(ran), "{said}");
    }
    assert_eq!(database.count("orders").await, 0);
    let service = TestDatabase::empty().await;
    let may_not = ("DATABASE__URL", service.url());
    for (url, reason) in [(DATABASE, "refused"), (may_not, "only the owner of the tables can")] {
        let ended = STORE.run(&["migrate"], &[url]).await;
        let said = String::from_utf8(ended.stderr).unwrap();
        assert!(!ended.status.success() && said.contains(reason), "{said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
}

#[tokio::test]
async fn a_file_gives_settings_and_the_environment_wins_over_it() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let text = "[http]\nport = 1\n[database]\nurl = \"postgres://a:b@127.0.0.1:1/c\"\n\
        [log]\nformat = \"json\"\n";
    std::fs::write(file.path(), text).unwrap();
    let path = file.path().to_str().unwrap();
    let program = STORE.start_with(&["--config", path], &[BROKER]).await;
    program.client.get("/health/live").await.with(200);
    let first = program.output().lines().next().unwrap().to_owned();
    assert!(serde_json::from_str::<serde_json::Value>(&first).is_ok(), "{first}");
    std::fs::write(file.path(), "[http]\nprot = 1\n").unwrap();
    for (path, named) in [(path, "prot"), ("/nowhere/store.toml", "/nowhere/store.toml")] {
        let ended = STORE.run(&["--config", path], &[DATABASE, BROKER]).await;
        let said = String::from_utf8(ended.stderr).unwrap();
        assert!(!ended.status.success() && said.contains(named), "{said}");
        assert_eq!(said.trim_end().lines().count(), 1, "{said}");
    }
}

#[tokio::test]
async fn a_frozen_program_gives_up_its_turn_to_publish() {
    let (database, broker) = (TestDatabase::of(&records()).await, TestBroker::new().await);
    let settings =
        [("DATABASE__URL", database.url()), ("BROKER__URL", &broker.url(BrokerUser::Store))];
    let state = async |program: &test_kit::TestProgram| {
        let ready = program.client.get("/health/ready").await;
        ready["parts"]["broker"]["state"].clone()
    };
    let frozen = STORE.start(&settings).await;
    let publishing = json!("publishing");
    eventually("it has its turn", async || (state(&frozen).await == publishing).then_some(()))
        .await;
    let other = STORE.start(&settings).await;
    let standby = json!("standby");
    eventually("it stands by", async || (state(&other).await == standby).then_some(())).await;
    frozen.signal("STOP").await;
    eventually("it takes over", async || (state(&other).await == publishing).then_some(())).await;
    frozen.signal("CONT").await;
    eventually("it stands by", async || (state(&frozen).await == standby).then_some(())).await;
    assert_eq!(state(&other).await, publishing);
}
