//! A RabbitMQ that is short of memory and blocks publishers: the relay reports it, and waits on its
//! connection.

use std::time::{Duration, Instant};

use serde_json::json;
use service_kit::application::ServiceSettings;
use test_kit::queue::told_state;
use test_kit::{FakeBroker, FakeConnection, TestService, eventually, notes, write_notes};

/// The time within which publishing has to continue.
const SOON: Duration = Duration::from_secs(2);

async fn publishing_to(broker: &FakeBroker) -> (TestService, FakeConnection) {
    let url = broker.url();
    let adjust = |settings: &mut ServiceSettings| {
        settings.broker.url = url;
        settings.relay.confirm_timeout = Duration::from_millis(300);
        settings.relay.batch_size = 2;
    };
    let starting = TestService::start_with("notes", notes(), adjust);
    tokio::join!(starting, broker.accept())
}

/// Blocks the relay with the first message that it publishes.
async fn block(side: &TestService, broker: &mut FakeConnection) {
    write_notes(&side.database, 1).await;
    broker.published().await;
    broker.block("low on memory").await;
    assert_eq!(told_state(side, "blocked").await, "low on memory");
}

#[tokio::test]
async fn a_blocked_relay_waits_on_its_connection_and_goes_on_when_it_may() {
    let fake = FakeBroker::start().await;
    let (side, mut broker) = publishing_to(&fake).await;
    block(&side, &mut broker).await;
    write_notes(&side.database, 3).await;
    // Several times as long as a confirm may take: nothing tells that none is late.
    let again = tokio::time::timeout(Duration::from_secs(2), fake.accept());
    assert!(again.await.is_err(), "it has connected again");
    assert_eq!(told_state(&side, "blocked").await, "low on memory");
    let metrics = side.client.get("/metrics").await.with(200).text;
    assert!(metrics.contains("lockstep_relay_state{state=\"blocked\"} 1"), "{metrics}");
    let relay = side.client.get("/v1/relay").await.with(200);
    let shown = (&relay["state"], &relay["detail"], &relay["waiting"]);
    assert_eq!(shown, (&json!("blocked"), &json!("low on memory"), &json!(4)));
    let released = Instant::now();
    broker.unblock().await;
    broker.ack(1, false).await;
    for tag in 2..=4 {
        broker.published().await;
        broker.ack(tag, false).await;
    }
    let emptied = async || (side.rows().await.outbox == 0).then_some(());
    eventually("all is published", emptied).await;
    assert!(released.elapsed() < SOON, "it took {:?}", released.elapsed());
    told_state(&side, "publishing").await;
}

#[tokio::test]
async fn a_blocked_relay_can_be_paused_and_resumed() {
    let fake = FakeBroker::start().await;
    let (side, mut broker) = publishing_to(&fake).await;
    block(&side, &mut broker).await;
    side.client.post("/v1/relay/pause", &json!(null)).await.with(200);
    told_state(&side, "paused").await;
    broker.unblock().await;
    broker.ack(1, false).await;
    let landed = async || (side.rows().await.outbox == 0).then_some(());
    eventually("what was on its way is deleted", landed).await;
    write_notes(&side.database, 1).await;
    side.client.post("/v1/relay/resume", &json!(null)).await.with(200);
    broker.published().await;
    broker.ack(2, false).await;
    eventually("the rest is published", landed).await;
}

#[tokio::test]
async fn a_blocked_relay_stops_at_once_and_hangs_up() {
    let fake = FakeBroker::start().await;
    let (side, mut broker) = publishing_to(&fake).await;
    block(&side, &mut broker).await;
    let asked = Instant::now();
    let database = side.stop().await;
    assert!(asked.elapsed() < Duration::from_secs(1), "it took {:?}", asked.elapsed());
    broker.is_closed().await;
    assert_eq!(database.count("outbox").await, 1);
}

#[tokio::test]
async fn a_connection_that_dies_while_it_is_blocked_is_replaced() {
    let fake = FakeBroker::start().await;
    let (side, mut broker) = publishing_to(&fake).await;
    block(&side, &mut broker).await;
    drop(broker);
    let mut broker = fake.accept().await;
    broker.published().await;
    broker.ack(1, false).await;
    told_state(&side, "publishing").await;
    assert_eq!(side.rows().await.outbox, 0);
}
