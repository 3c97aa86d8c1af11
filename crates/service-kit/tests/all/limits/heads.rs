//! Request heads that do not arrive, arrive slowly, or do not end.

use std::time::Duration;

use test_kit::TestService;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;

use super::{HELD, LEAST, LIVE, Wire, hurried};

async fn assert_serves(service: &TestService) {
    service.client.get("/health/live").await.with(200);
}

#[tokio::test]
async fn a_head_that_does_not_come_whole_is_told_408_and_closed() {
    let service = hurried().await;
    for begun in ["", "G", "GET /health/live HTTP/1.1\r\nhost: local"] {
        let mut wire = Wire::to(&service).await;
        wire.send(begun).await;
        let answer = wire.assert_let_go(LEAST).await;
        assert!(answer.starts_with("HTTP/1.1 408 "), "{begun}: {answer}");
    }
}

#[tokio::test]
async fn a_later_head_on_a_connection_has_no_more_time_than_the_first() {
    let service = hurried().await;
    for begun in ["G", "GET /health/live HTTP/1.1\r\nhost: local"] {
        let mut wire = Wire::to(&service).await;
        wire.send(LIVE).await;
        assert!(wire.answer().await.starts_with("HTTP/1.1 200"));
        wire.send(begun).await;
        assert_eq!(wire.assert_let_go(LEAST).await, "", "{begun}");
    }
}

#[tokio::test]
async fn a_head_that_comes_byte_by_byte_has_no_more_time() {
    let service = hurried().await;
    for answered in [false, true] {
        let mut wire = Wire::to(&service).await;
        if answered {
            wire.send(LIVE).await;
            wire.answer().await;
        }
        wire.send("GET / HTTP/1.1\r\nname: ").await;
        let mut came = [0; 1];
        let pause = Duration::from_millis(50);
        // What comes is the end, or the answer before it.
        while wire.stream.write_all(b"x").await.is_ok()
            && timeout(pause, wire.stream.read(&mut came)).await.is_err()
        {
            assert!(wire.since.elapsed() < HELD);
        }
        wire.assert_let_go(LEAST).await;
    }
}

#[tokio::test]
async fn a_quiet_connection_is_closed_after_a_while() {
    let service = hurried().await;
    let mut wire = Wire::to(&service).await;
    wire.send(LIVE).await;
    wire.answer().await;
    assert_eq!(wire.assert_let_go(LEAST).await, "");
}

#[tokio::test]
async fn a_head_that_is_too_long_is_refused_and_others_are_served() {
    let service = hurried().await;
    let get = "GET /health/live HTTP/1.1\r\nhost: localhost\r\n";
    let headers = (0..10_000).map(|number| format!("name-{number}: value\r\n"));
    let megabyte = "x".repeat(1024 * 1024);
    let heads = [
        format!("{get}{}\r\n", headers.collect::<String>()),
        format!("{get}name: {megabyte}\r\n\r\n"),
        format!("{get}{megabyte}: value\r\n\r\n"),
        format!("GET /{megabyte} HTTP/1.1\r\nhost: localhost\r\n\r\n"),
        format!("{megabyte} / HTTP/1.1\r\nhost: localhost\r\n\r\n"),
    ];
    for head in heads {
        let mut wire = Wire::to(&service).await;
        let _ = wire.stream.write_all(head.as_bytes()).await;
        let (answer, _) = wire.end().await;
        // Where bytes are still on their way, the connection may be reset before that is read.
        let refused = answer.is_empty()
            || ["400", "414", "431"].iter().any(|s| answer.starts_with(&format!("HTTP/1.1 {s} ")));
        assert!(refused, "{head:.40}: {answer}");
        assert_serves(&service).await;
    }
}

#[tokio::test]
async fn a_head_without_an_end_is_not_kept() {
    let service = hurried().await;
    let pieces = [format!("name: {}\r\n", "x".repeat(1000)), "x".repeat(1000)];
    for piece in pieces {
        let mut wire = Wire::to(&service).await;
        wire.send("GET / HTTP/1.1\r\nhost: localhost\r\nname: ").await;
        let poured = wire.pour(&piece).await;
        // What the two sockets hold is not the service's.
        assert!(poured < 16 * 1024 * 1024, "{poured} bytes were taken");
    }
    assert_serves(&service).await;
}
