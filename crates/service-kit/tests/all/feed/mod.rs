//! The feeds of changes: pages, long polls and streams.

mod following;
mod ordering;
mod paging;
mod streaming;

use serde_json::Value;
use test_kit::{Answer, TestService, eventually, notes};

/// A side without RabbitMQ, which feeds do not need.
async fn side() -> TestService {
    TestService::start("notes", notes()).await
}

/// Returns the cursor from which a feed is read now.
async fn now(side: &TestService, feed: &str) -> String {
    next(&side.client.get(feed).await.with(200))
}

/// Returns the cursor after a page.
fn next(page: &Answer) -> String {
    page["next"].as_str().unwrap().to_owned()
}

/// Returns the key and the version of each change of a page.
fn changes(page: &Value) -> Vec<(String, i64)> {
    let changes = page["changes"].as_array().unwrap().iter();
    let change = |change: &Value| {
        (change["key"].as_str().unwrap().to_owned(), change["version"].as_i64().unwrap())
    };
    changes.map(change).collect()
}

/// Returns the path of a feed after a cursor.
fn after(feed: &str, cursor: &str) -> String {
    let separator = if feed.contains('?') { '&' } else { '?' };
    format!("{feed}{separator}cursor={cursor}")
}

/// Reads a feed after a cursor, until it has so many changes: other tests' transactions on the same
/// server hold the newest ones back for a while.
async fn read(side: &TestService, feed: &str, cursor: &str, count: usize) -> Answer {
    let path = after(feed, cursor);
    eventually(&format!("{feed} has {count} changes"), async || {
        let page = side.client.get(&path).await.with(200);
        (page["changes"].as_array().unwrap().len() >= count).then_some(page)
    })
    .await
}
