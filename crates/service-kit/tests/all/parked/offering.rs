//! Parked changes that are due: they are offered again automatically, once for each record.

use std::collections::BTreeMap;

use diesel_async::SimpleAsyncConnection as _;
use serde_json::{Value, json};
use test_kit::queue::{QUEUE, bind, declare_exchange, told_state};
use test_kit::{TestBroker, eventually, write_notes};
use uuid::Uuid;

use super::{hopeless, offered, offering_after, offers, one, pause, post, report, reported};
use crate::side::{bound_broker, publishing_to};
use crate::taking_over::replica;

fn by_note(events: &[Value]) -> BTreeMap<String, String> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    events.iter().map(|event| (text(&event["note_id"]), text(&event["id"]))).collect()
}

#[tokio::test]
async fn what_is_due_is_offered_once_for_each_record() {
    let broker = bound_broker().await;
    let side = offering_after("1ms", &broker).await;
    let keys = write_notes(&side.database, 2).await;
    // They are to be due together.
    pause(&side, "pause").await;
    let ids = [Uuid::from_u128(3), Uuid::from_u128(2), Uuid::from_u128(1), Uuid::from_u128(4)];
    for (id, key) in ids.into_iter().zip([&keys[0], &keys[1], &keys[0], &keys[0]]) {
        let change = if id == ids[3] { hopeless(id, key) } else { reported(id, key) };
        report(&side, &[change]).await;
    }
    pause(&side, "resume").await;
    let changes = [offered(&side, ids[0]).await, offered(&side, ids[1]).await];
    let last = offered(&side, ids[2]).await;
    let events = offers(&side, &broker).await;
    assert_eq!(events.len(), 2);
    let events = by_note(&events);
    assert_eq!(last["event_id"], events[&keys[0]]);
    assert_eq!(changes[1]["event_id"], events[&keys[1]]);
    // The one that was parked last speaks for this one; that one waits for a person.
    assert_eq!(changes[0]["event_id"], json!(ids[0]));
    assert_eq!(one(&side, ids[3]).await["state"], "parked");
    for change in [&changes[0], &changes[1], &last] {
        assert_eq!((&change["offer_at"], &change["attempts"]), (&json!(null), &json!(1)));
    }
}

#[tokio::test]
async fn what_is_not_due_is_left_alone() {
    let broker = bound_broker().await;
    let side = offering_after("1h", &broker).await;
    let keys = write_notes(&side.database, 2).await;
    let [later, now, same_note] = [Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7()];
    let of_same = reported(same_note, &keys[1]);
    report(&side, &[reported(later, &keys[0]), reported(now, &keys[1]), of_same]).await;
    post(&side, "replay", &json!({ "ids": [now] })).await;
    offered(&side, now).await;
    for waiting in [later, same_note] {
        assert_eq!(one(&side, waiting).await["state"], "parked");
    }
    assert_eq!(offers(&side, &broker).await.len(), 1);
}

#[tokio::test]
async fn a_side_that_is_paused_offers_nothing_until_it_is_resumed() {
    let broker = bound_broker().await;
    let first = offering_after("1ms", &broker).await;
    let (note, id) = (write_notes(&first.database, 1).await.remove(0), Uuid::now_v7());
    pause(&first, "pause").await;
    let second = replica("second", &first, &broker).await;
    told_state(&second, "standby").await;
    report(&first, &[reported(id, &note)]).await;
    let _database = first.stop().await;
    // It took over when the change was due, and so has looked at it.
    told_state(&second, "paused").await;
    assert_eq!(one(&second, id).await["state"], "parked");
    pause(&second, "resume").await;
    assert_eq!(offered(&second, id).await["attempts"], 1);
}

#[tokio::test]
async fn two_processes_over_one_database_offer_once() {
    let broker = bound_broker().await;
    let first = publishing_to(&broker).await;
    let second = replica("second", &first, &broker).await;
    told_state(&second, "standby").await;
    let keys = write_notes(&first.database, 40).await;
    let changes = keys.iter().map(|key| hopeless(Uuid::now_v7(), key)).collect::<Vec<_>>();
    report(&second, &changes).await;
    let all = json!({"all": true});
    let (one, two) = tokio::join!(post(&first, "replay", &all), post(&second, "replay", &all));
    assert_eq!(one["changed"].as_u64().unwrap() + two["changed"].as_u64().unwrap(), 40);
    eventually("all are offered", async || {
        (first.database.count("parked where state = 'offered'").await == 40).then_some(())
    })
    .await;
    assert_eq!(offers(&first, &broker).await.len(), 40);
}

#[tokio::test]
async fn an_outbox_that_is_never_empty_does_not_hold_it_up() {
    let broker = TestBroker::new().await;
    declare_exchange(&broker).await;
    bind(&broker, "note.offered").await;
    let side = offering_after("1ms", &broker).await;
    let (note, id) = (write_notes(&side.database, 1).await.remove(0), Uuid::now_v7());
    told_state(&side, "unroutable").await;
    report(&side, &[reported(id, &note)]).await;
    offered(&side, id).await;
    eventually("the offer alone is published", async || {
        let published = broker.queue_depth(QUEUE).await == Some(1);
        (published && side.rows().await.outbox == 1).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_record_that_cannot_be_offered_keeps_nothing_else_from_being_published() {
    let broker = bound_broker().await;
    let first = offering_after("1ms", &broker).await;
    pause(&first, "pause").await;
    let note = write_notes(&first.database, 1).await.remove(0);
    report(&first, &[reported(Uuid::now_v7(), &note)]).await;
    // As a version of the program would leave it that knows notes without a text.
    let unknown = "alter table notes alter text drop not null; update notes set text = null";
    first.database.connect().await.batch_execute(unknown).await.unwrap();
    let second = replica("second", &first, &broker).await;
    told_state(&second, "standby").await;
    let database = first.stop().await;
    told_state(&second, "paused").await;
    // The first thing that it does now is to look for what is due.
    pause(&second, "resume").await;
    eventually("the outbox is empty", async || (database.count("outbox").await == 0).then_some(()))
        .await;
    assert_eq!(database.count("parked where state = 'parked'").await, 1);
}
