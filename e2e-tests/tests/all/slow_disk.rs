//! RabbitMQ's disk does not answer: no queue answers, each is healthy, and so none is replaced.

use e2e_tests::Stack;
use launcher::rabbitmq::{Options, RabbitMq};
use process_kit::secured::client;
use process_kit::{lamps_and_bulbs, rabbitmqctl};
use serde_json::{Value, json};
use test_kit::eventually;

/// Less patience than by default. A single queue that does not answer would be replaced after this
/// time, and all of them after ten times as long.
const REPLACE_AFTER: (&str, &str) = ("CARRY__REPLACE_QUEUE_AFTER", "3s");

/// The silence in seconds that is waited for: four times as long.
const SILENCE: u64 = 12;

/// Every queue of both directions, as the worker tells of it.
async fn queues(stack: &Stack) -> Vec<Value> {
    let listing = client(stack.worker.url()).get("/v1/directions").await.with(200);
    let directions = listing["directions"].as_array().unwrap().iter();
    directions.flat_map(|it| ["sync", "parked"].map(|kind| it["queues"][kind].clone())).collect()
}

/// For how many seconds a queue has been silent, where it is told that no queue answers.
fn silent_with_all_others(queue: &Value) -> Option<u64> {
    let reason = queue["reason"].as_str().filter(|_| queue["state"] == "all silent")?;
    let seconds = reason.strip_prefix("no queue answers; this one has not answered for ")?;
    Some(seconds.strip_suffix(" s")?.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_disk_holds_up_all_queues_none_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let rabbitmq = RabbitMq::start(folder.path(), Options::default()).await.unwrap();
    let stack = Stack::start_with(&rabbitmq, &[REPLACE_AFTER]).await;
    let before = stack.store.place(&lamps_and_bulbs()).await;
    stack.agree_on(&before).await;
    let names = async || {
        let queues = queues(&stack).await;
        queues.iter().map(|queue| queue["name"].clone()).collect::<Vec<_>>()
    };
    let named = names().await;

    rabbitmqctl::suspend_write_ahead_log(&rabbitmq).await.unwrap();
    let meanwhile = stack.store.place(&lamps_and_bulbs()).await;
    for least in [0, SILENCE] {
        let silent = async || {
            let queues = queues(&stack).await;
            let for_so_long = |queue| silent_with_all_others(queue) >= Some(least);
            queues.iter().all(for_so_long).then_some(())
        };
        eventually(&format!("all queues are silent for {least} s"), silent).await;
    }
    assert!(stack.warehouse.order(&meanwhile).await.is_none(), "a queue has taken it");

    rabbitmqctl::resume_write_ahead_log(&rabbitmq).await.unwrap();
    let answer = async || {
        let queues = queues(&stack).await;
        queues.iter().all(|queue| queue["state"] == "answering").then_some(queues)
    };
    for queue in eventually("all queues answer", answer).await {
        assert_eq!(queue["replaced"], 0, "{queue}");
    }
    assert_eq!(names().await, named);
    stack.agree_on(&meanwhile).await;
    stack.warehouse.patch(&before, json!({"status": "packed"})).await;
    stack.order_at(&stack.store, &before, "packed", |order| order["status"] == "packed").await;
}
