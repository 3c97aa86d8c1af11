//! One post: creating, reading, setting and removing it.

use reqwest::Method;
use serde_json::{Value, json};

use super::{POSTS, post, posted};
use crate::samples::store;

#[tokio::test]
async fn a_post_is_shown_whole_everywhere() {
    let store = store().await;
    let (path, created) = posted(&store.client, "A quay").await;
    assert_eq!(created.tag(), "\"1\"");
    assert_eq!(path, format!("{POSTS}/{}", created["id"]));
    for path in [path.clone(), format!("{path}/")] {
        assert_eq!(store.client.get(&path).await.with(200).body, created.body);
    }
    let listed = store.client.get("/posts/").await.with(200);
    assert_eq!(listed["results"], json!([created.body]));
    let mut names =
        created.body.as_object().unwrap().keys().map(String::as_str).collect::<Vec<_>>();
    names.sort_unstable();
    let expected = [
        "body",
        "created_time",
        "creator",
        "id",
        "mirror",
        "modified_time",
        "modifier",
        "remote_id",
        "title",
        "userId",
    ];
    assert_eq!(names, expected);
    assert_eq!(created["remote_id"], Value::Null);
    assert_eq!(created["mirror"], json!({"state": "waiting", "detail": null}));
}

#[tokio::test]
async fn a_user_may_be_left_out() {
    let store = store().await;
    let created = store.client.post("/posts/", &json!({"title": "A", "body": "b"})).await.with(201);
    assert_eq!(created["userId"], Value::Null);
}

#[tokio::test]
async fn put_needs_every_required_field_and_patch_is_partial() {
    let store = store().await;
    let (path, _) = posted(&store.client, "A quay").await;
    for (missing, body) in
        [("title", json!({"userId": 7, "body": "b"})), ("body", json!({"userId": 7, "title": "t"}))]
    {
        store.client.put(&path, &body).await.assert_refuses(400, missing);
    }
    let set = store.client.put(&path, &json!({"title": "Another", "body": "b"})).await.with(200);
    assert_eq!(
        (&set["title"], &set["userId"], set.tag()),
        (&json!("Another"), &Value::Null, "\"2\"")
    );
    let patched = store.client.patch(&path, &json!({"body": "c"})).await.with(200);
    assert_eq!((&patched["title"], &patched["body"]), (&json!("Another"), &json!("c")));
    assert_eq!(patched["created_time"], set["created_time"]);
    assert!(patched["modified_time"].as_str() > set["modified_time"].as_str());
    store.client.patch(&path, &json!({"title": null})).await.assert_refuses(400, "title");
    let cleared = store.client.patch(&path, &json!({"userId": 3})).await.with(200);
    assert_eq!(cleared["userId"], 3);
    let cleared = store.client.patch(&path, &json!({"userId": null})).await.with(200);
    assert_eq!(cleared["userId"], Value::Null);
}

#[tokio::test]
async fn a_write_that_changes_nothing_writes_nothing() {
    let store = store().await;
    let (path, created) = posted(&store.client, "A quay").await;
    assert_eq!(store.client.put(&path, &post("A quay")).await.with(200).body, created.body);
    assert_eq!(store.client.patch(&path, &json!({})).await.with(200).body, created.body);
    assert_eq!(store.rows().await.changes, 1);
}

