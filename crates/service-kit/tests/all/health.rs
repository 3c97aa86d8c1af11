//! Liveness and readiness: the database decides, RabbitMQ is only reported.

use diesel_async::SimpleAsyncConnection as _;
use serde_json::json;
use service_kit::application::ServiceSettings;
use test_kit::{Answer, TestDatabase, TestService, eventually, notes};

use crate::side::fresh_database;

const OFFER: &str = "/v1/sync/offer";

async fn answers(service: &TestService, status: u16) -> Answer {
    eventually(&format!("readiness is {status}"), async || {
        let answer = service.client.get("/health/ready").await;
        assert!([200, 503].contains(&answer.status), "{}", answer.text);
        (answer.status == status).then_some(answer)
    })
    .await
}

async fn is_live(service: &TestService) {
    let answer = service.client.get("/health/live").await.with(200);
    assert_eq!(answer.body, json!({"status": "live"}));
}

async fn execute(database: &TestDatabase, statement: &str) {
    database.connect().await.batch_execute(statement).await.unwrap();
}

#[tokio::test]
async fn a_service_is_ready_while_rabbitmq_is_away_and_says_so() {
    let service = TestService::start("notes", notes()).await;
    let broker = eventually("the broker is told to be away", async || {
        let answer = service.client.get("/health/ready").await.with(200);
        assert_eq!(answer["status"], "ready");
        assert_eq!(answer["parts"]["database"], json!({"state": "up"}));
        let broker = answer["parts"]["broker"].clone();
        (broker["state"] == "waiting").then_some(broker)
    });
    assert!(broker.await["detail"].as_str().unwrap().contains("RabbitMQ"));
    is_live(&service).await;
}

#[tokio::test]
async fn a_service_becomes_ready_when_its_database_appears() {
    let (beside, database) = (TestDatabase::empty().await, fresh_database().await);
    let name = database.name().to_owned();
    execute(&beside, &format!("alter database {name} rename to {name}_later")).await;
    let service = TestService::start_over("notes", notes(), database, |_| {}).await;
    let answer = eventually("the reason is told", async || {
        let answer = service.client.get("/health/ready").await.with(503);
        answer.text.contains(&name).then_some(answer)
    });
    let answer = answer.await;
    assert_eq!((&answer["status"], answer.header("retry-after")), (&json!("not ready"), Some("1")));
    assert_eq!(answer["parts"]["database"]["state"], "down");
    is_live(&service).await;
    let refused = service.client.post(OFFER, &json!({"all": true})).await;
    refused.assert_problem(503);
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert!(!refused.text.contains(&name), "the inside is told: {}", refused.text);
    execute(&beside, &format!("alter database {name}_later rename to {name}")).await;
    answers(&service, 200).await;
    service.client.post(OFFER, &json!({"all": true})).await.with(202);
}

#[tokio::test]
async fn a_database_that_goes_away_and_comes_back_is_told_as_such() {
    let beside = TestDatabase::empty().await;
    let service = TestService::start("notes", notes()).await;
    let name = service.database.name();
    let close = format!(
        "alter database {name} allow_connections false;
         select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'"
    );
    for _ in 0..2 {
        execute(&beside, &close).await;
        let answer = answers(&service, 503).await;
        assert_eq!(answer["parts"]["database"]["state"], "down");
        is_live(&service).await;
        service.client.post(OFFER, &json!({"all": true})).await.assert_problem(503);
        service.client.get("/v1/notes").await.assert_problem(503);
        execute(&beside, &format!("alter database {name} allow_connections true")).await;
        answers(&service, 200).await;
        service.client.post(OFFER, &json!({"all": true})).await.with(202);
    }
}

#[tokio::test]
async fn connections_that_were_cut_are_never_told_as_a_fault_of_ours() {
    let service = TestService::start("notes", notes()).await;
    let requests = (0..8).map(|_| service.client.get("/v1/notes"));
    futures_util::future::join_all(requests).await;
    let cut = "select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid()";
    execute(&service.database, cut).await;
    eventually("it is as before", async || {
        let answer = service.client.get("/v1/notes").await;
        assert!([200, 503].contains(&answer.status), "{}", answer.text);
        (answer.status == 200).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_lock_that_is_held_too_long_is_told_as_unavailable() {
    let short = |settings: &mut ServiceSettings| {
        settings.database.lock_timeout = std::time::Duration::from_millis(100);
    };
    let service = TestService::start_with("notes", notes(), short).await;
    let mut holder = service.database.connect().await;
    holder.batch_execute("begin; lock table offers in exclusive mode").await.unwrap();
    let answer = service.client.post(OFFER, &json!({"all": true})).await;
    answer.assert_problem(503);
    holder.batch_execute("commit").await.unwrap();
    service.client.post(OFFER, &json!({"all": true})).await.with(202);
}

#[tokio::test]
async fn when_it_is_asked_to_stop_it_stops() {
    let service = TestService::start("notes", notes()).await;
    let client = service.client.clone();
    is_live(&service).await;
    service.stop().await;
    assert!(client.request(reqwest::Method::GET, "/health/live").send().await.is_err());
}
