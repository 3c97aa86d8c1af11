//! Migrations: the owner of the tables runs them; the service waits for that, and never runs them
//! itself.

use std::time::Duration;

use diesel_async::SimpleAsyncConnection as _;
use serde_json::json;
use service_kit::application::ServiceSettings;
use service_kit::database::{connect, migrate};
use test_kit::{TestDatabase, TestService, eventually, notes, write_notes};

use crate::side::fresh_database;

const TABLES: &str = "pg_tables where schemaname = 'public'";

async fn start(database: TestDatabase) -> TestService {
    TestService::start_over("notes", notes(), database, |_| {}).await
}

async fn is_ready(service: &TestService) {
    eventually("it is ready", async || {
        (service.client.get("/health/ready").await.status == 200).then_some(())
    })
    .await;
}

/// Waits until readiness reports that the tables are not up to date; returns the detail.
async fn lacks(service: &TestService) -> String {
    eventually("what the tables lack is told", async || {
        let answer = service.client.get("/health/ready").await.with(503);
        let detail = answer["parts"]["database"]["detail"].as_str().unwrap();
        detail.contains("lack").then(|| detail.to_owned())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_waits_for_its_tables_and_goes_on_by_itself_when_they_are_there() {
    let service = start(TestDatabase::empty().await).await;
    let lacks = lacks(&service).await;
    for told in ["2026-11-28-100000_log", "2026-11-28-100200_notes", "`notes migrate`"] {
        assert!(lacks.contains(told), "{told} is not in: {lacks}");
    }
    let refused = service.client.post("/v1/sync/offer", &json!({"all": true})).await;
    refused.assert_problem(503);
    assert_eq!(service.database.count(TABLES).await, 0, "it has made tables");
    migrate(&service.database.owner(), &notes().migrations, "test").await.unwrap();
    is_ready(&service).await;
    write_notes(&service.database, 1).await;
    service.client.get("/v1/notes").await.with(200);
}

#[tokio::test]
async fn a_migration_that_has_not_run_is_named_and_those_that_have_are_not() {
    let database = fresh_database().await;
    let forget = "delete from __diesel_schema_migrations where version = '20261128100200'";
    database.connect().await.batch_execute(forget).await.unwrap();
    let lacks = lacks(&start(database).await).await;
    assert!(lacks.contains("lack 2026-11-28-100200_notes:"), "{lacks}");
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_from_before_the_first_release_are_refused_and_the_reason_says_what_to_do() {
    let database = fresh_database().await;
    let earlier = "update __diesel_schema_migrations set version = '20261120000000'
        where version = '20261128100000';
        delete from __diesel_schema_migrations where version > '20261120000000'";
    database.run(earlier).await;
    let error = migrate(&database.owner(), &notes().migrations, "test").await.unwrap_err();
    for told in ["before the first release", "20261120000000", "new, empty database"] {
        assert!(error.to_string().contains(told), "{told} is not in: {error}");
    }
    let service = start(database).await;
    eventually("readiness says the same", async || {
        let answer = service.client.get("/health/ready").await.with(503);
        answer["parts"]["database"]["detail"].as_str()?.contains(&error.to_string()).then_some(())
    })
    .await;
}

#[tokio::test]
async fn tables_that_a_newer_version_has_made_are_served_from() {
    let database = fresh_database().await;
    let newer = "insert into __diesel_schema_migrations (version) values ('29991231000000')";
    database.connect().await.batch_execute(newer).await.unwrap();
    is_ready(&start(database).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_that_migrate_at_once_one_does_it_and_all_services_go_on() {
    let database = TestDatabase::empty().await;
    let (owner, settings) = (database.owner(), database.settings());
    let over = async |database| {
        let settings = settings.clone();
        let adjust = |all: &mut ServiceSettings| all.database = settings;
        TestService::start_over("notes", notes(), database, adjust).await
    };
    let (one, two) = (over(database).await, over(TestDatabase::empty().await).await);
    let migrating = || {
        let owner = owner.clone();
        tokio::spawn(async move { migrate(&owner, &notes().migrations, "test").await.unwrap() })
    };
    let ran = futures_util::future::join_all([migrating(), migrating(), migrating()]).await;
    let ran = ran.into_iter().map(Result::unwrap).filter(|ran| !ran.is_empty());
    assert_eq!(ran.count(), 1);
    assert!(migrate(&owner, &notes().migrations, "test").await.unwrap().is_empty());
    is_ready(&one).await;
    is_ready(&two).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_migrates_waits_for_another_for_longer_than_for_a_lock() {
    let database = TestDatabase::empty().await;
    let mut owner = database.owner();
    owner.lock_timeout = Duration::from_millis(200);
    // As the first one does while it is at it.
    let mut holder = connect(&database.owner(), "holder").await.unwrap();
    holder.batch_execute("select pg_advisory_lock(119225665126401)").await.unwrap();
    let second = tokio::spawn({
        let owner = owner.clone();
        async move { migrate(&owner, &notes().migrations, "second").await }
    });
    let longer = "pg_stat_activity where application_name = 'second migrations'
        and clock_timestamp() - backend_start > interval '700 milliseconds'";
    eventually("it waits for longer than for a lock", async || {
        (database.count(longer).await == 1).then_some(())
    })
    .await;
    drop(holder);
    assert!(!second.await.unwrap().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_waits_too_long_for_another_says_so() {
    let database = TestDatabase::empty().await;
    let mut owner = database.owner();
    owner.migrate_timeout = Duration::from_millis(100);
    let mut holder = connect(&database.owner(), "holder").await.unwrap();
    holder.batch_execute("select pg_advisory_lock(119225665126401)").await.unwrap();
    let error = migrate(&owner, &notes().migrations, "second").await.unwrap_err().to_string();
    assert!(error.contains("migrate_timeout"), "{error}");
}
