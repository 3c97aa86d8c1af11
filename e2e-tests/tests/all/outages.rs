//! Outages of single parts: nothing is lost.

use std::path::Path;
use std::time::{Duration, Instant};

use e2e_tests::Stack;
use launcher::rabbitmq::{Options, RabbitMq};
use process_kit::lamps_and_bulbs;
use serde_json::json;
use shared_models::names::queue;
use shared_models::side::Direction;
use test_kit::{TestBroker, eventually};

async fn place_some(stack: &Stack, count: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for _ in 0..count {
        ids.push(stack.store.place(&lamps_and_bulbs()).await);
    }
    ids
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_placed_while_rabbitmq_is_down_arrive_when_it_is_back() {
    let folder = tempfile::tempdir().unwrap();
    let folder: &Path = folder.path();
    let mut rabbitmq = RabbitMq::start(folder, Options::default()).await.unwrap();
    let stack = Stack::start(&rabbitmq).await;
    let before = stack.store.place(&lamps_and_bulbs()).await;
    stack.agree_on(&before).await;
    rabbitmq.stop().await;
    let placed = place_some(&stack, 20).await;
    stack.warehouse.patch(&before, json!({"status": "shipped"})).await;
    assert_eq!(stack.warehouse.order(&placed[0]).await, None);
    rabbitmq.start_again().await.unwrap();
    let back = Instant::now();
    stack.published().await;
    let took = back.elapsed();
    assert!(took < Duration::from_secs(2), "what waited was published after {took:?}");
    for id in placed.iter().chain([&before]) {
        stack.agree_on(id).await;
    }
    assert_eq!(stack.store.order(&before).await.unwrap()["status"], "shipped");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_deleted_with_messages_in_it_is_made_good_by_an_offer() {
    let broker = TestBroker::new().await;
    let mut stack = Stack::start(&broker).await;
    stack.worker.stop().await;
    let placed = place_some(&stack, 20).await;
    let queue = queue(Direction::ALL[0]);
    let all_there = async || (broker.queue_depth(queue).await == Some(20)).then_some(());
    eventually("all wait in the queue", all_there).await;
    broker.delete_queue(queue).await;
    stack.worker.start().await;
    for id in &placed {
        stack.agree_on(id).await;
    }
    let changes = stack.warehouse.changes(&placed[0]).await;
    assert_eq!(changes.len(), 1, "{changes:?}");
    assert_eq!(
        (&changes[0]["kind"], &changes[0]["origin"]),
        (&json!("order.created"), &json!("store"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_warehouse_may_be_away_while_orders_are_placed() {
    let broker = TestBroker::new().await;
    let mut stack = Stack::start(&broker).await;
    stack.warehouse_svc.kill().await;
    let placed = place_some(&stack, 20).await;
    stack.warehouse_svc.start().await;
    stack.ready().await;
    for id in &placed {
        stack.agree_on(id).await;
        assert_eq!(stack.warehouse.changes(id).await.len(), 1, "applied once");
    }
}
