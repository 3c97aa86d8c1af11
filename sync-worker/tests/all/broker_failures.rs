//! A RabbitMQ that goes away and comes back.

use std::time::{Duration, Instant};

use test_kit::{BrokerUser, eventually, eventually_within};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};

use crate::events::{edited, id};
use crate::freezing_proxy::Freezable;
use crate::peer_failures::nobodys_address;
use crate::sides::applied;
use crate::world::{TestWorker, World};

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_was_killed_is_made_anew() {
    let (world, worker) = World::with_worker().await;
    let mut connections = vec![];
    for direction in ["store-to-warehouse", "warehouse-to-store"] {
        let name = format!("sync-worker {direction}");
        let seen = async || world.broker.connections(&name).await.pop();
        connections.push(eventually("the connection is seen", seen).await);
    }
    world.warehouse.delay_changes(Duration::from_secs(60));
    world.publish_all(&[edited(id(), 1)]).await;
    world.warehouse.wait_for_requests(1).await;
    world.warehouse.answer_changes(applied);
    for connection in connections {
        world.broker.kill_connection(&connection).await;
    }
    // The peer has taken it, but nobody could say so to RabbitMQ.
    world.warehouse.wait_for_requests(2).await;
    worker.wait_for_counter("carried", 1).await;
    worker.wait_until_ready().await;
    assert_eq!(world.store.offers().await.len(), 1, "nothing was lost, so nothing is asked for");
    worker.stop().await;
    assert_eq!(world.left().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_comes_late_and_again_is_found_within_seconds() {
    let world = World::new().await;
    let broker = world.broker.url(BrokerUser::Worker);
    let (credentials, place) = broker.rsplit_once('@').unwrap();
    let (real, vhost) = place.split_once('/').unwrap();
    let address = nobodys_address();
    let (store, warehouse) = (world.store.url(), world.warehouse.url());
    let url = format!("{credentials}@{address}/{vhost}");
    let worker = TestWorker::start(&url, &store, &warehouse, "").await;
    let told = async || (!worker.wait_for_state("connecting").await.is_empty()).then_some(());
    eventually("the reason is shown", told).await;
    assert_eq!(worker.request("GET", "/health/live").await.status(), 200);
    assert_eq!(worker.request("GET", "/health/ready").await.status(), 503);

    for _ in 0..2 {
        let started = Instant::now();
        let forwarding = tokio::spawn(forward(address.to_string(), real.to_owned()));
        worker.wait_until_ready().await;
        assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
        forwarding.abort();
        worker.wait_for_state("connecting").await;
    }
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_takes_connections_but_does_not_answer_costs_nothing() {
    let silent = TcpListener::bind("127.0.0.2:0").await.unwrap();
    let url = format!("amqp://me:secret@{}/%2f", silent.local_addr().unwrap());
    let nobody = format!("http://{}", nobodys_address());
    let patience = "broker.connect_timeout = '100ms'";
    let worker = TestWorker::start(&url, &nobody, &nobody, patience).await;
    for _ in 0..6 {
        let (mut connection, _) = silent.accept().await.unwrap();
        let mut nowhere = tokio::io::sink();
        let until_hung_up = tokio::io::copy(&mut connection, &mut nowhere);
        let hung_up = tokio::time::timeout(Duration::from_secs(5), until_hung_up).await;
        assert!(hung_up.is_ok(), "the worker has given up, but holds the connection");
    }
    let reason = worker.wait_for_state("connecting").await;
    assert!(reason.contains("did not answer"), "{reason}");
    worker.stop().await;
}

/// A port that leads to the real broker, for as long as this runs.
async fn forward(from: String, to: String) {
    let listener = TcpListener::bind(from).await.unwrap();
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let (mut near, _) = listener.accept().await.unwrap();
        let to = to.clone();
        connections.spawn(async move {
            let mut far = TcpStream::connect(to).await.unwrap();
            copy_bidirectional(&mut near, &mut far).await.ok();
        });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_cut_off_holds_the_lock_for_half_a_minute_at_the_most() {
    let world = World::new().await;
    world.store.set_offer_status(503);
    let proxy = Freezable::before(&world.broker.url(BrokerUser::Worker)).await;
    let cut_off = world.start_worker_at(&proxy.url, "").await;
    cut_off.wait_for_state("asking for an offer").await;
    proxy.freeze(true);
    world.store.set_offer_status(202);
    let other = world.start_worker("").await;
    // RabbitMQ gives a connection up that was silent for two to three heartbeats.
    let ready =
        async || (other.request("GET", "/health/ready").await.status() == 200).then_some(());
    eventually_within(Duration::from_secs(35), "the other one is ready", ready).await;
    proxy.freeze(false);
    cut_off.wait_until_ready().await;
    cut_off.stop().await;
    other.stop().await;
}
