//! RabbitMQ is short of memory: it blocks who publishes, which costs nobody anything but time.

use std::time::{Duration, Instant};

use e2e_tests::rabbitmqctl;
use e2e_tests::secured::client;
use e2e_tests::{Program, Stack, lamps_and_bulbs};
use launcher::rabbitmq::{Options, RabbitMq};
use procfs::process::{FDTarget, Process};
use serde_json::Value;
use service_kit::testing::eventually;

/// How long the alarm lasts: long enough for three confirms that do not come (5 s each).
const LASTS: Duration = Duration::from_secs(20);
/// How soon publishing is to go on.
const SOON: Duration = Duration::from_secs(2);

/// What a blocked connection might cost a program.
#[derive(Debug, PartialEq, Eq, PartialOrd)]
struct Costs {
    threads: i64,
    sockets: usize,
}

/// The threads of a program, and its sockets to RabbitMQ.
fn costs(program: &Program, rabbitmq: &RabbitMq) -> Costs {
    let pid = program.process().unwrap().identity().pid;
    let process = Process::new(pid.try_into().unwrap()).unwrap();
    let open = process.fd().unwrap().filter_map(|fd| {
        if let FDTarget::Socket(inode) = fd.ok()?.target { Some(inode) } else { None }
    });
    let open = open.collect::<Vec<_>>();
    let to_rabbitmq = process.tcp().unwrap().into_iter().filter(|socket| {
        socket.remote_address.port() == rabbitmq.ports().amqp && open.contains(&socket.inode)
    });
    Costs { threads: process.stat().unwrap().num_threads, sockets: to_rabbitmq.count() }
}

/// The state of the store's relay, as a part of the system tells it.
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
    // The worker connects to ask its queues now and then; the services have the relay's alone.
    let programs = [&stack.store_svc, &stack.warehouse_svc];
    let costs = || programs.map(|program| costs(program, &rabbitmq));
    let (at_first, began) = (costs(), Instant::now());
    while began.elapsed() < LASTS {
        placed.push(stack.store.place(&lamps_and_bulbs()).await);
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let at_last = costs();
    for (at_first, at_last) in at_first.iter().zip(&at_last) {
        assert!(at_last <= at_first, "{at_first:?} have become {at_last:?}");
    }

    rabbitmqctl::release_alarm(&rabbitmq).await.unwrap();
    let released = Instant::now();
    stack.published().await;
    assert!(released.elapsed() < SOON, "it was published after {:?}", released.elapsed());
    for id in &placed {
        stack.agree_on(id).await;
    }
}
