//! A service with more than one resource: which changes must arrive, and whose records are offered.

use actix_web::http::Method;
use actix_web::{HttpResponse, web};
use program_kit::access::Rule;
use program_kit::http::body::Body;
use program_kit::http::endpoints::{Routes, endpoint, endpoints_of};
use program_kit::http::operation::page;
use program_kit::http::problem::Expectation;
use serde::Deserialize;
use serde_json::{Value, json};
use test_kit::queue::{
    bind, body, bound_broker, declare_exchange, published, take_all, told_state,
};
use test_kit::{
    NOTE_EVENTS, NOTES, PINGS, TestBroker, TestService, eventually, notes, notes_and, write_notes,
};

use crate::side::publishing_to;

const OFFER: &str = "/v1/sync/offer";

async fn ask(side: &TestService, request: &Value) -> Value {
    side.client.post(OFFER, request).await.with(202).body
}

/// Publishes everything, and returns the kind and the key of each event, sorted.
async fn events(side: &TestService, broker: &TestBroker) -> Vec<(String, String)> {
    published(side).await;
    let event = |event: Value| {
        let kind = event["kind"].as_str().unwrap().to_owned();
        let (resource, _) = kind.split_once('.').unwrap();
        let key = event[format!("{resource}_id")].as_str().unwrap().to_owned();
        (kind, key)
    };
    let mut events = take_all(broker).await.iter().map(body).map(event).collect::<Vec<_>>();
    events.sort();
    events
}

fn these(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(kind, key)| ((*kind).to_owned(), (*key).to_owned())).collect()
}

/// A side whose notes and pings have the same keys, and its broker, to which all of them were
/// published.
async fn with_the_same_keys() -> (TestService, TestBroker) {
    let broker = bound_broker("#").await;
    let side = publishing_to(&broker).await;
    NOTES.write(&side.database, &["7", "8"]).await;
    PINGS.write(&side.database, &["7", "8"]).await;
    let written = [
        ("note.written", "7"),
        ("note.written", "8"),
        ("ping.written", "7"),
        ("ping.written", "8"),
    ];
    assert_eq!(events(&side, &broker).await, these(&written));
    (side, broker)
}

#[tokio::test]
async fn a_change_that_need_not_arrive_leaves_the_outbox_without_a_queue() {
    let broker = TestBroker::new().await;
    declare_exchange(&broker).await;
    let side = publishing_to(&broker).await;
    told_state(&side, "publishing").await;
    PINGS.write(&side.database, &["1", "2", "3"]).await;
    published(&side).await;
    told_state(&side, "publishing").await;
    let metrics = side.client.get("/metrics").await.with(200).text;
    for told in ["lockstep_relay_confirmed_total 3", "lockstep_relay_returned_total 0"] {
        assert!(metrics.lines().any(|line| line == told), "{told} is not in: {metrics}");
    }
    // A queue that is bound later gets what is written from then on.
    bind(&broker, "ping.*").await;
    PINGS.write(&side.database, &["4"]).await;
    assert_eq!(events(&side, &broker).await, these(&[("ping.written", "4")]));
}

#[tokio::test]
async fn a_change_that_must_arrive_waits_for_a_queue_while_one_that_need_not_does_not() {
    let broker = TestBroker::new().await;
    declare_exchange(&broker).await;
    let side = publishing_to(&broker).await;
    write_notes(&side.database, 2).await;
    told_state(&side, "unroutable").await;
    PINGS.write(&side.database, &["1", "2"]).await;
    let waiting = async |resource: &str| {
        let of = format!("outbox join changes using (seq) where resource = '{resource}'");
        side.database.count(&of).await
    };
    eventually("only notes wait", async || (waiting("ping").await == 0).then_some(())).await;
    assert_eq!(waiting("note").await, 2);
    bind(&broker, NOTE_EVENTS).await;
    let written = [("note.written", "n-0001"), ("note.written", "n-0002")];
    assert_eq!(events(&side, &broker).await, these(&written));
    told_state(&side, "publishing").await;
}

#[tokio::test]
async fn an_offer_is_of_the_resource_that_it_names_and_else_of_the_first() {
    let (side, broker) = with_the_same_keys().await;
    let offered = async |request: Value| {
        ask(&side, &request).await;
        events(&side, &broker).await
    };
    let notes = [("note.offered", "7"), ("note.offered", "8")];
    let pings = [("ping.offered", "7"), ("ping.offered", "8")];
    assert_eq!(offered(json!({"ids": ["7"]})).await, these(&notes[..1]));
    assert_eq!(offered(json!({"resource": "note", "ids": ["7"]})).await, these(&notes[..1]));
    assert_eq!(offered(json!({"resource": "ping", "ids": ["8"]})).await, these(&pings[1..]));
    assert_eq!(offered(json!({"all": true})).await, these(&notes));
    assert_eq!(offered(json!({"resource": "ping", "all": true})).await, these(&pings));
    let long_ago = "2026-01-01T00:00:00Z";
    assert_eq!(offered(json!({ "since": long_ago })).await, these(&notes));
    assert_eq!(offered(json!({"resource": "ping", "since": long_ago})).await, these(&pings));
}

