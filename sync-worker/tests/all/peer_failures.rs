//! A peer that does not take what it is told.

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use service_kit::testing::eventually;
use wiremock::ResponseTemplate;

use crate::events::{edited, id};
use crate::sites::{FakeSite, applied};
use crate::world::{TestWorker, World};

#[tokio::test(flavor = "multi_thread")]
async fn what_a_peer_that_is_not_ready_does_not_take_waits_in_the_queue() {
    let (world, worker) = World::with_worker().await;
    world.warehouse.is_ready(503);
    world.warehouse.takes(|_| ResponseTemplate::new(503));
    world.publish_all(&[edited(id(), 1), edited(id(), 1)]).await;
    let reason = worker.is("waiting for the peer").await;
    assert!(reason.contains("503"), "{reason}");
    let all_back = async || (world.waiting().await == Some(2)).then_some(());
    eventually("nothing is held and nothing is acknowledged", all_back).await;
    assert_eq!(worker.request("GET", "/health/ready").await.status(), 503);
    let before = world.warehouse.requests().await.len();

    world.warehouse.takes(applied);
    world.warehouse.is_ready(200);
    let counters = worker.counts("carried", 2).await;
    assert!(counters["given_back"].as_u64() >= Some(1), "{counters}");
    assert!(world.warehouse.requests().await.len() > before);
    worker.is_ready().await;
    worker.stop().await;
    assert_eq!(world.left().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_does_not_concern_a_change_parks_none() {
    let (world, worker) = World::with_worker().await;
    for (index, status) in (0..).zip([401, 403, 404, 429, 500, 502, 302]) {
        world.warehouse.takes(move |_| ResponseTemplate::new(status));
        world.publish_all(&[edited(id(), 1)]).await;
        let before = worker.direction("store-to-warehouse").await;
        let given_back = before["counters"]["given_back"].as_u64().unwrap();
        let counters = worker.counts("given_back", given_back + 1).await;
        assert_eq!((&counters["carried"], &counters["parked"]), (&index.into(), &0.into()));
        world.warehouse.takes(applied);
        worker.counts("carried", index + 1).await;
    }
    worker.stop().await;
    assert_eq!(world.left().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_does_not_come_in_time_acknowledges_nothing() {
    let world = World::new().await;
    let worker = world.start_worker("carry.request_timeout = '200ms'").await;
    worker.is_ready().await;
    world.warehouse.takes_its_time(Duration::from_secs(60));
    world.publish_all(&[edited(id(), 1)]).await;
    let counters = worker.counts("given_back", 1).await;
    assert_eq!(counters["carried"], 0);
    world.warehouse.takes(applied);
    worker.counts("carried", 1).await;
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_is_not_there_yet_is_told_when_it_comes() {
    let world = World::new().await;
    let address = nobodys_address();
    let (broker, store) = (world.broker.url(), world.store.url());
    let worker = TestWorker::start(broker, &store, &format!("http://{address}"), "").await;
    let reason = worker.is("waiting for the peer").await;
    assert!(reason.starts_with("no connection"), "{reason}");
    assert!(!reason.contains(&address.to_string()), "the URL is in: {reason}");
    world.publish_all(&[edited(id(), 1)]).await;
    assert_eq!(world.waiting().await, Some(1), "no message is taken before the peer is ready");

    let warehouse = FakeSite::start_on(TcpListener::bind(address).unwrap()).await;
    warehouse.got(1).await;
    worker.counts("carried", 1).await;
    worker.stop().await;
    assert_eq!(world.left().await, 0);
}

/// Where nobody answers, and where nobody else who asks for a free port ends up.
pub(crate) fn nobodys_address() -> SocketAddr {
    TcpListener::bind("127.0.0.2:0").unwrap().local_addr().unwrap()
}
