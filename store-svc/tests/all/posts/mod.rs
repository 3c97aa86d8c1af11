//! Posts, over real HTTP: what the contract says, and none of the faults of the original.

mod editing;
mod events;
mod listing;
mod owning;

use program_kit::access::Role;
use serde_json::{Value, json};
use store_svc::{PROGRAM, records};
use test_kit::{Answer, TestClient, TestService, TestTokens, eventually};

pub(crate) const POSTS: &str = "/posts";

pub(crate) fn post(title: &str) -> Value {
    json!({"userId": 7, "title": title, "body": "Two lines\nof it."})
}

/// Creates a post; returns its path, and the answer.
pub(crate) async fn posted(client: &TestClient, title: &str) -> (String, Answer) {
    let answer = client.post(POSTS, &post(title)).await.with(201);
    (answer.header("location").unwrap().to_owned(), answer)
}

/// A store with a token for each role.
pub(crate) async fn secured() -> (TestService, TestTokens) {
    let tokens = TestTokens::random();
    let access = tokens.settings();
    let store = TestService::start_with(PROGRAM.name, records(), |all| all.access = access).await;
    (store, tokens)
}

pub(crate) fn client(store: &TestService, tokens: &TestTokens, role: Role) -> TestClient {
    store.client.clone().with_token(tokens.of(role))
}

/// Returns the values of a field of the results of a page.
pub(crate) fn each(page: &Answer, field: &str) -> Vec<Value> {
    page["results"].as_array().unwrap().iter().map(|record| record[field].clone()).collect()
}

/// Reads a feed from the start until it has so many changes.
pub(crate) async fn changes(client: &TestClient, of: &str, count: usize) -> Vec<Value> {
    let path = format!("/v1/{of}/changes?cursor=start&limit=500");
    eventually(&path, async || {
        let page = client.get(&path).await.with(200);
        let changes = page["changes"].as_array().unwrap();
        (changes.len() >= count).then(|| changes.clone())
    })
    .await
}

/// Returns the kind and the version of each change.
pub(crate) fn kinds(changes: &[Value]) -> Vec<(&str, i64)> {
    changes
        .iter()
        .map(|it| (it["kind"].as_str().unwrap(), it["version"].as_i64().unwrap()))
        .collect()
}
