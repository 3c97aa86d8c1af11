//! Two workers share the queues.

use e2e_tests::Stack;
use process_kit::secured::client;
use process_kit::{Program, lamps_and_bulbs};
use serde_json::{Value, json};
use test_kit::{TestBroker, eventually};

const EDITS: u64 = 30;
const ORDERS: u64 = 8;

/// Places an order and edits it again and again, whether the warehouse knows it already or not.
async fn place_and_edit(stack: &Stack) -> String {
    let id = stack.store.place(&lamps_and_bulbs()).await;
    for edit in 0..EDITS {
        stack.store.patch(&id, json!({"address": format!("{edit} Main Street")})).await;
    }
    id
}

/// Places several orders at once, and edits them in the same way.
async fn place_and_edit_some(stack: &Stack) -> [String; ORDERS as usize] {
    let one = || place_and_edit(stack);
    let (a, b, c, d, e, f, g, h) =
        tokio::join!(one(), one(), one(), one(), one(), one(), one(), one());
    [a, b, c, d, e, f, g, h]
}

/// Checks that both sides agree, and that the warehouse has never gone back to an older delivery,
/// nor taken one twice.
async fn came_in_order(stack: &Stack, id: &str) {
    let [store, _] = stack.agree_on(id).await;
    assert_eq!(store["revisions"]["delivery"]["store"], EDITS + 1);
    let changes = stack.warehouse.changes(id).await;
    let edit = |change: &Value| change["event"]["delivery"]["revision"]["store"].as_u64().unwrap();
    let edits: Vec<_> = changes.iter().map(edit).collect();
    assert!(edits.is_sorted_by(|older, newer| older < newer), "order {id}: {edits:?}");
}

/// The number of messages from the store that a worker has settled for good.
async fn settled_by(worker: &Program) -> u64 {
    let listing = client(worker.url()).get("/v1/directions").await.with(200);
    let counters = &listing["directions"][0]["counters"];
    assert_eq!(counters["parked"], 0, "{counters}");
    let of = |name: &str| counters[name].as_u64().unwrap();
    of("received") - of("given_back")
}

#[tokio::test(flavor = "multi_thread")]
async fn two_workers_never_put_an_older_change_over_a_newer_and_settle_each_message_once() {
    let broker = TestBroker::new().await;
    let stack = Stack::start(&broker).await;
    let mut second = stack.another_worker();
    second.start().await;
    is_ready(&second).await;
    for id in place_and_edit_some(&stack).await {
        came_in_order(&stack, &id).await;
    }
    let all = ORDERS * (EDITS + 1);
    let each = eventually("all messages are settled", async || {
        let each = [settled_by(&stack.worker).await, settled_by(&second).await];
        (each.iter().sum::<u64>() >= all).then_some(each)
    })
    .await;
    assert_eq!(each.iter().sum::<u64>(), all, "{each:?}");
    assert!(each.iter().all(|settled| *settled > 0), "one worker did all: {each:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn when_one_of_two_workers_is_killed_the_other_goes_on() {
    let broker = TestBroker::new().await;
    let mut stack = Stack::start(&broker).await;
    let mut second = stack.another_worker();
    second.start().await;
    is_ready(&second).await;
    let mut first = std::mem::replace(&mut stack.worker, second);
    let kill = async {
        // In the middle of it.
        let half = async || (settled_by(&first).await > EDITS).then_some(());
        eventually("it has settled some", half).await;
        first.kill().await;
    };
    let (ids, ()) = tokio::join!(place_and_edit_some(&stack), kill);
    for id in ids {
        came_in_order(&stack, &id).await;
    }
}

async fn is_ready(worker: &Program) {
    let client = client(worker.url());
    let ready = async || (client.get("/health/ready").await.status == 200).then_some(());
    eventually("the worker is ready", ready).await;
}
