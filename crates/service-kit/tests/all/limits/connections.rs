//! More connections than the limit.

use std::num::NonZeroUsize;
use std::time::Duration;

use service_kit::application::ServiceSettings;
use test_kit::{TestService, notes};
use tokio::io::AsyncReadExt as _;
use tokio::time::{Instant, timeout};

use super::{HELD, LIVE, Wire};
use crate::side::fresh_database;

/// A time limit that does not expire during a test.
const LONG: Duration = Duration::from_secs(3);

async fn with_two_connections() -> TestService {
    let two = |settings: &mut ServiceSettings| {
        settings.limits.connections = NonZeroUsize::new(2).unwrap();
        settings.limits.header_timeout = LONG;
        settings.limits.keep_alive = LONG;
    };
    // Nobody asks yet whether it is ready: that would be a connection, too.
    TestService::start_over("notes", notes(), fresh_database().await, two).await
}

/// Opens one of the two connections, and uses it.
async fn taken(service: &TestService) -> Wire {
    let mut wire = Wire::to(service).await;
    wire.send(LIVE).await;
    assert!(wire.answer().await.starts_with("HTTP/1.1 200"));
    wire
}

#[tokio::test]
async fn more_connections_than_may_be_wait_and_harm_none_of_the_others() {
    let service = with_two_connections().await;
    let (mut one, mut other) = (taken(&service).await, taken(&service).await);
    let mut third = Wire::to(&service).await;
    third.send(LIVE).await;
    for wire in [&mut one, &mut other] {
        wire.send(LIVE).await;
        assert!(wire.answer().await.starts_with("HTTP/1.1 200"));
    }
    // Only time tells: a connection that has to wait is not told so.
    let early = timeout(Duration::from_millis(300), third.stream.read_u8()).await;
    assert!(early.is_err(), "there was room for a third: {early:?}");
    drop(one);
    assert!(third.answer().await.starts_with("HTTP/1.1 200"));
    other.send(LIVE).await;
    assert!(other.answer().await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn callers_that_never_finish_keep_nobody_out_for_long() {
    let service = with_two_connections().await;
    let mut slow = [taken(&service).await, taken(&service).await];
    for wire in &mut slow {
        wire.send("GET /health/live HTTP/1.1\r\nhost: local").await;
    }
    let since = Instant::now();
    let mut good = Wire::to(&service).await;
    good.send(LIVE).await;
    assert!(good.answer().await.starts_with("HTTP/1.1 200"));
    let waited = since.elapsed();
    assert!((LONG..HELD + LONG).contains(&waited), "{waited:?}");
}
