//! Changes that could not be carried: reported, listed, offered again, replayed, dropped.

mod listing;
mod many;
mod offering;
mod reporting;
mod resources;
mod settling;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use service_kit::application::ServiceSettings;
use service_kit::parked::Delays;
use shared_models::SCHEMA;
use test_kit::queue::{body, published, take_all};
use test_kit::{BrokerUser, TestBroker, TestService, eventually, notes};
use uuid::Uuid;

const PARKED: &str = "/v1/parked";

/// A report of a change of this note that could not be carried, for a reason that may pass.
fn reported(event: Uuid, note: &str) -> Value {
    of_record(event, "note", note)
}

/// A report as above, of a change of any record.
fn of_record(event: Uuid, resource: &str, key: &str) -> Value {
    let mut change = nameless(event);
    (change["resource"], change["key"]) = (json!(resource), json!(key));
    change
}

/// A report as above, of a message that names no record.
fn nameless(event: Uuid) -> Value {
    let body = json!({"id": event}).to_string();
    json!({
        "event_id": event,
        "resource": null,
        "key": null,
        "body": STANDARD.encode(body),
        "reason": "the peer answers 500",
        "may_pass": true,
    })
}

/// A report as above, for a reason that only a person can remove.
fn hopeless(event: Uuid, note: &str) -> Value {
    let mut change = reported(event, note);
    change["may_pass"] = json!(false);
    change
}

/// Reports changes; returns the number that was parked.
async fn report(side: &TestService, changes: &[Value]) -> u64 {
    let report = json!({"schema": SCHEMA, "changes": changes});
    let answer = side.client.post(PARKED, &report).await.with(200);
    answer["parked"].as_u64().unwrap()
}

async fn one(side: &TestService, id: Uuid) -> Value {
    side.client.get(&format!("{PARKED}/{id}")).await.with(200).body
}

async fn items(side: &TestService, query: &str) -> Vec<Value> {
    let page = side.client.get(&format!("{PARKED}{query}")).await.with(200);
    page["items"].as_array().unwrap().clone()
}

fn id(change: &Value) -> Uuid {
    serde_json::from_value(change["id"].clone()).unwrap()
}

async fn post(side: &TestService, what: &str, selection: &Value) -> Value {
    side.client.post(&format!("{PARKED}/{what}"), selection).await.with(200).body
}

async fn pause(side: &TestService, what: &str) {
    side.client.post(&format!("/v1/relay/{what}"), &json!(null)).await.with(200);
}

/// Waits until the record of a parked change was offered; returns the change.
async fn offered(side: &TestService, id: Uuid) -> Value {
    eventually("it is offered", async || {
        Some(one(side, id).await).filter(|change| change["state"] == "offered")
    })
    .await
}

/// Returns the events of kind `note.offered` in the queue, once everything is published.
async fn offers(side: &TestService, broker: &TestBroker) -> Vec<Value> {
    published(side).await;
    let events = take_all(broker).await;
    events.iter().map(body).filter(|event| event["kind"] == "note.offered").collect()
}

/// A side that publishes to `broker` and offers parked changes again after these waits.
async fn offering_after(waits: &str, broker: &TestBroker) -> TestService {
    let broker = broker.settings(BrokerUser::Store);
    let adjust = |settings: &mut ServiceSettings| {
        settings.broker = broker;
        settings.parked.offer_after = Delays::try_from(waits.to_owned()).unwrap();
    };
    TestService::start_with("notes", notes(), adjust).await
}

/// A side without RabbitMQ.
async fn alone() -> TestService {
    TestService::start("notes", notes()).await
}
