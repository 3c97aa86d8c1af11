//! RabbitMQ's memory alarm: it blocks publishers, which delays changes and has no other effect.

use std::time::Duration;

use e2e_tests::Stack;
use launcher::rabbitmq::{Options, RabbitMq};
use process_kit::connections::connections_of;
use process_kit::lamps_and_bulbs;
use process_kit::rabbitmqctl;
use process_kit::secured::client;
use serde_json::Value;
use test_kit::eventually;
use tokio::time::{Instant, interval};

/// The time that the alarm lasts: enough for three confirms that do not come (5 s each).
const LASTS: Duration = Duration::from_secs(20);
/// The time between two orders while it lasts.
const BETWEEN_ORDERS: Duration = Duration::from_secs(1);
/// The time within which publishing has to continue.
const SOON: Duration = Duration::from_secs(2);

/// The state of the store's relay, as a part of the system reports it.
async fn state(url: &str, path: &str, field: &str) -> Value {
    client(url).get(path).await.body.pointer(field).cloned().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_memory_alarm_costs_no_thread_and_no_socket_and_orders_are_taken_all_the_while() {
    let folder = tempfile::tempdir().unwrap();
    let rabbitmq = RabbitMq::start(folder.path(), Options::default()).await.unwrap();
    let stack = Stack::start(&rabbitmq).await;
    let before = stack.store.place(&lamps_and_bulbs()).await;
    stack.agree_on(&before).await;

    rabbitmqctl::raise_alarm(&rabbitmq).await.unwrap();
    let mut placed = vec![stack.store.place(&lamps_and_bulbs()).await];
    let (store, worker) = (stack.store_svc.url(), stack.worker.url());
    for (url, path, field) in [
        (store, "/health/ready", "/parts/broker/state"),
        (store, "/v1/relay", "/state"),
        (worker, "/v1/directions", "/directions/0/source/state"),
    ] {
        let blocked = async || (state(url, path, field).await == "blocked").then_some(());
        eventually(&format!("{path} says that RabbitMQ blocks the store"), blocked).await;
    }
    let queues_answer = async || {
        let listing = client(worker).get("/v1/directions").await.with(200);
        let directions = listing["directions"].as_array()?.iter();
        let mut queues = directions.flat_map(|it| [&it["queues"]["sync"], &it["queues"]["parked"]]);
        queues.all(|queue| queue["state"] == "answering").then_some(())
    };
    eventually("the worker has asked each queue on a connection of its own", queues_answer).await;
    let programs = [&stack.store_svc, &stack.warehouse_svc, &stack.worker];
    let connections = || {
        let port = rabbitmq.ports().amqp;
        programs.map(|program| connections_of(program.process().unwrap(), port).unwrap())
    };
    // A relay that was early, and found no exchange, has connected again; the socket of the connection
    // before stays open for a second.
    let settled = async || {
        let all = connections();
        (all[..2] == [[1, 1]; 2]).then_some(all)
    };
    let at_first = eventually("each relay has one connection", settled).await;
    // An order a second until the time is over: nothing tells that a confirm would be late now.
    let mut pace = interval(BETWEEN_ORDERS);
    let until = Instant::now() + LASTS;
    while pace.tick().await < until {
        placed.push(stack.store.place(&lamps_and_bulbs()).await);
    }
    assert_eq!(connections(), at_first, "threads and sockets of the connections to RabbitMQ");

    rabbitmqctl::release_alarm(&rabbitmq).await.unwrap();
    let released = Instant::now();
    stack.published().await;
    assert!(released.elapsed() < SOON, "it was published after {:?}", released.elapsed());
    for id in &placed {
        stack.agree_on(id).await;
    }
}
