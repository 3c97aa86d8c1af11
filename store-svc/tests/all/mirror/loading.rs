//! Loading what the remote has.

use serde_json::{Value, json};

use super::{counts, mirror, remote_post};
use crate::posts::{changes, kinds};

#[tokio::test]
async fn a_load_is_marked_as_the_remotes_and_has_nothing_to_be_sent() {
    let mirror = mirror().await;
    let loaded = mirror.load("posts", &[remote_post(1, "A"), remote_post(2, "B")]).await;
    let expected = json!({
        "created": 2, "updated": 0, "unchanged": 0, "conflicts": 0, "adopted": 0, "refused": [],
    });
    assert_eq!(loaded.body, expected);
    let shown = mirror.shown("/posts/1").await;
    assert_eq!((&shown["remote_id"], &shown["userId"]), (&json!(1), &json!(7)));
    assert_eq!((&shown["creator"], &shown["mirror"]["state"]), (&Value::Null, &json!("sent")));
    let told = changes(&mirror.store.client, "posts", 2).await;
    assert_eq!(kinds(&told), [("post.loaded", 1), ("post.loaded", 1)]);
    assert_eq!(told[0]["event"]["source"], "remote");
    assert_eq!(mirror.prepare("posts", 1).await["action"], "nothing");
    assert_eq!(mirror.outstanding("posts").await, Vec::<Value>::new());
    // What arrives is not published, as with orders.
    assert_eq!(mirror.store.rows().await.outbox, 0);
}

#[tokio::test]
async fn a_load_that_is_repeated_changes_nothing() {
    let mirror = mirror().await;
    let records = [remote_post(1, "A"), remote_post(2, "B")];
    mirror.load("posts", &records).await;
    let (before, changes) = (mirror.shown("/posts").await, mirror.changes().await);
    for _ in 0..2 {
        assert_eq!(counts(&mirror.load("posts", &records).await), [0, 0, 2, 0, 0]);
    }
    assert_eq!(mirror.shown("/posts").await.body, before.body);
    assert_eq!(mirror.changes().await, changes);
}

#[tokio::test]
async fn a_later_load_brings_what_changed_at_the_remote() {
    let mirror = mirror().await;
    mirror.load("posts", &[remote_post(1, "A"), remote_post(2, "B")]).await;
    let loaded = mirror.load("posts", &[remote_post(1, "A2"), remote_post(2, "B")]).await;
    assert_eq!(counts(&loaded), [0, 1, 1, 0, 0]);
    let shown = mirror.shown("/posts/1").await;
    assert_eq!((&shown["title"], shown.tag()), (&json!("A2"), "\"2\""));
    assert_eq!(shown["mirror"]["state"], "sent");
}

#[tokio::test]
async fn a_load_while_a_change_waits_leaves_the_change_and_records_the_conflict_once() {
    let mirror = mirror().await;
    mirror.load("posts", &[remote_post(1, "A")]).await;
    mirror.store.client.patch("/posts/1", &json!({"title": "Mine"})).await.with(200);
    // The remote has not changed: nothing.
    assert_eq!(counts(&mirror.load("posts", &[remote_post(1, "A")]).await), [0, 0, 1, 0, 0]);
    // It has: the change here stands.
    let theirs = [remote_post(1, "Theirs")];
    assert_eq!(counts(&mirror.load("posts", &theirs).await), [0, 0, 0, 1, 0]);
    assert_eq!(counts(&mirror.load("posts", &theirs).await), [0, 0, 1, 0, 0]);
    let shown = mirror.shown("/posts/1").await;
    assert_eq!((&shown["title"], &shown["mirror"]["state"]), (&json!("Mine"), &json!("waiting")));
    let recorded = "changes where conflicts -> 0 ->> 'lost' = 'Theirs'
        and conflicts -> 0 ->> 'stands' = 'Mine' and conflicts -> 0 ->> 'field' = 'title'";
    assert_eq!(mirror.store.database.count(recorded).await, 1);
    let item = mirror.prepare("posts", 1).await;
    assert_eq!((&item["action"], &item["fields"]["title"]), (&json!("update"), &json!("Mine")));
}

