//! Losses on the way: comparing finds them, and they are made good without a person's help.

use std::time::{Duration, Instant};

use e2e_tests::Stack;
use process_kit::lamps_and_bulbs;
use process_kit::secured::client;
use serde_json::{Value, json};
use shared_models::names::queue;
use shared_models::side::Direction;
use test_kit::{TestBroker, eventually, eventually_within};

/// The time within which a loss has to be made good.
const MADE_GOOD: Duration = Duration::from_secs(60);
/// The timeout of a condition in this file.
const TIMEOUT: Duration = Duration::from_secs(90);

/// Returns the worker's report of the comparison, for each direction.
async fn comparisons(stack: &Stack) -> [Value; 2] {
    let listing = client(stack.worker.url()).get("/v1/directions").await.with(200);
    [0, 1].map(|index| listing["directions"][index]["comparison"].clone())
}

async fn place_some(stack: &Stack, count: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for _ in 0..count {
        ids.push(stack.store.place(&lamps_and_bulbs()).await);
    }
    ids
}

/// Waits until this many messages are in the queue of a direction, and purges it.
async fn purge(broker: &TestBroker, direction: Direction, count: u32) {
    let queue = queue(direction);
    let all_there = async || (broker.queue_depth(queue).await == Some(count)).then_some(());
    eventually("all wait in the queue", all_there).await;
    assert_eq!(broker.purge(queue).await, count);
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_orders_that_were_purged_while_no_worker_ran_arrive() {
    let broker = TestBroker::new().await;
    let mut stack = Stack::start(&broker).await;
    stack.worker.stop().await;
    let placed = place_some(&stack, 10).await;
    purge(&broker, Direction::ALL[0], 10).await;
    stack.worker.start().await;
    let started = Instant::now();
    eventually_within(TIMEOUT, "the ten are there", async || {
        let mut there = 0;
        for id in &placed {
            there += usize::from(stack.warehouse.order(id).await.is_some());
        }
        (there == 10).then_some(())
    })
    .await;
    assert!(started.elapsed() < MADE_GOOD, "it took {:?}", started.elapsed());
    let [told, _] = comparisons(&stack).await;
    assert_eq!((&told["missing"], &told["offered"]), (&json!(10), &json!(10)), "{told}");
    for id in &placed {
        stack.agree_on(id).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_purged_in_either_direction_while_the_worker_runs_is_made_good() {
    let broker = TestBroker::new().await;
    let mut stack = Stack::start(&broker).await;
    let [to_warehouse, to_store] = Direction::ALL;
    let placed = place_some(&stack, 4).await;
    for id in &placed {
        stack.agree_on(id).await;
    }
    // The worker leaves in the queue what its peer cannot take.
    stack.warehouse_svc.stop().await;
    stack.store.patch(&placed[0], json!({"comment": "ring twice"})).await;
    let new = stack.store.place(&lamps_and_bulbs()).await;
    purge(&broker, to_warehouse, 2).await;
    stack.warehouse_svc.start().await;
    stack.ready().await;
    stack.store_svc.stop().await;
    stack.warehouse.patch(&placed[1], json!({"status": "picking"})).await;
    stack.warehouse.patch(&placed[2], json!({"address": "Gate 3"})).await;
    purge(&broker, to_store, 2).await;
    stack.store_svc.start().await;
    let healed = Instant::now();
    // Which of the two comparisons notices first depends on where each stands in its log.
    eventually_within(TIMEOUT, "what was lost is offered", async || {
        let offered = comparisons(&stack).await.map(|told| told["offered"].as_u64().unwrap());
        (offered.iter().sum::<u64>() >= 4).then_some(())
    })
    .await;
    for id in placed.iter().chain([&new]) {
        stack.agree_on(id).await;
    }
    assert!(healed.elapsed() < MADE_GOOD, "it took {:?}", healed.elapsed());
    let [to_warehouse, _] = comparisons(&stack).await;
    assert_eq!(to_warehouse["missing"], 1, "{to_warehouse}");
}

#[tokio::test(flavor = "multi_thread")]
async fn under_a_steady_load_nothing_is_taken_for_a_loss() {
    let broker = TestBroker::new().await;
    let stack = Stack::start(&broker).await;
    let hot = stack.store.place(&lamps_and_bulbs()).await;
    stack.agree_on(&hot).await;
    let (began, mut edits) = (Instant::now(), 0);
    // Longer than from one look to the second.
    while began.elapsed() < Duration::from_secs(30) {
        edits += 1;
        let id = stack.store.place(&lamps_and_bulbs()).await;
        stack.store.patch(&hot, json!({"comment": format!("{edits}")})).await;
        stack.warehouse.patch(&hot, json!({"address": format!("Gate {edits}")})).await;
        stack.store.patch(&id, json!({"comment": "ring twice"})).await;
    }
    stack.agree_on(&hot).await;
    eventually_within(TIMEOUT, "all is compared", async || {
        let is_done = |told: &Value| {
            told["compared"].as_u64() > Some(0) && told["compared_to"] == told["newest"]
        };
        comparisons(&stack).await.iter().all(is_done).then_some(())
    })
    .await;
    for told in comparisons(&stack).await {
        let losses = ["missing", "behind", "different", "source_behind", "offered", "left"];
        assert_eq!(losses.map(|loss| told[loss].as_u64().unwrap()), [0; 6], "{told}");
    }
}
