//! Who may do what with posts, and whose they are.

use program_kit::access::Role;
use serde_json::json;
use test_kit::TestTokens;

use super::{POSTS, client, post, posted, secured};

#[tokio::test]
async fn anonymous_patch_is_refused_as_every_write_is() {
    let (store, tokens) = secured().await;
    let (path, _) = posted(&client(&store, &tokens, Role::Write), "A quay").await;
    let body = post("B");
    store.client.get(POSTS).await.assert_problem(401);
    store.client.post(POSTS, &body).await.assert_problem(401);
    store.client.put(&path, &body).await.assert_problem(401);
    store.client.patch(&path, &json!({"title": "B"})).await.assert_problem(401);
    store.client.delete(&path).await.assert_problem(401);
    let reader = client(&store, &tokens, Role::Read);
    reader.get(&path).await.with(200);
    reader.post(POSTS, &body).await.assert_problem(403);
    reader.patch(&path, &json!({"title": "B"})).await.assert_problem(403);
    assert_eq!(reader.get(&path).await.with(200)["title"], "A quay");
}

#[tokio::test]
async fn the_creator_of_a_post_can_edit_and_remove_it() {
    let (store, tokens) = secured().await;
    let creator = client(&store, &tokens, Role::Write);
    let (path, created) = posted(&creator, "A quay").await;
    assert_eq!((&created["creator"], &created["modifier"]), (&json!("write"), &json!("write")));
    creator.put(&path, &post("B")).await.with(200);
    creator.patch(&path, &json!({"title": "C"})).await.with(200);
    creator.delete(&path).await.with(204);
}

#[tokio::test]
async fn another_caller_is_403_and_an_admin_may() {
    let (store, tokens) = secured().await;
    let [admin, write] = [Role::Admin, Role::Write].map(|role| client(&store, &tokens, role));
    let (path, _) = posted(&admin, "A quay").await;
    write.put(&path, &post("B")).await.assert_problem(403);
    let refused = write.patch(&path, &json!({"title": "B"})).await;
    refused.assert_problem(403);
    assert!(refused["detail"].as_str().unwrap().contains("only admin"), "{}", refused.text);
    write.delete(&path).await.assert_problem(403);
    write.delete("/posts/999").await.assert_problem(404);
    let (path, _) = posted(&write, "Mine").await;
    let edited = admin.patch(&path, &json!({"title": "B"})).await.with(200);
    assert_eq!((&edited["creator"], &edited["modifier"]), (&json!("write"), &json!("admin")));
    // It is still its creator's.
    write.patch(&path, &json!({"title": "C"})).await.with(200);
    admin.delete(&path).await.with(204);
}

#[tokio::test]
async fn the_worker_reads_the_feed_and_nothing_else() {
    let (store, tokens): (_, TestTokens) = secured().await;
    let worker = client(&store, &tokens, Role::Sync);
    worker.get("/v1/posts/changes?cursor=start").await.with(200);
    worker.get(POSTS).await.assert_problem(403);
    worker.post(POSTS, &post("A")).await.assert_problem(403);
}

#[tokio::test]
async fn without_tokens_anybody_may_and_nobody_is_named() {
    let store = crate::samples::store().await;
    let (path, created) = posted(&store.client, "A quay").await;
    assert!(created["creator"].is_null() && created["modifier"].is_null());
    store.client.patch(&path, &json!({"title": "B"})).await.with(200);
    store.client.delete(&path).await.with(204);
}
