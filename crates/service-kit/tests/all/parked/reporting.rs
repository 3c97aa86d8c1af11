//! Reports of the worker: each change is parked once.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use reqwest::Method;
use serde_json::{Value, json};
use shared_models::SCHEMA;
use test_kit::{TestService, write_notes};
use uuid::Uuid;

use super::{PARKED, alone, hopeless, id, items, nameless, offered, one, post, report, reported};
use crate::side::{bound_broker, publishing_to};

fn time(change: &Value, name: &str) -> DateTime<Utc> {
    serde_json::from_value(change[name].clone()).unwrap()
}

/// The seconds after which a parked change is offered again.
fn wait(change: &Value) -> i64 {
    (time(change, "offer_at") - time(change, "last_at")).num_seconds()
}

/// Replays a change, and reports that the offer could not be carried either.
async fn in_vain(side: &TestService, id: Uuid, change: fn(Uuid, &str) -> Value) -> Uuid {
    assert_eq!(post(side, "replay", &json!({ "ids": [id] })).await["changed"], 1);
    let offered = offered(side, id).await;
    let event = serde_json::from_value(offered["event_id"].clone()).unwrap();
    let note = offered["note_id"].as_str().unwrap();
    assert_eq!(report(side, &[change(event, note)]).await, 1);
    event
}

#[tokio::test]
async fn prometheus_is_told_how_many_are_parked() {
    let side = alone().await;
    assert_eq!(report(&side, &[nameless(Uuid::now_v7())]).await, 1);
    let told = side.client.get("/metrics").await.with(200).text;
    assert!(told.lines().any(|line| line == "lockstep_parked_changes 1"), "{told}");
}

#[tokio::test]
async fn a_change_is_shown_as_it_was_reported() {
    let side = alone().await;
    let (note, event) = (write_notes(&side.database, 1).await.remove(0), Uuid::now_v7());
    assert_eq!(report(&side, &[reported(event, &note)]).await, 1);
    let shown = one(&side, event).await;
    assert_eq!(items(&side, "").await, std::slice::from_ref(&shown));
    assert_eq!((&shown["id"], &shown["event_id"]), (&json!(event), &json!(event)));
    assert_eq!((&shown["note_id"], &shown["state"]), (&json!(note), &json!("parked")));
    assert_eq!((&shown["attempts"], &shown["overtaken"]), (&json!(1), &json!(false)));
    assert_eq!(shown["reason"], "the peer answers 500");
    assert_eq!(shown["body"], json!({ "id": event }));
    assert_eq!(time(&shown, "first_at"), time(&shown, "last_at"));
}

#[tokio::test]
async fn each_further_time_it_waits_longer() {
    let broker = bound_broker().await;
    let side = publishing_to(&broker).await;
    let (note, id) = (write_notes(&side.database, 1).await.remove(0), Uuid::now_v7());
    report(&side, &[reported(id, &note)]).await;
    assert_eq!(wait(&one(&side, id).await), 5);
    for (attempts, seconds) in [(2, 30), (3, 300), (4, 300)] {
        let event = in_vain(&side, id, reported).await;
        let again = one(&side, id).await;
        assert_eq!((&again["state"], &again["attempts"]), (&json!("parked"), &json!(attempts)));
        assert_eq!((&again["event_id"], &again["body"]["id"]), (&json!(event), &json!(event)));
        assert!(time(&again, "first_at") < time(&again, "last_at"));
        assert_eq!(wait(&again), seconds);
    }
    in_vain(&side, id, hopeless).await;
    assert_eq!(one(&side, id).await["offer_at"], json!(null));
    assert_eq!(side.database.count("parked").await, 1);
}

#[tokio::test]
async fn a_report_that_is_repeated_changes_nothing() {
    let broker = bound_broker().await;
    let side = publishing_to(&broker).await;
    let (note, id) = (write_notes(&side.database, 1).await.remove(0), Uuid::now_v7());
    assert_eq!(report(&side, &[reported(id, &note), hopeless(id, &note)]).await, 1);
    let mut events = vec![id];
    for change in ["parked", "parked again", "parked again", "dropped"] {
        let shown = one(&side, id).await;
        for event in &events {
            assert_eq!(report(&side, &[hopeless(*event, &note)]).await, 0, "{change}");
        }
        assert_eq!(one(&side, id).await, shown, "{change}");
        events.push(in_vain(&side, id, reported).await);
        post(&side, "replay", &json!({ "ids": [id] })).await;
        let shown = offered(&side, id).await;
        for event in &events {
            assert_eq!(report(&side, &[hopeless(*event, &note)]).await, 0, "{change}, offered");
        }
        assert_eq!(one(&side, id).await, shown, "{change}, offered");
        let event = serde_json::from_value(shown["event_id"].clone()).unwrap();
        assert_eq!(report(&side, &[reported(event, &note)]).await, 1);
        events.push(event);
    }
    post(&side, "drop", &json!({ "ids": [id] })).await;
    let shown = one(&side, id).await;
    let all = events.iter().map(|event| reported(*event, &note)).collect::<Vec<_>>();
    assert_eq!(report(&side, &all).await, 0);
    assert_eq!((one(&side, id).await, side.database.count("parked").await), (shown, 1));
}

