//! Two processes of one service over one database.

use std::time::{Duration, Instant};

use e2e_tests::Stack;
use process_kit::secured::client;
use process_kit::{Program, Side, lamps_and_bulbs};
use test_kit::{TestBroker, eventually};

/// Waits until a process's relay is in this state.
async fn relay_is(program: &Program, state: &str) {
    let client = client(program.url());
    let there = async || {
        // One that has just begun may not have reached its database yet.
        let relay = client.get("/v1/relay").await;
        (relay.status == 200 && relay["state"] == state).then_some(())
    };
    eventually(&format!("the relay is {state}"), there).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_one_that_publishes_is_killed_the_other_takes_over_within_five_seconds() {
    let broker = TestBroker::new().await;
    let mut stack = Stack::start(&broker).await;
    let mut second = stack.another_store();
    second.start().await;
    relay_is(&stack.store_svc, "publishing").await;
    relay_is(&second, "standby").await;
    let before = stack.store.place(&lamps_and_bulbs()).await;
    stack.store_svc.kill().await;
    let killed = Instant::now();
    let after = Side::new(second.url()).place(&lamps_and_bulbs()).await;
    relay_is(&second, "publishing").await;
    let took = killed.elapsed();
    assert!(took < Duration::from_secs(5), "it took {took:?}");
    for id in [before, after] {
        stack.order_at(&stack.warehouse, &id, "it is there", |_| true).await;
    }
    // The one that comes back does not push in.
    stack.store_svc.start().await;
    relay_is(&stack.store_svc, "standby").await;
    relay_is(&second, "publishing").await;
}
