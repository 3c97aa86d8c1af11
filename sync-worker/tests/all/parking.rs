//! Parking: a change that cannot be carried is reported to its source; while that is away, it waits
//! in the parked queue.

use std::time::{Duration, Instant};

use serde_json::json;
use shared_models::parked::MAX_BODY;
use shared_models::parked::RecordName;
use test_kit::eventually;

use crate::carrying::as_one_batch;
use crate::events::{edited, id};
use crate::sides::{applied, message, outcomes};
use crate::world::{EXCHANGE, PARKED, World};

/// Waits until this many messages are in the parked queue, ready for delivery.
async fn parked_queue_holds(world: &World, count: u32) {
    let there = async || (world.broker.queue_depth(PARKED).await == Some(count)).then_some(());
    eventually(&format!("{count} are in the parked queue"), there).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_parked_of_a_batch_is_reported_at_once_and_in_one_request() {
    let (world, worker) = World::with_worker().await;
    let events: Vec<_> = (0..6).map(|_| edited(id(), 1)).collect();
    let mut newer = edited(id(), 1);
    newer["schema"] = json!(2);
    as_one_batch(&world, &[&events[..], std::slice::from_ref(&newer)].concat()).await;
    let bad = [events[1]["id"].clone(), events[4]["id"].clone()];
    world.warehouse.answer_changes(move |request| {
        outcomes(request, |change| match bad.contains(&change["event_id"]) {
            true => json!({"outcome": "rejected", "reason": "odd"}),
            false => json!({"outcome": "applied"}),
        })
    });
    let mut told = world.store.wait_for_reported(3).await;
    assert_eq!(world.store.reports().await.len(), 1);
    let mut expected = [&events[1], &events[4], &newer].map(|event| {
        let id = Some(event["id"].as_str().unwrap().parse::<uuid::Uuid>().unwrap());
        let order = RecordName::new("order", event["order_id"].as_str().unwrap());
        (id, order, event.to_string().into_bytes())
    });
    expected.sort_by_key(|(id, ..)| *id);
    told.sort_by_key(|change| change.event_id);
    let told = told.iter().map(|it| (it.event_id, it.record.clone(), message(it)));
    let told = told.collect::<Vec<_>>();
    assert_eq!(told, expected);
    worker.wait_for_counter("parked", 3).await;
    worker.stop().await;
    assert_eq!((world.left().await, world.broker.queue_depth(PARKED).await), (0, Some(0)));
    assert!(world.warehouse.reports().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn while_its_source_is_unavailable_a_parked_message_waits_in_the_queue_and_the_others_go_on()
{
    for status in [404, 422, 500, 503] {
        let (world, worker) = World::with_worker().await;
        world.store.set_report_status(status);
        world.store.set_ready(503);
        assert!(world.broker.publish(EXCHANGE, "order.updated", b"not JSON").await);
        world.publish_all(&[edited(id(), 1)]).await;
        worker.wait_for_counter("carried", 1).await;
        parked_queue_holds(&world, 1).await;
        let tried = world.store.reports().await.len();
        world.store.set_report_status(200);
        world.store.set_ready(200);
        let told = world.store.wait_for_reported(tried + 1).await.pop().unwrap();
        assert_eq!(message(&told), b"not JSON");
        assert!(
            told.reason.starts_with("the message cannot be read") && !told.may_pass,
            "{told:?}"
        );
        // What was told is gone, and not only in somebody's hands: the next one is alone.
        world.store.set_ready(503);
        world.store.set_report_status(status);
        assert!(world.broker.publish(EXCHANGE, "order.updated", b"the next").await);
        worker.wait_for_counter("parked", 2).await;
        parked_queue_holds(&world, 1).await;
        worker.stop().await;
        assert_eq!(world.broker.take(PARKED).await.as_deref(), Some(&b"the next"[..]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_parked_while_the_source_was_away_and_can_be_read_may_be_tried_anew() {
    let (world, worker) = World::with_worker().await;
    let event = edited(id(), 1);
    world.store.set_report_status(503);
    world.store.set_ready(503);
    world.warehouse.answer_changes(|request| {
        outcomes(request, |_| json!({"outcome": "rejected", "reason": "odd"}))
    });
    world.publish_all(std::slice::from_ref(&event)).await;
    parked_queue_holds(&world, 1).await;
    let (tried, probed) = (world.store.reports().await.len(), world.store.probes().await);
    let asked = async || (world.store.probes().await >= probed + 3).then_some(());
    eventually("the source is asked whether it is ready", asked).await;
    assert_eq!(world.store.reports().await.len(), tried, "it gets no report before");
    world.store.set_report_status(200);
    world.store.set_ready(200);
    parked_queue_holds(&world, 0).await;
    let told = world.store.wait_for_reported(tried + 1).await.pop().unwrap();
    assert_eq!(message(&told), event.to_string().as_bytes());
    assert!(told.reason.contains("while the store was away") && told.may_pass, "{told:?}");
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_parked_queue_is_reported_in_parts() {
    let world = World::new().await;
    world.store.set_report_status(503);
    let worker = world.start_worker("carry.max_changes = 40").await;
    worker.wait_until_ready().await;
    world.store.set_ready(503);
    let bodies: Vec<_> = (0..100).map(|number| format!("not JSON {number}")).collect();
    assert!(world.broker.publish_all(EXCHANGE, "order.updated", &bodies).await);
    parked_queue_holds(&world, 100).await;
    let tried = world.store.reports().await.len();
    world.store.set_report_status(200);
    world.store.set_ready(200);
    let all_told = async || (world.store.reports().await.len() >= tried + 3).then_some(());
    eventually("everything is reported", all_told).await;
    parked_queue_holds(&world, 0).await;
    let sizes = world.store.reports().await.into_iter().map(|report| report.changes.len());
    assert_eq!(sizes.skip(tried).collect::<Vec<_>>(), [40, 40, 20]);
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_hangs_holds_the_others_up_only_for_a_moment() {
    let world = World::new().await;
    let worker = world.start_worker("carry.report_timeout = '300ms'").await;
    worker.wait_until_ready().await;
    world.store.delay_reports(Duration::from_secs(60));
    world.store.set_ready(503);
    let started = Instant::now();
    assert!(world.broker.publish(EXCHANGE, "order.updated", b"not JSON").await);
    world.publish_all(&[edited(id(), 1)]).await;
    world.warehouse.answer_changes(applied);
    worker.wait_for_counter("carried", 1).await;
    parked_queue_holds(&world, 1).await;
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_far_too_long_is_reported_in_part() {
    let (world, worker) = World::with_worker().await;
    let long = vec![b'x'; MAX_BODY * 2];
    assert!(world.broker.publish(EXCHANGE, "order.updated", &long).await);
    let told = world.store.wait_for_reported(1).await;
    assert_eq!(message(&told[0]).len(), MAX_BODY);
    worker.stop().await;
    assert_eq!(world.left().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_be_parked_nowhere_is_given_back_and_the_reason_is_shown() {
    let (world, worker) = World::with_worker().await;
    world.store.set_report_status(503);
    world.store.set_ready(503);
    let queues = "^(store|warehouse|sync)\\..*$";
    world.broker.permit("worker", queues, queues, queues).await;
    assert!(world.broker.publish(EXCHANGE, "order.updated", b"not JSON").await);
    let told = async || {
        let reason = worker.wait_for_state("connecting").await;
        reason.contains("a change cannot be parked").then_some(())
    };
    eventually("the reason is shown", told).await;
    world.publish_all(&[edited(id(), 1)]).await;
    worker.wait_for_counter("carried", 1).await;
    // Each try waits longer than the one before: without that there would be hundreds.
    let counters = worker.wait_for_counter("given_back", 1).await;
    assert!(counters["given_back"].as_u64() < Some(40), "{counters}");
    assert_eq!(world.broker.queue_depth(PARKED).await, Some(0));
    world.broker.permit_as_usual("worker").await;
    parked_queue_holds(&world, 1).await;
    worker.wait_until_ready().await;
    worker.stop().await;
    assert_eq!(world.left().await, 0);
    assert_eq!(world.broker.take(PARKED).await.as_deref(), Some(&b"not JSON"[..]));
}