/// A report that names a record, and no event.
fn eventless(note: &str) -> Value {
    let mut change = hopeless(Uuid::nil(), note);
    change.as_object_mut().unwrap().remove("event_id");
    change
}

#[tokio::test]
async fn a_report_without_an_event_is_of_the_newest_that_was_published() {
    let broker = bound_broker().await;
    let side = publishing_to(&broker).await;
    let note = write_notes(&side.database, 1).await.remove(0);
    assert_eq!(report(&side, &[eventless(&note)]).await, 1);
    let first = items(&side, "").await.remove(0);
    let published = format!("changes where event_id = '{}' and to_publish", id(&first));
    assert_eq!(side.database.count(&published).await, 1);
    let parked = id(&first);
    let mut passing = eventless(&note);
    (passing["may_pass"], passing["version"]) = (json!(true), json!(1));
    assert_eq!(report(&side, &[passing]).await, 0, "it is parked already");
    let shown = one(&side, parked).await;
    assert_eq!((&shown["attempts"], shown["offer_at"].is_string()), (&json!(1), true));
    post(&side, "replay", &json!({ "ids": [parked] })).await;
    let offer = offered(&side, parked).await["event_id"].clone();
    assert_eq!(report(&side, &[eventless(&note)]).await, 1);
    let again = one(&side, parked).await;
    assert_eq!((&again["attempts"], &again["event_id"]), (&json!(2), &offer));
    assert_eq!(side.database.count("parked").await, 1);
    // Nothing was published since: what a person has dropped is parked anew, and not lost.
    post(&side, "drop", &json!({ "ids": [parked] })).await;
    assert_eq!(report(&side, &[eventless(&note)]).await, 1);
    assert_eq!((items(&side, "").await.len(), side.database.count("parked").await), (1, 2));
}

#[tokio::test]
async fn two_who_report_the_same_at_once_park_it_once() {
    let side = alone().await;
    let note = write_notes(&side.database, 1).await.remove(0);
    for _ in 0..10 {
        let changes = (0..50).map(|_| reported(Uuid::new_v4(), &note)).collect::<Vec<_>>();
        let reversed = changes.iter().rev().cloned().collect::<Vec<_>>();
        let (one, two) = tokio::join!(report(&side, &changes), report(&side, &reversed));
        assert_eq!(one + two, 50);
    }
    assert_eq!(side.database.count("parked").await, 500);
}

#[tokio::test]
async fn what_cannot_be_offered_waits_for_a_person() {
    let side = alone().await;
    let note = write_notes(&side.database, 1).await.remove(0);
    let ids = [Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7()];
    let unknown = reported(ids[1], "n-unknown");
    report(&side, &[hopeless(ids[0], &note), unknown, nameless(ids[2])]).await;
    for id in ids {
        let change = one(&side, id).await;
        assert_eq!((&change["state"], &change["offer_at"]), (&json!("parked"), &json!(null)));
    }
}

#[tokio::test]
async fn a_message_that_is_no_json_is_shown_as_text() {
    let side = alone().await;
    let (id, mut junk) = (Uuid::new_v4(), nameless(Uuid::new_v4()));
    junk["event_id"] = json!(id);
    junk["body"] = json!(STANDARD.encode(b"caf\xc3\xa9 \xff\0"));
    junk["reason"] = json!("no event: \0");
    report(&side, &[junk]).await;
    let shown = one(&side, id).await;
    assert_eq!(shown["body"], "café \u{fffd}\0");
    assert_eq!(shown["reason"], "no event: \u{fffd}");
}

#[tokio::test]
async fn what_is_no_report_is_refused() {
    let side = alone().await;
    let with = |name: &str, value: Value| {
        let mut change = nameless(Uuid::new_v4());
        change[name] = value;
        json!({"schema": SCHEMA, "changes": [nameless(Uuid::new_v4()), change]})
    };
    let long = STANDARD.encode(vec![b' '; 256 * 1024 + 1]);
    let cases = [
        (json!({"schema": SCHEMA + 1, "changes": []}), "schema"),
        (json!({"schema": SCHEMA, "changes": vec![nameless(Uuid::nil()); 501]}), "changes"),
        (with("body", json!("e")), "changes[1].body"),
        (with("body", json!("e30")), "changes[1].body"),
        (with("body", json!(long)), "changes[1].body"),
    ];
    for (request, field) in cases {
        side.client.post(PARKED, &request).await.assert_refuses(422, field);
    }
    side.client.post(PARKED, &with("event_id", json!("7"))).await.assert_problem(422);
    assert_eq!(side.database.count("parked").await, 0);
    let good = json!({"schema": SCHEMA, "changes": [reported(Uuid::new_v4(), "n-0001")]});
    side.client.assert_survives(&Method::POST, PARKED, &good, 100).await;
}
