//! The order of the log, where transactions commit in another order than they began.

use diesel_async::{AsyncPgConnection, SimpleAsyncConnection as _};
use serde_json::json;
use test_kit::{NOTES, TestService, eventually};

use super::{after, changes, next, now, read, side};

const FEED: &str = "/v1/notes/changes";

/// A transaction that a test leaves open.
struct Open(AsyncPgConnection);

impl Open {
    /// Begins a transaction, which has its transaction id from the beginning.
    async fn begin(side: &TestService) -> Self {
        let mut connection = side.database.connect().await;
        let begin =
            "set idle_in_transaction_session_timeout = 0; begin; select pg_current_xact_id()";
        connection.batch_execute(begin).await.unwrap();
        Self(connection)
    }

    async fn write(&mut self, key: &str) {
        NOTES.write_on(&mut self.0, &[key]).await.unwrap();
    }

    async fn commit(mut self) {
        self.0.batch_execute("commit").await.unwrap();
    }
}

/// Reads a feed in pages after a cursor, until it has so many changes; returns each key and version.
async fn read_on(side: &TestService, mut cursor: String, count: usize) -> Vec<(String, i64)> {
    let mut found = vec![];
    eventually("the changes come", async || {
        let page = side.client.get(&after(FEED, &cursor)).await.with(200);
        cursor = next(&page);
        found.extend(changes(&page.body));
        (found.len() >= count).then_some(())
    })
    .await;
    found
}

fn these<const N: usize>(expected: [(&str, i64); N]) -> Vec<(String, i64)> {
    expected.map(|(key, version)| (key.to_owned(), version)).to_vec()
}

#[tokio::test]
async fn a_late_commit_with_a_lower_sequence_number_is_not_missed() {
    let side = side().await;
    let cursor = now(&side, FEED).await;
    let mut early = Open::begin(&side).await;
    early.write("early").await;
    NOTES.write(&side.database, &["late"]).await;
    let page = side.client.get(&after(FEED, &cursor)).await.with(200);
    assert_eq!(page["changes"], json!([]), "what comes before it may still commit");
    early.commit().await;
    assert_eq!(read_on(&side, next(&page), 2).await, these([("early", 1), ("late", 1)]));
}

#[tokio::test]
async fn a_lower_transaction_id_that_commits_later_with_a_higher_number_is_not_missed() {
    let side = side().await;
    let cursor = now(&side, FEED).await;
    let mut early = Open::begin(&side).await;
    NOTES.write(&side.database, &["late"]).await;
    let page = side.client.get(&after(FEED, &cursor)).await.with(200);
    assert_eq!(page["changes"], json!([]));
    early.write("early").await;
    early.commit().await;
    let mut found = read_on(&side, next(&page), 2).await;
    found.sort();
    assert_eq!(found, these([("early", 1), ("late", 1)]));
}

#[tokio::test]
async fn an_older_version_never_follows_a_newer_one() {
    let side = side().await;
    let cursor = now(&side, FEED).await;
    // It has the lower transaction id, and makes the newer version.
    let mut early = Open::begin(&side).await;
    NOTES.write(&side.database, &["a"]).await;
    early.write("a").await;
    early.commit().await;
    assert_eq!(read_on(&side, cursor, 2).await, these([("a", 1), ("a", 2)]));
}

#[tokio::test]
async fn an_offer_is_no_change() {
    let side = side().await;
    NOTES.write(&side.database, &["a"]).await;
    let offer = json!({"resource": "note", "ids": ["a"]});
    side.client.post("/v1/sync/offer", &offer).await.with(202);
    NOTES.write(&side.database, &["b"]).await;
    assert_eq!(read_on(&side, "start".into(), 2).await, these([("a", 1), ("b", 1)]));
    assert_eq!(side.rows().await.changes, 3);
}

#[tokio::test]
async fn what_is_rolled_back_is_never_seen() {
    let side = side().await;
    let cursor = now(&side, FEED).await;
    let mut open = Open::begin(&side).await;
    open.write("never").await;
    NOTES.write(&side.database, &["a"]).await;
    drop(open);
    assert_eq!(changes(&read(&side, FEED, &cursor, 1).await.body), these([("a", 1)]));
}

#[tokio::test]
async fn a_transaction_that_holds_the_feed_back_is_reported() {
    let side = side().await;
    let open = Open::begin(&side).await;
    NOTES.write(&side.database, &["a"]).await;
    let lag = async || {
        let metrics = side.client.get("/metrics").await.with(200).text;
        let line = metrics.lines().find(|line| line.starts_with("lockstep_feed_lag_seconds "));
        line.unwrap().rsplit(' ').next().unwrap().parse::<f64>().unwrap()
    };
    eventually("the lag is told", async || (lag().await > 0.5).then_some(())).await;
    eventually("readiness tells it", async || {
        let ready = side.client.get("/health/ready").await.with(200);
        let feed = &ready["parts"]["feed"];
        (feed["state"] == "held back"
            && feed["detail"].as_str().unwrap().contains("pg_stat_activity"))
        .then_some(())
    })
    .await;
    open.commit().await;
    eventually("the lag is over", async || (lag().await == 0.0).then_some(())).await;
}