#[tokio::test]
async fn an_offer_since_a_time_is_of_what_changed_in_its_resource() {
    let (side, broker) = with_the_same_keys().await;
    let since = service_kit::database::now();
    NOTES.write(&side.database, &["7"]).await;
    PINGS.write(&side.database, &["8"]).await;
    events(&side, &broker).await;
    ask(&side, &json!({"resource": "note", "since": since})).await;
    assert_eq!(events(&side, &broker).await, these(&[("note.offered", "7")]));
    ask(&side, &json!({"resource": "ping", "since": since})).await;
    assert_eq!(events(&side, &broker).await, these(&[("ping.offered", "8")]));
}

#[tokio::test]
async fn a_key_is_offered_as_it_is_written_in_the_log() {
    let (side, broker) = with_the_same_keys().await;
    let answer = ask(&side, &json!({"resource": "ping", "ids": ["007", "9", "+8"]})).await;
    assert_eq!(answer, json!({"offered": ["7", "8"], "unknown": ["9"]}));
    let offered = [("ping.offered", "7"), ("ping.offered", "8")];
    assert_eq!(events(&side, &broker).await, these(&offered));
}

#[tokio::test]
async fn all_records_of_a_resource_whose_keys_are_numbers_are_offered_step_by_step() {
    let broker = bound_broker("#").await;
    let side = publishing_to(&broker).await;
    // As texts they are in another order.
    let keys = (1..=250).map(|number| number.to_string()).collect::<Vec<_>>();
    PINGS.write(&side.database, &keys).await;
    events(&side, &broker).await;
    ask(&side, &json!({"resource": "ping", "all": true})).await;
    let mut expected = keys.iter().map(|key| ("ping.offered", key.as_str())).collect::<Vec<_>>();
    expected.sort_unstable();
    assert_eq!(events(&side, &broker).await, these(&expected));
}

#[tokio::test]
async fn an_offer_of_all_that_waits_does_not_stand_for_one_of_another_resource() {
    let side = TestService::start("notes", notes()).await;
    // While a change waits for RabbitMQ, no offer goes on.
    write_notes(&side.database, 1).await;
    for resource in ["ping", "note", "ping", "note"] {
        ask(&side, &json!({"resource": resource, "all": true})).await;
    }
    let listed = side.client.get("/v1/offers").await.with(200);
    let offers = listed["items"].as_array().unwrap();
    let resources = offers.iter().map(|offer| offer["resource"].as_str().unwrap());
    assert_eq!(resources.collect::<Vec<_>>(), ["ping", "note"]);
}

#[tokio::test]
async fn a_resource_or_a_key_that_cannot_be_is_refused() {
    let side = TestService::start("notes", notes()).await;
    write_notes(&side.database, 1).await;
    PINGS.write(&side.database, &["7"]).await;
    let cases = [
        (json!({"resource": "pong", "all": true}), "resource"),
        (json!({"resource": "", "ids": ["7"]}), "resource"),
        (json!({"resource": "notes", "since": "2026-01-01T00:00:00Z"}), "resource"),
        (json!({"resource": "ping", "ids": ["7", "n-0001"]}), "ids[1]"),
        (json!({"resource": "ping", "ids": ["9223372036854775808"]}), "ids[0]"),
        (json!({"resource": "note", "ids": ["N 1"]}), "ids[0]"),
        (json!({"ids": ["n-0001", "n-0001", "\0"]}), "ids[2]"),
    ];
    for (request, field) in cases {
        let refused = side.client.post(OFFER, &request).await;
        refused.assert_problem(422);
        assert_eq!(refused.fields(), [field], "{request}");
    }
    let unknown = side.client.post(OFFER, &json!({"resource": "pong", "all": true})).await;
    assert!(unknown.text.contains("note, ping"), "{}", unknown.text);
    assert_eq!(side.database.count("offers").await, 0);
    assert_eq!(side.rows().await.changes, 2);
}

/// A body with a field that two resources have.
#[derive(Deserialize)]
struct Sized {
    #[expect(dead_code, reason = "only its type is checked")]
    size: u8,
}

fn path_with(path: &str, expectation: Expectation) -> Routes {
    let take = web::to(async |_: Body<Sized>| HttpResponse::NoContent().finish());
    let endpoints = vec![endpoint(Method::POST, Rule::WRITE, take, page)];
    Routes::default().with(endpoints_of(path, "use POST", endpoints)).expecting(expectation)
}

#[tokio::test]
async fn fields_of_one_name_are_described_by_the_resource_whose_path_it_is() {
    let paths = || {
        let shoes = path_with("/v1/shoes", |_| Some("a number from 15 to 50"));
        shoes.and(path_with("/v1/shirts", |_| Some("a number from 32 to 64")))
    };
    let side = TestService::start("notes", notes_and(paths)).await;
    for (path, expected) in
        [("/v1/shoes", "a number from 15 to 50"), ("/v1/shirts", "a number from 32 to 64")]
    {
        let refused = side.client.post(path, &json!({"size": "large"})).await.with(422);
        assert_eq!(refused["errors"][0]["expected"], expected, "{path}");
    }
    let refused = side.client.post(OFFER, &json!({"since": "yesterday"})).await.with(422);
    assert_eq!(refused["errors"][0]["expected"], "a time such as 2026-11-28T09:30:00Z");
}
