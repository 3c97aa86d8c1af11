//! Parked changes that are due: they are offered again automatically, once for each order.

use std::collections::BTreeMap;

use diesel_async::SimpleAsyncConnection as _;
use serde_json::{Value, json};
use test_kit::{TestBroker, eventually};
use uuid::Uuid;

use super::{hopeless, offered, offering_after, offers, one, pause, post, report, reported};
use crate::plain::{publishing_to, write_orders};
use crate::queue::{QUEUE, bind, bound_broker, declare_exchange, told_state};
use crate::taking_over::replica;

fn by_order(events: &[Value]) -> BTreeMap<String, String> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    events.iter().map(|event| (text(&event["order_id"]), text(&event["id"]))).collect()
}

#[tokio::test]
async fn what_is_due_is_offered_once_for_each_order() {
    let broker = bound_broker().await;
    let side = offering_after("1ms", &broker).await;
    let orders = write_orders(&side.database, 2).await;
    // They are to be due together.
    pause(&side, "pause").await;
    let ids = [Uuid::from_u128(3), Uuid::from_u128(2), Uuid::from_u128(1), Uuid::from_u128(4)];
    for (id, order) in ids.into_iter().zip([orders[0], orders[1], orders[0], orders[0]]) {
        let change = if id == ids[3] { hopeless(id, order) } else { reported(id, order) };
        report(&side, &[change]).await;
    }
    pause(&side, "resume").await;
    let changes = [offered(&side, ids[0]).await, offered(&side, ids[1]).await];
    let last = offered(&side, ids[2]).await;
    let events = offers(&side, &broker).await;
    assert_eq!(events.len(), 2);
    let events = by_order(&events);
    assert_eq!(last["event_id"], events[&orders[0].to_string()]);
    assert_eq!(changes[1]["event_id"], events[&orders[1].to_string()]);
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
    let order = write_orders(&side.database, 2).await;
    let [later, now, same_order] = [Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7()];
    let of_same = reported(same_order, order[1]);
    report(&side, &[reported(later, order[0]), reported(now, order[1]), of_same]).await;
    post(&side, "replay", &json!({ "ids": [now] })).await;
    offered(&side, now).await;
    for waiting in [later, same_order] {
        assert_eq!(one(&side, waiting).await["state"], "parked");
    }
    assert_eq!(offers(&side, &broker).await.len(), 1);
}

#[tokio::test]
async fn a_side_that_is_paused_offers_nothing_until_it_is_resumed() {
    let broker = bound_broker().await;
    let first = offering_after("1ms", &broker).await;
    let (order, id) = (write_orders(&first.database, 1).await[0], Uuid::now_v7());
    pause(&first, "pause").await;
    let second = replica("second", &first, &broker).await;
    told_state(&second, "standby").await;
    report(&first, &[reported(id, order)]).await;
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
    let orders = write_orders(&first.database, 40).await;
    let changes = orders.iter().map(|order| hopeless(Uuid::now_v7(), *order)).collect::<Vec<_>>();
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
    bind(&broker, "order.offered").await;
    let side = offering_after("1ms", &broker).await;
    let (order, id) = (write_orders(&side.database, 1).await[0], Uuid::now_v7());
    told_state(&side, "unroutable").await;
    report(&side, &[reported(id, order)]).await;
    offered(&side, id).await;
    eventually("the offer alone is published", async || {
        let published = broker.queue_depth(QUEUE).await == Some(1);
        (published && side.rows().await.outbox == 1).then_some(())
    })
    .await;
}

#[tokio::test]
async fn an_order_that_cannot_be_offered_keeps_nothing_else_from_being_published() {
    let broker = bound_broker().await;
    let first = offering_after("1ms", &broker).await;
    pause(&first, "pause").await;
    let order = write_orders(&first.database, 1).await[0];
    report(&first, &[reported(Uuid::now_v7(), order)]).await;
    // As a version of the program that knows more statuses would leave it.
    let unknown = r#"update orders set progress = progress || '{"status": "weighed"}'"#;
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
