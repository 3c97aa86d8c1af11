//! Parked changes of several resources: records with the same key are not mixed.

use serde_json::{Value, json};
use test_kit::queue::{body, bound_broker, published, take_all};
use test_kit::{NOTES, PINGS, TestBroker, TestService};
use uuid::Uuid;

use super::{
    alone, items, nameless, of_record, offered, offering_after, one, post, report, reported,
};

fn hopeless(event: Uuid, resource: &str, key: &str) -> Value {
    let mut change = of_record(event, resource, key);
    change["may_pass"] = json!(false);
    change
}

/// A side with a note and a ping of the key 7, whose changes were published.
async fn with_the_same_key(waits: &str) -> (TestService, TestBroker) {
    let broker = bound_broker("#").await;
    let side = offering_after(waits, &broker).await;
    NOTES.write(&side.database, &["7"]).await;
    PINGS.write(&side.database, &["7"]).await;
    published(&side).await;
    take_all(&broker).await;
    (side, broker)
}

/// Returns the kinds of the events in the queue, once everything is published.
async fn kinds(side: &TestService, broker: &TestBroker) -> Vec<String> {
    published(side).await;
    let events = take_all(broker).await;
    let mut kinds = events
        .iter()
        .map(|event| body(event)["kind"].as_str().unwrap().to_owned())
        .collect::<Vec<_>>();
    kinds.sort();
    kinds
}

#[tokio::test]
async fn each_is_listed_with_its_resource_and_its_key() {
    let (side, _broker) = with_the_same_key("1h").await;
    let [note, ping] = [Uuid::now_v7(), Uuid::now_v7()];
    let changes = [of_record(note, "note", "7"), of_record(ping, "ping", "007")];
    assert_eq!(report(&side, &changes).await, 2);
    assert_eq!(items(&side, "").await.len(), 2);
    for (id, resource) in [(note, "note"), (ping, "ping")] {
        let shown = one(&side, id).await;
        let named = (&shown["resource"], &shown["key"], &shown[format!("{resource}_id")]);
        assert_eq!(named, (&json!(resource), &json!("7"), &json!("7")));
        assert!(shown["offer_at"].is_string(), "{shown}");
    }
    assert_eq!(one(&side, ping).await["note_id"], json!(null));
}

#[tokio::test]
async fn a_replay_offers_the_record_of_its_resource_alone() {
    let (side, broker) = with_the_same_key("1h").await;
    let [note, ping] = [Uuid::now_v7(), Uuid::now_v7()];
    report(&side, &[hopeless(note, "note", "7"), hopeless(ping, "ping", "7")]).await;
    assert_eq!(post(&side, "replay", &json!({ "ids": [ping] })).await["changed"], 1);
    offered(&side, ping).await;
    assert_eq!(one(&side, note).await["state"], "parked");
    assert_eq!(kinds(&side, &broker).await, ["ping.offered"]);
    assert_eq!(post(&side, "replay", &json!({ "ids": [note] })).await["changed"], 1);
    offered(&side, note).await;
    assert_eq!(kinds(&side, &broker).await, ["note.offered"]);
}

#[tokio::test]
async fn what_is_due_of_the_same_key_is_offered_once_for_each_resource() {
    let (side, broker) = with_the_same_key("1ms").await;
    super::pause(&side, "pause").await;
    let ids = [(); 4].map(|()| Uuid::now_v7());
    for (id, resource) in ids.into_iter().zip(["note", "ping", "note", "ping"]) {
        report(&side, &[of_record(id, resource, "7")]).await;
    }
    super::pause(&side, "resume").await;
    for id in ids {
        offered(&side, id).await;
    }
    published(&side).await;
    let events = take_all(&broker).await.iter().map(body).collect::<Vec<_>>();
    assert_eq!(events.len(), 2, "{events:?}");
    for (id, kind) in [(ids[2], "note.offered"), (ids[3], "ping.offered")] {
        let event = events.iter().find(|event| event["kind"] == kind).unwrap();
        assert_eq!(one(&side, id).await["event_id"], event["id"], "{kind}");
    }
}

#[tokio::test]
async fn a_newer_change_of_another_resource_does_not_overtake() {
    let (side, broker) = with_the_same_key("1h").await;
    PINGS.write(&side.database, &["7"]).await;
    published(&side).await;
    let event = super::id(&body(&take_all(&broker).await[0]));
    report(&side, &[hopeless(event, "ping", "7")]).await;
    NOTES.write(&side.database, &["7"]).await;
    assert_eq!(one(&side, event).await["overtaken"], false);
    PINGS.write(&side.database, &["7"]).await;
    assert_eq!(one(&side, event).await["overtaken"], true);
}

#[tokio::test]
async fn a_record_that_only_another_resource_has_waits_for_a_person() {
    let side = alone().await;
    NOTES.write(&side.database, &["7"]).await;
    PINGS.write(&side.database, &["8"]).await;
    let [note, ping] = [Uuid::now_v7(), Uuid::now_v7()];
    report(&side, &[of_record(note, "note", "8"), of_record(ping, "ping", "7")]).await;
    for id in [note, ping] {
        let change = one(&side, id).await;
        assert_eq!((&change["key"].is_string(), &change["offer_at"]), (&true, &json!(null)));
        let settled = post(&side, "replay", &json!({ "ids": [id] })).await;
        assert_eq!(settled["changed"], 0, "{settled}");
    }
}

#[tokio::test]
async fn what_is_of_no_resource_here_is_parked_without_a_name() {
    let side = alone().await;
    NOTES.write(&side.database, &["7"]).await;
    let ids = [(); 6].map(|()| Uuid::now_v7());
    let mut keyless = reported(ids[4], "7");
    keyless["key"] = json!(null);
    let changes = [
        of_record(ids[0], "pong", "7"),
        of_record(ids[1], "notes", "7"),
        of_record(ids[2], "ping", "n-0001"),
        of_record(ids[3], "note", "N 7"),
        keyless,
        nameless(ids[5]),
    ];
    assert_eq!(report(&side, &changes).await, 6);
    for id in ids {
        let shown = one(&side, id).await;
        let named = (&shown["resource"], &shown["key"], &shown["offer_at"]);
        assert_eq!(named, (&json!(null), &json!(null), &json!(null)));
    }
    assert_eq!(post(&side, "replay", &json!({"all": true})).await["changed"], 0);
    assert_eq!(post(&side, "drop", &json!({"all": true})).await["changed"], 6);
}
