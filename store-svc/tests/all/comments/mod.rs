//! Comments on posts, over real HTTP: what the contract says, and none of the faults of the original.

mod editing;
mod with_posts;

use serde_json::{Value, json};
use test_kit::{Answer, TestClient};

pub(crate) const COMMENTS: &str = "/comments";

pub(crate) fn comment(post: i64, name: &str) -> Value {
    json!({"postId": post, "name": name, "email": "ann@quay.example", "body": "So it is."})
}

/// Creates a comment; returns its path, and the answer.
pub(crate) async fn commented(client: &TestClient, post: i64, name: &str) -> (String, Answer) {
    let answer = client.post(COMMENTS, &comment(post, name)).await.with(201);
    (answer.header("location").unwrap().to_owned(), answer)
}
