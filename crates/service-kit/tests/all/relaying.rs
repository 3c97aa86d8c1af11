//! Publishing from the outbox to RabbitMQ: nothing is lost, whatever is missing there.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use lapin::types::AMQPValue;
use serde_json::{Value, json};
use test_kit::queue::{
    bind, body, declare_exchange, delete_exchange, published, take_all, told_state,
};
use test_kit::{NOTE_EVENTS, TestBroker, eventually, write_notes};
use uuid::Uuid;

use crate::side::{bound_broker, publishing_to};

#[derive(QueryableByName)]
struct Stored {
    #[diesel(sql_type = SqlUuid)]
    event_id: Uuid,
    #[diesel(sql_type = Text)]
    body: String,
}

#[tokio::test]
async fn what_is_written_arrives_as_it_is_stored_and_leaves_the_outbox() {
    let broker = bound_broker().await;
    let side = publishing_to(&broker).await;
    let ids = write_notes(&side.database, 3).await;
    published(&side).await;
    let messages = take_all(&broker).await;
    assert_eq!(
        messages.iter().map(|message| body(message)["note_id"].clone()).collect::<Vec<_>>(),
        ids.iter().map(|id| json!(id)).collect::<Vec<_>>()
    );
    let mut connection = side.database.connect().await;
    let stored = diesel::sql_query("select event_id, body from changes");
    let stored: Vec<Stored> = stored.load(&mut connection).await.unwrap();
    let stored = stored.into_iter().map(|row| (row.event_id.to_string(), row.body));
    let stored = stored.collect::<BTreeMap<_, _>>();
    for message in &messages {
        let id = message.delivery.properties.message_id().as_ref().unwrap().to_string();
        assert_eq!(message.delivery.data, stored[&id].as_bytes());
        assert_eq!(body(message)["id"], json!(id));
    }
}

#[tokio::test]
async fn a_message_says_what_it_is_without_being_opened() {
    let broker = bound_broker().await;
    let side = publishing_to(&broker).await;
    write_notes(&side.database, 1).await;
    published(&side).await;
    let message = take_all(&broker).await.remove(0).delivery;
    assert_eq!(message.exchange.as_str(), "store.events");
    assert_eq!(message.routing_key.as_str(), "note.written");
    assert!(!message.redelivered);
    let properties = &message.properties;
    let text =
        |property: &Option<lapin::types::ShortString>| property.as_ref().unwrap().to_string();
    assert_eq!(text(properties.kind()), "note.written");
    assert_eq!(text(properties.app_id()), "notes");
    assert_eq!(text(properties.content_type()), "application/json");
    assert_eq!(*properties.delivery_mode(), Some(2));
    let event = serde_json::from_slice::<Value>(&message.data).unwrap();
    let at = serde_json::from_value::<DateTime<Utc>>(event["at"].clone()).unwrap();
    assert_eq!(properties.timestamp().map(i64::try_from), Some(Ok(at.timestamp())));
    let headers = properties.headers().as_ref().unwrap().inner();
    let origin = headers.get("origin").unwrap();
    assert_eq!(*origin, AMQPValue::LongString("store".into()));
}

#[tokio::test]
async fn without_an_exchange_changes_wait_until_it_is_there() {
    let broker = TestBroker::new().await;
    let side = publishing_to(&broker).await;
    write_notes(&side.database, 2).await;
    let detail = told_state(&side, "waiting").await;
    assert!(detail.as_str().unwrap().contains("store.events"), "{detail}");
    assert_eq!(side.rows().await.outbox, 2);
    declare_exchange(&broker).await;
    bind(&broker, NOTE_EVENTS).await;
    published(&side).await;
    assert_eq!(take_all(&broker).await.len(), 2);
    told_state(&side, "publishing").await;
}

#[tokio::test]
async fn a_channel_that_rabbitmq_closes_is_opened_anew() {
    let broker = bound_broker().await;
    let side = publishing_to(&broker).await;
    told_state(&side, "publishing").await;
    // RabbitMQ closes a channel on which something is published to an exchange that is not there.
    delete_exchange(&broker).await;
    write_notes(&side.database, 2).await;
    // The second of them may meet a channel that is just closing, and that is told first.
    eventually("it is told which exchange is missing", async || {
        let detail = told_state(&side, "waiting").await;
        detail.as_str().unwrap().contains("store.events").then_some(())
    })
    .await;
    declare_exchange(&broker).await;
    bind(&broker, NOTE_EVENTS).await;
    published(&side).await;
    assert_eq!(take_all(&broker).await.len(), 2);
}

#[tokio::test]
async fn without_a_binding_changes_wait_until_it_is_there() {
    let broker = TestBroker::new().await;
    declare_exchange(&broker).await;
    let side = publishing_to(&broker).await;
    write_notes(&side.database, 2).await;
    told_state(&side, "unroutable").await;
    assert_eq!(side.rows().await.outbox, 2);
    bind(&broker, NOTE_EVENTS).await;
    published(&side).await;
    assert_eq!(take_all(&broker).await.len(), 2);
    told_state(&side, "publishing").await;
}

#[tokio::test]
async fn what_has_a_queue_is_published_while_the_rest_waits() {
    let broker = TestBroker::new().await;
    declare_exchange(&broker).await;
    bind(&broker, "note.written").await;
    let side = publishing_to(&broker).await;
    let known = write_notes(&side.database, 2).await;
    published(&side).await;
    side.client.post("/v1/sync/offer", &json!({ "ids": known })).await.with(202);
    write_notes(&side.database, 3).await;
    told_state(&side, "unroutable").await;
    eventually("only what has no queue is left", async || {
        (side.rows().await.outbox == 2).then_some(())
    })
    .await;
    let kinds = take_all(&broker)
        .await
        .iter()
        .map(|message| body(message)["kind"].clone())
        .collect::<Vec<_>>();
    assert_eq!(kinds, vec!["note.written"; 5]);
    bind(&broker, "note.offered").await;
    published(&side).await;
    assert_eq!(take_all(&broker).await.len(), 2);
}

#[tokio::test]
async fn a_thousand_changes_arrive_each_once_and_in_their_order() {
    let broker = bound_broker().await;
    let side = publishing_to(&broker).await;
    let mut ids = write_notes(&side.database, 700).await;
    ids.extend(write_notes(&side.database, 500).await);
    published(&side).await;
    let told = take_all(&broker)
        .await
        .iter()
        .map(|message| body(message)["note_id"].clone())
        .collect::<Vec<_>>();
    assert_eq!(told, ids.iter().map(|id| json!(id)).collect::<Vec<_>>());
}
