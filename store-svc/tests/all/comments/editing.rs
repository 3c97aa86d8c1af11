//! One comment: creating, reading, setting and removing it.

use program_kit::access::Role;
use reqwest::Method;
use serde_json::{Value, json};

use super::{COMMENTS, comment, commented};
use crate::posts::{changes, client, kinds, posted, secured};
use crate::samples::store;

#[tokio::test]
async fn a_comment_is_shown_whole_everywhere() {
    let store = store().await;
    posted(&store.client, "A quay").await;
    let (path, created) = commented(&store.client, 1, "Ann").await;
    assert_eq!((path.as_str(), created.tag()), ("/comments/1", "\"1\""));
    for path in ["/comments/1", "/comments/1/"] {
        assert_eq!(store.client.get(path).await.with(200).body, created.body);
    }
    for list in ["/comments", "/comments/", "/posts/1/comments", "/posts/1/comments/"] {
        assert_eq!(store.client.get(list).await.with(200)["results"], json!([created.body]));
    }
    let mut names =
        created.body.as_object().unwrap().keys().map(String::as_str).collect::<Vec<_>>();
    names.sort_unstable();
    let expected = [
        "body",
        "created_time",
        "creator",
        "email",
        "id",
        "mirror",
        "modified_time",
        "modifier",
        "name",
        "postId",
        "remote_id",
    ];
    assert_eq!(names, expected);
}

#[tokio::test]
async fn comments_are_captured_as_posts_are() {
    let store = store().await;
    posted(&store.client, "A quay").await;
    let (path, _) = commented(&store.client, 1, "Ann").await;
    store.client.patch(&path, &json!({"body": "Is it?"})).await.with(200);
    store.client.delete(&path).await.with(204);
    let told = changes(&store.client, "comments", 3).await;
    let expected = [("comment.created", 1), ("comment.changed", 2), ("comment.removed", 3)];
    assert_eq!(kinds(&told), expected);
    let event = &told[1]["event"];
    assert_eq!((&event["comment_id"], &event["postId"]), (&json!(1), &json!(1)));
    assert_eq!((&event["body"], &event["email"]), (&json!("Is it?"), &json!("ann@quay.example")));
}

#[tokio::test]
async fn put_needs_every_field_but_the_post_and_patch_is_partial() {
    let store = store().await;
    for title in ["A quay", "Another"] {
        posted(&store.client, title).await;
    }
    let (path, created) = commented(&store.client, 1, "Ann").await;
    let whole = json!({"name": "Bob", "email": "bob@quay.example", "body": "No."});
    for field in ["name", "email", "body"] {
        let mut body = whole.clone();
        body.as_object_mut().unwrap().remove(field);
        store.client.put(&path, &body).await.assert_refuses(400, field);
    }
    let set = store.client.put(&path, &whole).await.with(200);
    assert_eq!((&set["name"], &set["postId"]), (&json!("Bob"), &json!(1)));
    let same = store.client.put(&path, &comment(1, "Ann")).await.with(200);
    assert_eq!(same["name"], created["name"]);
    // A comment stays with its post.
    store.client.put(&path, &comment(2, "Ann")).await.assert_refuses(400, "postId");
    store.client.patch(&path, &json!({"postId": 2})).await.assert_refuses(400, "postId");
    let patched = store.client.patch(&path, &json!({"email": "c@quay.example"})).await.with(200);
    assert_eq!((&patched["email"], &patched["name"]), (&json!("c@quay.example"), &json!("Ann")));
}

#[tokio::test]
async fn bad_input_is_400_and_names_the_field() {
    let store = store().await;
    posted(&store.client, "A quay").await;
    for (field, value) in [
        ("postId", json!(2)),
        ("postId", Value::Null),
        ("postId", json!("1")),
        ("postId", json!(0)),
        ("postId", json!(-1)),
        ("postId", json!(i64::MAX)),
        ("name", json!("x".repeat(101))),
        ("email", json!("no address")),
        ("email", json!("a@b@c")),
        ("email", json!(format!("{}@quay.example", "a".repeat(65)))),
        ("email", json!(format!("a@{}", "b.".repeat(130)))),
        ("body", json!(" ")),
    ] {
        let mut body = comment(1, "Ann");
        body[field] = value;
        store.client.post(COMMENTS, &body).await.assert_refuses(400, field);
    }
    assert_eq!(store.database.count("comments").await, 0);
    for id in ["1", "x", "None", "-1"] {
        let path = format!("{COMMENTS}/{id}");
        store.client.get(&path).await.assert_problem(404);
        store.client.patch(&path, &json!({"body": "b"})).await.assert_problem(404);
        store.client.delete(&path).await.assert_problem(404);
    }
}

#[tokio::test]
async fn anonymous_patch_is_refused_and_the_creator_can_edit() {
    let (store, tokens) = secured().await;
    let [write, admin] = [Role::Write, Role::Admin].map(|role| client(&store, &tokens, role));
    posted(&admin, "A quay").await;
    let (path, created) = commented(&write, 1, "Ann").await;
    assert_eq!(created["creator"], "write");
    let edit = json!({"body": "Is it?"});
    store.client.patch(&path, &edit).await.assert_problem(401);
    write.patch(&path, &edit).await.with(200);
    let (others, _) = commented(&admin, 1, "Ann").await;
    write.patch(&others, &edit).await.assert_problem(403);
    write.delete(&others).await.assert_problem(403);
    write.delete(&path).await.with(204);
    admin.delete(&others).await.with(204);
}

#[tokio::test]
async fn whatever_is_posted_or_set_nothing_breaks() {
    let store = store().await;
    posted(&store.client, "A quay").await;
    let (path, _) = commented(&store.client, 1, "Ann").await;
    for (method, path) in [(Method::POST, COMMENTS), (Method::PUT, &path), (Method::PATCH, &path)] {
        store.client.assert_survives(&method, path, &comment(1, "Ann"), 200).await;
    }
}
