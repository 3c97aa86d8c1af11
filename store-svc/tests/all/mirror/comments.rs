//! Comments in the mirror: they need their posts.

use serde_json::json;

use super::{counts, mirror, remote_comment, remote_post};
use crate::comments::commented;
use crate::posts::posted;

#[tokio::test]
async fn a_comment_is_loaded_to_the_post_with_that_id_at_the_remote() {
    let mirror = mirror().await;
    mirror.load("posts", &[remote_post(50, "A"), remote_post(60, "B")]).await;
    let records = [remote_comment(1, 60, "Ann"), remote_comment(2, 70, "Bob")];
    let loaded = mirror.load("comments", &records).await;
    assert_eq!(counts(&loaded), [1, 0, 0, 0, 0]);
    let refused = &loaded["refused"][0];
    assert_eq!(refused["remote_id"], 2);
    assert!(refused["detail"].as_str().unwrap().contains("70 at the remote"), "{}", loaded.text);
    let shown = mirror.shown("/comments/1").await;
    assert_eq!((&shown["postId"], &shown["remote_id"]), (&json!(2), &json!(1)));
    assert_eq!(counts(&mirror.load("comments", &records).await), [0, 0, 1, 0, 0]);
    // It is the remote's that it is moved.
    let moved = mirror.load("comments", &[remote_comment(1, 50, "Ann")]).await;
    assert_eq!(counts(&moved), [0, 1, 0, 0, 0]);
    assert_eq!(mirror.shown("/comments/1").await["postId"], 1);
}

#[tokio::test]
async fn a_comment_waits_until_its_post_is_at_the_remote_and_is_not_forgotten() {
    let mirror = mirror().await;
    posted(&mirror.store.client, "A").await;
    commented(&mirror.store.client, 1, "Ann").await;
    assert_eq!(mirror.prepare("comments", 1).await["action"], "wait");
    // The place in the feed is stored; then the post is sent, in another run.
    assert_eq!(mirror.outstanding("comments").await, [1]);
    mirror.send("posts", 1, 50).await;
    assert_eq!(mirror.outstanding("comments").await, [1]);
    let item = mirror.prepare("comments", 1).await;
    assert_eq!(item["action"], "create");
    let expected = json!({
        "post_remote_id": 50, "name": "Ann", "email": "ann@quay.example", "body": "So it is.",
    });
    assert_eq!(item["fields"], expected);
    let settled = mirror.settle("comments", &item, json!({"sent": {"remote_id": 9}})).await;
    assert_eq!(settled["state"], "settled");
    assert_eq!(mirror.shown("/comments/1").await["remote_id"], 9);
}

#[tokio::test]
async fn a_comment_whose_post_was_lost_at_the_remote_waits_until_it_is_created_anew() {
    let mirror = mirror().await;
    let client = &mirror.store.client;
    posted(client, "A").await;
    mirror.send("posts", 1, 50).await;
    for name in ["Edited", "Removed", "Attempted"] {
        commented(client, 1, name).await;
    }
    for (id, remote_id) in [(1, 7), (2, 8)] {
        mirror.send("comments", id, remote_id).await;
    }
    let attempted = mirror.prepare("comments", 3).await;
    client.patch("/comments/1", &json!({"body": "Indeed."})).await.with(200);
    client.delete("/comments/2").await.with(204);
    // The post is edited, and the remote turns out to have it no more.
    client.patch("/posts/1", &json!({"title": "B"})).await.with(200);
    let item = mirror.prepare("posts", 1).await;
    mirror.settle("posts", &item, json!({"gone": {}})).await;
    let waits =
        |state: &str| json!({"state": state, "detail": "its post is not at the remote yet"});
    for (id, state) in [(1, "waiting"), (3, "unknown")] {
        assert_eq!(mirror.prepare("comments", id).await["action"], "wait");
        assert_eq!(mirror.shown(&format!("/comments/{id}")).await["mirror"], waits(state));
    }
    let item = mirror.prepare("comments", 2).await;
    assert_eq!((&item["action"], &item["remote_id"]), (&json!("delete"), &json!(8)));
    mirror.send("posts", 1, 60).await;
    for id in [1, 3] {
        let shown = mirror.shown(&format!("/comments/{id}")).await;
        assert_eq!(shown["mirror"]["detail"], json!(null), "{}", shown.text);
    }
    let item = mirror.prepare("comments", 1).await;
    assert_eq!(
        (&item["action"], &item["fields"]["post_remote_id"]),
        (&json!("update"), &json!(60))
    );
    // What was created under the old post has gone with it.
    let item = mirror.prepare("comments", 3).await;
    assert_eq!((&item["action"], &item["outcome_unknown"]), (&json!("create"), &json!(false)));
    assert_eq!(item["fields"]["post_remote_id"], 60);
    assert_ne!(item["attempt"], attempted["attempt"]);
}

#[tokio::test]
async fn a_removed_comment_is_looked_up_under_the_post_that_it_was_sent_to() {
    let mirror = mirror().await;
    let client = &mirror.store.client;
    posted(client, "A").await;
    mirror.send("posts", 1, 50).await;
    commented(client, 1, "Ann").await;
    mirror.prepare("comments", 1).await;
    client.delete("/posts/1").await.with(204);
    let item = mirror.prepare("posts", 1).await;
    mirror.settle("posts", &item, json!({"sent": {}})).await;
    let item = mirror.prepare("comments", 1).await;
    assert_eq!(
        (&item["action"], &item["fields"]["post_remote_id"]),
        (&json!("resolve"), &json!(50))
    );
}

#[tokio::test]
async fn the_comments_of_a_post_that_a_load_adopts_wait_no_longer() {
    let mirror = mirror().await;
    posted(&mirror.store.client, "A").await;
    commented(&mirror.store.client, 1, "Ann").await;
    mirror.prepare("posts", 1).await;
    assert_eq!(mirror.prepare("comments", 1).await["action"], "wait");
    mirror.load("posts", &[remote_post(50, "A")]).await;
    assert_eq!(mirror.outstanding("comments").await, [1]);
}

#[tokio::test]
async fn the_comments_of_a_post_that_is_removed_here_are_removed_at_the_remote_too() {
    let mirror = mirror().await;
    mirror.load("posts", &[remote_post(50, "A")]).await;
    mirror.load("comments", &[remote_comment(1, 50, "Ann")]).await;
    commented(&mirror.store.client, 1, "Never sent").await;
    mirror.store.client.delete("/posts/1").await.with(204);
    let item = mirror.prepare("comments", 1).await;
    assert_eq!((&item["action"], &item["remote_id"]), (&json!("delete"), &json!(1)));
    assert_eq!(mirror.prepare("comments", 2).await["action"], "nothing");
    // A load that sees it still, or another one there, brings nothing back.
    let seen = [remote_comment(1, 50, "Ann"), remote_comment(3, 50, "Late")];
    let loaded = mirror.load("comments", &seen).await;
    assert_eq!(counts(&loaded), [0, 0, 0, 0, 0]);
    assert_eq!(loaded["refused"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn an_attempt_of_a_comment_is_adopted_by_its_contents_too() {
    let mirror = mirror().await;
    mirror.load("posts", &[remote_post(50, "A"), remote_post(60, "B")]).await;
    commented(&mirror.store.client, 2, "Ann").await;
    mirror.prepare("comments", 1).await;
    let records = [remote_comment(8, 50, "Ann"), remote_comment(9, 60, "Ann")];
    assert_eq!(counts(&mirror.load("comments", &records).await), [1, 0, 0, 0, 1]);
    assert_eq!(mirror.shown("/comments/1").await["remote_id"], 9);
}
