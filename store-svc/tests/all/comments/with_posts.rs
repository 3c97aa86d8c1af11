//! Comments and their posts: the filter, and what becomes of the comments of a removed post.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{COMMENTS, comment, commented};
use crate::posts::{changes, each, posted};
use crate::samples::store;

#[tokio::test]
async fn the_filter_by_post_filters_by_the_local_id() {
    let store = store().await;
    for title in ["A quay", "Another"] {
        posted(&store.client, title).await;
    }
    for number in 0..20 {
        commented(&store.client, 1 + number % 2, "Ann").await;
    }
    let list =
        async |query: &str| store.client.get(&format!("{COMMENTS}/?{query}")).await.with(200);
    let page = list("postId=2").await;
    assert_eq!((&page["count"], &page["next"]), (&json!(10), &Value::Null));
    assert!(each(&page, "postId").iter().all(|post| *post == 2));
    assert_eq!(list("postId=").await["count"], 20);
    assert_eq!(list("postId=999").await["count"], 0);
    let nested = store.client.get("/posts/2/comments/?page_size=3&page=last").await.with(200);
    assert_eq!((&nested["count"], each(&nested, "id")), (&json!(10), vec![json!(20)]));
    store.client.get("/posts/3/comments/").await.assert_problem(404);
    store.client.get("/posts/2/comments/?postId=1").await.assert_problem(400);
}

#[tokio::test]
async fn a_post_id_that_is_no_number_is_400() {
    let store = store().await;
    for id in ["x", "1.5", "-1", "0", "None", "9223372036854775808", "1%00", "1'--"] {
        store.client.get(&format!("{COMMENTS}/?postId={id}")).await.assert_problem(400);
    }
    store.client.get(&format!("{COMMENTS}/?title=x")).await.assert_problem(400);
}

#[tokio::test]
async fn the_comments_of_a_removed_post_go_with_it_each_with_an_event() {
    let store = store().await;
    for title in ["A quay", "Another"] {
        posted(&store.client, title).await;
    }
    for post in [1, 2, 1] {
        commented(&store.client, post, "Ann").await;
    }
    store.client.delete("/comments/1").await.with(204);
    commented(&store.client, 1, "Bob").await;
    store.client.delete("/posts/1").await.with(204);
    let told = changes(&store.client, "comments", 7).await;
    let removed = told.iter().filter(|it| it["kind"] == "comment.removed");
    let removed = removed.map(|it| it["key"].as_str().unwrap()).collect::<Vec<_>>();
    assert_eq!(removed, ["1", "3", "4"]);
    let left = store.client.get("/comments/").await.with(200);
    assert_eq!((&left["count"], each(&left, "id")), (&json!(1), vec![json!(2)]));
    store.client.get("/posts/1/comments").await.assert_problem(404);
    store.client.post(COMMENTS, &comment(1, "Ann")).await.assert_refuses(400, "postId");
}

#[tokio::test]
async fn more_comments_than_one_statement_removes_go_with_their_post() {
    let store = store().await;
    posted(&store.client, "A quay").await;
    store
        .database
        .run(
            "insert into comments (post_id, name, email, body, version, created_at, modified_at,
            changed_version, sent_version)
            select 1, 'Ann', 'ann@quay.example', 'x', 1, now(), now(), 1, 0 from generate_series(1, 2500)",
        )
        .await;
    store.client.delete("/posts/1").await.with(204);
    assert_eq!(store.database.count("comments where not deleted").await, 0);
    assert_eq!(store.database.count("changes where kind = 'comment.removed'").await, 2500);
}

#[tokio::test]
async fn no_comment_is_left_on_a_post_that_is_removed_meanwhile() {
    let store = store().await;
    for round in 0..10 {
        let (path, post) = posted(&store.client, "A quay").await;
        let id = post["id"].as_i64().unwrap();
        let write = async |_: i32| {
            let answer = store.client.post(COMMENTS, &comment(id, "Ann")).await;
            assert!([201, 400].contains(&answer.status), "{}", answer.text);
        };
        let writing = async { join_all((0..8).map(write)).await };
        let removing = async { store.client.delete(&path).await.with(204) };
        tokio::join!(writing, removing);
        let left = format!("comments where post_id = {id} and not deleted");
        assert_eq!(store.database.count(&left).await, 0, "in round {round}");
    }
}
