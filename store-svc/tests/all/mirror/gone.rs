//! What the remote has no more.

use serde_json::{Value, json};
use service_kit::retention;

use super::{Mirror, mirror, remote_comment, remote_post};
use crate::posts::{changes, kinds, posted};

async fn listed(mirror: &Mirror, of: &str, query: &str) -> Value {
    let path = format!("/v1/sync/mirror/{of}/listed{query}");
    mirror.store.client.get(&path).await.with(200)["remote_ids"].clone()
}

async fn gone(mirror: &Mirror, of: &str, remote_ids: &[i64]) -> Value {
    mirror.ask(&format!("{of}/gone"), json!({"remote_ids": remote_ids})).await.with(200).body
}

#[tokio::test]
async fn what_a_load_has_seen_is_listed_in_the_order_of_the_ids_there() {
    let mirror = mirror().await;
    let records = [30, 10, 20].map(|id| remote_post(id, "A"));
    mirror.load("posts", &records).await;
    // One that was sent and not seen again is none of these; one that was removed here is, until it is gone there.
    posted(&mirror.store.client, "B").await;
    mirror.send("posts", 4, 40).await;
    mirror.store.client.delete("/posts/2").await.with(204);
    assert_eq!(listed(&mirror, "posts", "").await, json!([10, 20, 30]));
    let path = "/v1/sync/mirror/posts/listed";
    assert_eq!(mirror.store.client.get(path).await.with(200)["removed"], json!([20]));
    assert_eq!(listed(&mirror, "posts", "?limit=1").await, json!([10]));
    assert_eq!(listed(&mirror, "posts", "?after=10&limit=5000").await, json!([20, 30]));
    mirror.load("posts", &[remote_post(40, "B")]).await;
    assert_eq!(listed(&mirror, "posts", "?after=30").await, json!([40]));
}

#[tokio::test]
async fn what_the_remote_removed_is_removed_here_with_its_comments_and_never_sent_back() {
    let mirror = mirror().await;
    mirror.load("posts", &[remote_post(1, "A"), remote_post(2, "B")]).await;
    let comments = [remote_comment(1, 1, "Ann"), remote_comment(2, 2, "Bob")];
    mirror.load("comments", &comments).await;
    assert_eq!(gone(&mirror, "posts", &[1, 77]).await, json!({"removed": 1, "kept": 0}));
    for path in ["/posts/1", "/comments/1"] {
        mirror.store.client.get(path).await.assert_problem(404);
    }
    mirror.shown("/comments/2").await;
    let told = changes(&mirror.store.client, "posts", 3).await;
    assert_eq!(kinds(&told)[2], ("post.removed", 2));
    assert_eq!(told[2]["event"]["source"], "remote");
    let told = changes(&mirror.store.client, "comments", 3).await;
    assert_eq!(kinds(&told)[2], ("comment.removed", 2));
    for of in ["posts", "comments"] {
        assert_eq!(mirror.prepare(of, 1).await["action"], "nothing");
        assert_eq!(mirror.outstanding(of).await, Vec::<Value>::new());
    }
    // The same once more.
    let changes = mirror.changes().await;
    assert_eq!(gone(&mirror, "posts", &[1]).await, json!({"removed": 0, "kept": 0}));
    assert_eq!(mirror.changes().await, changes);
}

#[tokio::test]
async fn a_change_that_waits_stands_against_a_removal_there() {
    let mirror = mirror().await;
    mirror.load("posts", &[remote_post(1, "A")]).await;
    mirror.store.client.patch("/posts/1", &json!({"title": "Mine"})).await.with(200);
    assert_eq!(gone(&mirror, "posts", &[1]).await, json!({"removed": 0, "kept": 1}));
    let shown = mirror.shown("/posts/1").await;
    assert_eq!((&shown["title"], &shown["remote_id"]), (&json!("Mine"), &Value::Null));
    assert_eq!(mirror.store.database.count("changes where conflicts is not null").await, 1);
    assert_eq!(mirror.outstanding("posts").await, [1]);
    let item = mirror.prepare("posts", 1).await;
    assert_eq!((&item["action"], &item["fields"]["title"]), (&json!("create"), &json!("Mine")));
}

#[tokio::test]
async fn what_both_sides_removed_is_done() {
    let mirror = mirror().await;
    mirror.load("posts", &[remote_post(1, "A")]).await;
    mirror.store.client.delete("/posts/1").await.with(204);
    assert_eq!(gone(&mirror, "posts", &[1]).await, json!({"removed": 1, "kept": 0}));
    assert_eq!(mirror.prepare("posts", 1).await["action"], "nothing");
}

#[tokio::test]
async fn more_posts_than_one_transaction_removes_go_with_their_comments() {
    let mirror = mirror().await;
    let ids = (1..=250).collect::<Vec<_>>();
    let posts = ids.iter().map(|id| remote_post(*id, "A")).collect::<Vec<_>>();
    mirror.load("posts", &posts).await;
    let comments = ids.iter().map(|id| remote_comment(*id, *id, "Ann")).collect::<Vec<_>>();
    mirror.load("comments", &comments).await;
    assert_eq!(gone(&mirror, "posts", &ids).await, json!({"removed": 250, "kept": 0}));
    for of in ["posts", "comments"] {
        assert_eq!(mirror.store.database.count(&format!("{of} where not deleted")).await, 0);
    }
}

#[tokio::test]
async fn removed_records_go_after_a_while_but_not_before_the_remote_has_removed_them() {
    let mirror = mirror().await;
    mirror.load("posts", &[remote_post(1, "A"), remote_post(2, "B")]).await;
    gone(&mirror, "posts", &[1]).await;
    mirror.store.client.delete("/posts/2").await.with(204);
    posted(&mirror.store.client, "C").await;
    mirror.store.client.delete("/posts/3").await.with(204);
    let may_go = "posts where deleted and changed_version <= sent_version";
    assert_eq!(mirror.store.database.count(may_go).await, 2);
    mirror.store.database.run("update posts set modified_at = now() - interval '1 year'").await;
    let records = store_svc::records();
    let resource = records.resources.named("post").unwrap();
    let mut connection = mirror.store.database.connect().await;
    let before = chrono::Utc::now();
    let keys = retention::removed(&mut connection, resource, before, 10).await.unwrap();
    assert_eq!(keys, ["1", "3"]);
}
