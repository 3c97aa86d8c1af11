//! Bodies that do not arrive, and bodies that the service does not read.

use super::{LEAST, LIMIT, Wire, hurried};

const HALF: &str = "content-length: 100\r\n\r\n{\"ids\": [";
const HALF_IN_CHUNKS: &str = "transfer-encoding: chunked\r\n\r\n4\r\n{\"id\r\n";

fn head(request: &str, body: &str) -> String {
    format!("{request} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n{body}")
}

#[tokio::test]
async fn a_body_that_does_not_come_whole_is_told_408_and_closed() {
    let service = hurried().await;
    for body in [HALF, HALF_IN_CHUNKS, "content-length: 100\r\n\r\n"] {
        let mut wire = Wire::to(&service).await;
        wire.send(&head("POST /v1/sync/offer", body)).await;
        let answer = wire.assert_let_go(LEAST).await;
        assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
        assert!(answer.contains("urn:lockstep:problem:too-slow"), "{answer}");
        assert!(answer.to_lowercase().contains("connection: close"), "{answer}");
    }
}

#[tokio::test]
async fn a_body_that_comes_piece_by_piece_has_no_more_time() {
    let service = hurried().await;
    let mut wire = Wire::to(&service).await;
    wire.send(&head("POST /v1/sync/offer", HALF_IN_CHUNKS)).await;
    let since = wire.since;
    let (mut answer, mut writer) = wire.stream.split();
    let pouring = async {
        use tokio::io::AsyncWriteExt as _;
        let mut turns = tokio::time::interval(LIMIT / 10);
        while writer.write_all(b"1\r\n \r\n").await.is_ok() {
            turns.tick().await;
        }
    };
    let reading = async {
        use tokio::io::AsyncReadExt as _;
        let mut came = Vec::new();
        let _ = answer.read_to_end(&mut came).await;
        String::from_utf8_lossy(&came).into_owned()
    };
    let both = async { tokio::join!(pouring, reading) };
    let ((), came) = tokio::time::timeout(super::PATIENCE, both).await.expect("it is closed");
    assert!((LEAST..super::HELD).contains(&since.elapsed()), "{:?}", since.elapsed());
    assert!(came.starts_with("HTTP/1.1 408 "), "{came}");
}

#[tokio::test]
async fn a_body_that_nobody_reads_holds_no_connection() {
    let service = hurried().await;
    let requests = [
        ("POST /v1/relay/pause", 200),
        ("POST /v1/relay/resume", 200),
        ("GET /health/live", 200),
        ("GET /v1/notes", 200),
        ("POST /v1/nothing", 404),
        ("DELETE /v1/relay/pause", 405),
        ("POST /v1/sync/offer?x", 415),
    ];
    for (request, status) in requests {
        for body in [HALF, HALF_IN_CHUNKS] {
            let body =
                if status == 415 { &format!("content-encoding: br\r\n{body}") } else { body };
            let mut wire = Wire::to(&service).await;
            wire.send(&head(request, body)).await;
            let answer = wire.assert_let_go(std::time::Duration::ZERO).await;
            assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{request}: {answer}");
        }
    }
}

#[tokio::test]
async fn a_body_without_an_end_that_nobody_reads_is_cut_off() {
    let service = hurried().await;
    let endless = ["transfer-encoding: chunked\r\n\r\n", "content-length: 99999999999999\r\n\r\n"];
    for body in endless {
        let mut wire = Wire::to(&service).await;
        wire.send(&head("POST /v1/relay/resume", body)).await;
        wire.pour(&format!("400\r\n{}\r\n", " ".repeat(1024))).await;
        assert!(wire.since.elapsed() < super::HELD, "{:?}", wire.since.elapsed());
    }
    service.client.get("/health/live").await.with(200);
}
