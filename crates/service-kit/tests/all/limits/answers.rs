//! Answers that the client does not read.

use std::io::ErrorKind;

use actix_web::web;
use program_kit::access::Rule;
use program_kit::http::endpoints::{PathEndpoints, Routes, endpoints_of, read_endpoints};
use program_kit::http::operation::page;
use test_kit::{TestService, eventually, notes_and};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::{interval, timeout};

use super::{LIMIT, Wire, hurried, is_whole, nothing, short};

#[tokio::test]
async fn an_answer_that_nobody_takes_does_not_hold_a_connection() {
    let service = hurried().await;
    let mut wire = Wire::to(&service).await;
    // More than the sockets hold.
    let requests = nothing(60_000).repeat(400);
    // All of them are under way, or the service reads no more.
    let _ = timeout(2 * LIMIT, wire.stream.write_all(requests.as_bytes())).await;
    let cut_off =
        eventually("the connection is cut off", async || wire.stream.take_error().unwrap());
    let error = cut_off.await.kind();
    assert!([ErrorKind::ConnectionReset, ErrorKind::BrokenPipe].contains(&error), "{error}");
    service.client.get("/health/live").await.with(200);
}

fn large() -> PathEndpoints {
    let large = || web::to(async || "x".repeat(1024 * 1024));
    endpoints_of("/large", "it is large", read_endpoints(Rule::Public, large, page))
}

#[tokio::test]
async fn an_answer_may_take_longer_the_more_there_is_of_it() {
    let records = notes_and(|| Routes::default().with(large()));
    let service = TestService::start_with("notes", records, short).await;
    let mut wire = Wire::narrow(&service).await;
    wire.send("GET /large HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
    let mut turns = interval(LIMIT / 20);
    let (mut came, mut piece) = (Vec::new(), vec![0; 16 * 1024]);
    while !is_whole(&came) {
        turns.tick().await;
        let length = wire.stream.read(&mut piece).await.unwrap();
        assert!(length > 0, "it was cut off after {} bytes", came.len());
        came.extend_from_slice(&piece[..length]);
    }
    let took = wire.since.elapsed();
    assert!(took > 2 * LIMIT, "{took:?} for {} bytes is not slow", came.len());
}
