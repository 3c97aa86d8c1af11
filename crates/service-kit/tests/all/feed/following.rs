//! Long polls: a page that waits for a change.

use std::time::{Duration, Instant};

use serde_json::json;
use test_kit::{NOTES, eventually};

use super::{after, changes, next, now, side};

const FEED: &str = "/v1/notes/changes";

#[tokio::test]
async fn it_waits_for_a_change_and_no_longer() {
    let side = side().await;
    let cursor = now(&side, FEED).await;
    let path = after(&format!("{FEED}?wait=60"), &cursor);
    let waiting = async {
        let page = side.client.get(&path).await.with(200);
        assert_eq!(changes(&page.body), [("a".to_owned(), 1)]);
        page
    };
    let writing = async {
        waits(&side, 1).await;
        NOTES.write(&side.database, &["a"]).await;
    };
    let (page, ()) = tokio::join!(waiting, writing);
    let rest = side.client.get(&after(FEED, &next(&page))).await.with(200);
    assert_eq!(rest["changes"], json!([]), "nothing is seen twice");
    let again = side.client.get(&path).await.with(200);
    assert_eq!(changes(&again.body), [("a".to_owned(), 1)], "what is there is not waited for");
}

#[tokio::test]
async fn a_wait_without_a_change_ends_with_an_empty_page() {
    let side = side().await;
    let cursor = now(&side, FEED).await;
    let began = Instant::now();
    let page = side.client.get(&after(&format!("{FEED}?wait=1"), &cursor)).await.with(200);
    assert_eq!((&page["changes"], &page["more"]), (&json!([]), &json!(false)));
    assert!(began.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn what_others_are_told_of_wakes_nobody_else() {
    let side = side().await;
    let cursor = now(&side, &format!("{FEED}?key=b")).await;
    let path = after(&format!("{FEED}?key=b&wait=60"), &cursor);
    let waiting = async { side.client.get(&path).await.with(200) };
    let writing = async {
        waits(&side, 1).await;
        NOTES.write(&side.database, &["a"]).await;
        NOTES.write(&side.database, &["b"]).await;
    };
    let (page, ()) = tokio::join!(waiting, writing);
    assert_eq!(changes(&page.body), [("b".to_owned(), 1)]);
}

#[tokio::test]
async fn a_stop_ends_the_wait() {
    let side = side().await;
    let client = side.client.clone();
    let waiting =
        tokio::spawn(async move { client.get(&format!("{FEED}?wait=60")).await.with(200) });
    waits(&side, 1).await;
    let began = Instant::now();
    let _database = side.stop().await;
    let page = waiting.await.unwrap();
    assert_eq!(page["changes"], json!([]));
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_client_that_is_gone_is_not_waited_for() {
    let side = side().await;
    let client = side.client.clone();
    let waiting = tokio::spawn(async move { client.get(&format!("{FEED}?wait=60")).await });
    waits(&side, 1).await;
    waiting.abort();
    waits(&side, 0).await;
}

#[tokio::test]
async fn a_wait_ends_when_the_log_is_another_one() {
    let side = side().await;
    let client = side.client.clone();
    // With a cursor: a client counts as waiting before it is found out where it begins.
    let path = after(&format!("{FEED}?wait=60"), &now(&side, FEED).await);
    let waiting = tokio::spawn(async move { client.get(&path).await });
    waits(&side, 1).await;
    side.database.run("update log_state set incarnation = gen_random_uuid()").await;
    waiting.await.unwrap().assert_problem(410);
}

/// Waits until so many clients follow.
pub(super) async fn waits(side: &test_kit::TestService, count: usize) {
    let line = format!("lockstep_feed_followers {count}");
    eventually(&line, async || {
        let metrics = side.client.get("/metrics").await.with(200).text;
        metrics.lines().any(|it| it == line).then_some(())
    })
    .await;
}
