//! A peer that does not take changes.

use std::net::{SocketAddr, TcpListener};

use serde_json::json;
use test_kit::{BrokerUser, eventually};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use wiremock::ResponseTemplate;

use crate::events::{edited, id};
use crate::sides::{FakeSide, applied};
use crate::world::{TestWorker, World};

#[tokio::test(flavor = "multi_thread")]
async fn what_a_peer_that_is_not_ready_does_not_take_waits_in_the_queue() {
    let (world, worker) = World::with_worker().await;
    world.warehouse.set_ready(503);
    world.warehouse.answer_changes(|_| ResponseTemplate::new(503));
    world.publish_all(&[edited(id(), 1), edited(id(), 1)]).await;
    let reason = worker.wait_for_state("waiting for the peer").await;
    assert!(reason.contains("503"), "{reason}");
    let all_back = async || (world.waiting().await == Some(2)).then_some(());
    eventually("nothing is held and nothing is acknowledged", all_back).await;
    assert_eq!(worker.request("GET", "/health/ready").await.status(), 503);
    let before = world.warehouse.requests().await.len();

    world.warehouse.answer_changes(applied);
    world.warehouse.set_ready(200);
    let counters = worker.wait_for_counter("carried", 2).await;
    assert!(counters["given_back"].as_u64() >= Some(1), "{counters}");
    assert!(world.warehouse.requests().await.len() > before);
    worker.wait_until_ready().await;
    worker.stop().await;
    assert_eq!(world.left().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_does_not_concern_a_change_parks_none() {
    let (world, worker) = World::with_worker().await;
    for (index, status) in (0..).zip([401, 403, 404, 429, 302]) {
        world.warehouse.answer_changes(move |_| ResponseTemplate::new(status));
        world.publish_all(&[edited(id(), 1)]).await;
        let before = worker.direction("store-to-warehouse").await;
        let given_back = before["counters"]["given_back"].as_u64().unwrap();
        let counters = worker.wait_for_counter("given_back", given_back + 1).await;
        assert_eq!((&counters["carried"], &counters["parked"]), (&index.into(), &0.into()));
        world.warehouse.answer_changes(applied);
        worker.wait_for_counter("carried", index + 1).await;
    }
    worker.stop().await;
    assert_eq!(world.left().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_over_which_a_ready_peer_breaks_off_is_parked_alone() {
    let world = World::new().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.2:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (broker, store) = (world.broker.url(BrokerUser::Worker), world.store.url());
    let worker = TestWorker::start(&broker, &store, &url, "").await;
    let breaking_off = tokio::spawn(break_off(listener));
    worker.wait_until_ready().await;
    world.publish_all(&[edited(id(), 1)]).await;
    let counters = worker.wait_for_counter("parked", 1).await;
    assert_eq!((&counters["requests"], &counters["given_back"]), (&json!(3), &json!(0)));
    breaking_off.abort();
    worker.stop().await;
    assert_eq!(world.left().await, 0);
}

/// Serves a peer that is ready, accepts offers, and closes the connection on a request with
/// changes.
async fn break_off(listener: tokio::net::TcpListener) {
    loop {
        let (mut connection, _) = listener.accept().await.unwrap();
        let mut request = [0; 4096];
        let length = connection.read(&mut request).await.unwrap();
        let status = match &request[..length] {
            request if request.starts_with(b"GET /health/ready ") => "200 OK",
            request if request.starts_with(b"POST /v1/sync/offer ") => "202 Accepted",
            _ => continue,
        };
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        connection.write_all(answer.as_bytes()).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_parks_a_change_at_once() {
    for status in [400, 413, 422] {
        let (world, worker) = World::with_worker().await;
        world.warehouse.answer_changes(move |_| ResponseTemplate::new(status));
        world.publish_all(&[edited(id(), 1)]).await;
        let counters = worker.wait_for_counter("parked", 1).await;
        assert_eq!(counters["requests"], 1, "after a {status}");
        worker.stop().await;
        assert_eq!(world.left().await, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_is_not_there_yet_is_told_when_it_comes() {
    let world = World::new().await;
    let address = nobodys_address();
    let (broker, store) = (world.broker.url(BrokerUser::Worker), world.store.url());
    let worker = TestWorker::start(&broker, &store, &format!("http://{address}"), "").await;
    let reason = worker.wait_for_state("waiting for the peer").await;
    assert!(reason.starts_with("no connection"), "{reason}");
    assert!(!reason.contains(&address.to_string()), "the URL is in: {reason}");
    world.publish_all(&[edited(id(), 1)]).await;
    assert_eq!(world.waiting().await, Some(1), "no message is taken before the peer is ready");

    let warehouse = FakeSide::start_on(TcpListener::bind(address).unwrap()).await;
    warehouse.wait_for_requests(1).await;
    worker.wait_for_counter("carried", 1).await;
    worker.stop().await;
    assert_eq!(world.left().await, 0);
}

/// An address on which nothing listens, and that nobody else who asks for a free port gets.
pub(crate) fn nobodys_address() -> SocketAddr {
    TcpListener::bind("127.0.0.2:0").unwrap().local_addr().unwrap()
}