#[tokio::test]
async fn bad_input_is_400_and_names_the_field() {
    let store = store().await;
    let (path, _) = posted(&store.client, "A quay").await;
    for (field, value) in [
        ("title", json!(" ")),
        ("title", json!("x".repeat(101))),
        ("title", json!("a\0b")),
        ("title", json!("two\nlines")),
        ("title", json!(7)),
        ("body", json!("")),
        ("body", json!("x".repeat(50_001))),
        ("body", json!("a\u{7}b")),
        ("userId", json!(-1)),
        ("userId", json!(9_007_199_254_740_992_i64)),
        ("userId", json!("7")),
        ("userId", json!(1.5)),
    ] {
        let mut body = post("A");
        body[field] = value.clone();
        store.client.post(POSTS, &body).await.assert_refuses(400, field);
        store.client.put(&path, &body).await.assert_refuses(400, field);
        store.client.patch(&path, &json!({ field: value })).await.assert_refuses(400, field);
    }
    for own in ["id", "remote_id", "creator", "slug"] {
        let mut body = post("A");
        body[own] = json!(1);
        store.client.post(POSTS, &body).await.assert_problem(400);
    }
    for text in ["{", "[]", "7", r#"{"title": "a", "title": "b", "body": "c"}"#] {
        store.client.send_text(Method::POST, POSTS, text).await.assert_problem(400);
        store.client.send_text(Method::PATCH, &path, text).await.assert_problem(400);
    }
    let form = store.client.request(Method::POST, POSTS).body("title=a&body=b");
    let form = form.header("content-type", "application/x-www-form-urlencoded");
    store.client.send(form).await.assert_problem(415);
    assert_eq!(store.rows().await.changes, 1);
}

#[tokio::test]
async fn what_does_not_exist_is_404() {
    let store = store().await;
    let body = post("A");
    for id in ["1", "0", "-1", "x", "007x", "9223372036854775808", "%00", "None"] {
        let path = format!("{POSTS}/{id}");
        store.client.get(&path).await.assert_problem(404);
        store.client.put(&path, &body).await.assert_problem(404);
        store.client.patch(&path, &body).await.assert_problem(404);
        store.client.delete(&path).await.assert_problem(404);
        store.client.get(&format!("{path}/comments/")).await.assert_problem(404);
    }
}

#[tokio::test]
async fn a_removed_post_is_gone_and_its_id_is_not_used_again() {
    let store = store().await;
    let (path, _) = posted(&store.client, "A quay").await;
    let removed = store.client.delete(&format!("{path}/")).await.with(204);
    assert_eq!(removed.text, "");
    store.client.get(&path).await.assert_problem(404);
    store.client.patch(&path, &json!({"body": "c"})).await.assert_problem(404);
    store.client.delete(&path).await.assert_problem(404);
    assert_eq!(store.client.get(POSTS).await.with(200)["count"], 0);
    let (other, _) = posted(&store.client, "A quay").await;
    assert_ne!(other, path);
}

#[tokio::test]
async fn tags_say_what_a_caller_has_seen() {
    let store = store().await;
    let client = &store.client;
    let (path, _) = posted(client, "A quay").await;
    let edit = json!({"body": "c"});
    client.patch_if(&path, "\"2\"", &edit).await.assert_problem(412);
    client.patch_if(&path, "\"1\"", &edit).await.with(200);
    client.patch_if(&path, "\"1\"", &edit).await.assert_problem(412);
    client.patch_if(&path, "what", &edit).await.assert_problem(400);
    let stale = client.request(Method::DELETE, &path).header("if-match", "\"1\"");
    client.send(stale).await.assert_problem(412);
    // What the mirror says of a waiting change is no part of the version: it is always told.
    let known = || client.request(Method::GET, &path).header("if-none-match", "\"2\"");
    client.send(known()).await.with(200);
    store.database.run("update posts set sent_version = changed_version").await;
    client.send(known()).await.with(304);
}

#[tokio::test]
async fn each_path_has_its_methods_with_a_slash_and_without() {
    let store = store().await;
    let (path, _) = posted(&store.client, "A quay").await;
    let (slashed, comments) = (format!("{path}/"), format!("{path}/comments"));
    let routes = [
        (POSTS, "GET, HEAD, POST"),
        ("/posts/", "GET, HEAD, POST"),
        (path.as_str(), "GET, HEAD, PUT, PATCH, DELETE"),
        (slashed.as_str(), "GET, HEAD, PUT, PATCH, DELETE"),
        (comments.as_str(), "GET, HEAD"),
    ];
    store.client.assert_has_only(&routes).await;
}

#[tokio::test]
async fn whatever_is_posted_or_set_nothing_breaks() {
    let store = store().await;
    let (path, _) = posted(&store.client, "A quay").await;
    for (method, path) in [(Method::POST, POSTS), (Method::PUT, &path), (Method::PATCH, &path)] {
        store.client.assert_survives(&method, path, &post("A"), 200).await;
    }
}
