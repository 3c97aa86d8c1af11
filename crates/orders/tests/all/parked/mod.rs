//! Changes that could not be carried: reported, listed, offered again, replayed, dropped.

mod listing;
mod many;
mod offering;
mod reporting;
mod settling;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use service_kit::application::ServiceSettings;
use service_kit::parked::Delays;
use shared_models::SCHEMA;
use test_kit::{BrokerUser, TestBroker, TestService, eventually};
use uuid::Uuid;

use crate::plain::plain;
use crate::queue::{body, published, take_all};

const PARKED: &str = "/v1/parked";

/// A report of a change of this order that could not be carried, for a reason that may pass.
fn reported(event: Uuid, order: impl Into<Option<Uuid>>) -> Value {
    let (body, order) = (json!({"id": event}).to_string(), order.into());
    json!({
        "event_id": event,
        "resource": order.map(|_| "order"),
        "key": order,
        "body": STANDARD.encode(body),
        "reason": "the peer answers 500",
        "may_pass": true,
    })
}

/// A report as above, for a reason that only a person can remove.
fn hopeless(event: Uuid, order: impl Into<Option<Uuid>>) -> Value {
    let mut change = reported(event, order);
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

/// Waits until the order of a parked change was offered; returns the change.
async fn offered(side: &TestService, id: Uuid) -> Value {
    eventually("it is offered", async || {
        Some(one(side, id).await).filter(|change| change["state"] == "offered")
    })
    .await
}

/// Returns the events of kind `order.offered` in the queue, once everything is published.
async fn offers(side: &TestService, broker: &TestBroker) -> Vec<Value> {
    published(side).await;
    let events = take_all(broker).await;
    events.iter().map(body).filter(|event| event["kind"] == "order.offered").collect()
}

/// A plain side that publishes to `broker` and offers parked changes again after these waits.
async fn offering_after(waits: &str, broker: &TestBroker) -> TestService {
    let broker = broker.settings(BrokerUser::Store);
    let adjust = |settings: &mut ServiceSettings| {
        settings.broker = broker;
        settings.parked.offer_after = Delays::try_from(waits.to_owned()).unwrap();
    };
    TestService::start_with("plain", plain(), adjust).await
}

/// A plain side without RabbitMQ.
async fn alone() -> TestService {
    TestService::start("plain", plain()).await
}