#[tokio::test]
async fn a_change_that_the_remote_turns_out_to_have_waits_no_longer() {
    let mirror = mirror().await;
    mirror.load("posts", &[remote_post(1, "A")]).await;
    mirror.store.client.patch("/posts/1", &json!({"title": "B"})).await.with(200);
    // It was sent, and the worker died before it could say so.
    mirror.prepare("posts", 1).await;
    assert_eq!(counts(&mirror.load("posts", &[remote_post(1, "B")]).await), [0, 0, 1, 0, 0]);
    assert_eq!(mirror.shown("/posts/1").await["mirror"]["state"], "sent");
    assert_eq!(mirror.outstanding("posts").await, Vec::<Value>::new());
    assert_eq!(mirror.prepare("posts", 1).await["action"], "nothing");
}

#[tokio::test]
async fn what_was_removed_here_stays_removed_until_the_removal_is_sent() {
    let mirror = mirror().await;
    mirror.load("posts", &[remote_post(1, "A")]).await;
    mirror.store.client.delete("/posts/1").await.with(204);
    // What was changed there is lost, and recorded once.
    assert_eq!(counts(&mirror.load("posts", &[remote_post(1, "A2")]).await), [0, 0, 0, 1, 0]);
    assert_eq!(counts(&mirror.load("posts", &[remote_post(1, "A2")]).await), [0, 0, 1, 0, 0]);
    assert_eq!(mirror.store.database.count("changes where conflicts is not null").await, 1);
    mirror.store.client.get("/posts/1").await.assert_problem(404);
    let item = mirror.prepare("posts", 1).await;
    assert_eq!((&item["action"], &item["remote_id"]), (&json!("delete"), &json!(1)));
    let settled = mirror.settle("posts", &item, json!({"sent": {}})).await;
    assert_eq!(settled, json!({"id": 1, "state": "settled", "failures": 0}));
    assert_eq!(mirror.prepare("posts", 1).await["action"], "nothing");
    // The remote may use the id again.
    assert_eq!(counts(&mirror.load("posts", &[remote_post(1, "New")]).await), [1, 0, 0, 0, 0]);
}

#[tokio::test]
async fn a_record_that_does_not_fit_is_refused_by_its_id_and_the_rest_goes_on() {
    let mirror = mirror().await;
    let wrong = [
        remote_post(1, " "),
        remote_post(2, &"x".repeat(101)),
        remote_post(3, "a\0b"),
        json!({"remote_id": 4, "user_id": 7, "body": "b"}),
        json!({"remote_id": 5, "title": 7, "body": "b"}),
        json!({"title": "A", "body": "b"}),
        json!({"remote_id": -6, "title": "A", "body": "b"}),
        json!([7]),
        remote_post(9, "Fits"),
    ];
    let loaded = mirror.load("posts", &wrong).await;
    assert_eq!(counts(&loaded), [1, 0, 0, 0, 0]);
    let refused = loaded["refused"].as_array().unwrap();
    let mut ids = refused.iter().map(|it| it["remote_id"].as_i64()).collect::<Vec<_>>();
    ids.sort_unstable();
    assert_eq!(ids, [None, None, Some(-6), Some(1), Some(2), Some(3), Some(4), Some(5)]);
    let detail = |id: Option<i64>| {
        let of = refused.iter().find(|it| it["remote_id"].as_i64() == id).unwrap();
        of["detail"].as_str().unwrap().to_owned()
    };
    assert!(detail(Some(4)).contains("title"), "{}", detail(Some(4)));
    assert!(detail(Some(5)).contains("title"), "{}", detail(Some(5)));
    assert!(detail(None).starts_with("records[5]"), "{}", detail(None));
}

#[tokio::test]
async fn an_id_twice_in_a_request_is_counted_once_and_the_last_stands() {
    let mirror = mirror().await;
    let loaded = mirror.load("posts", &[remote_post(1, "A"), remote_post(1, "B")]).await;
    assert_eq!(counts(&loaded), [1, 0, 0, 0, 0]);
    assert_eq!(mirror.shown("/posts/1").await["title"], "B");
}
