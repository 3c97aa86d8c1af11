//! Sending what was changed here, one step after the other.

use serde_json::{Value, json};

use super::{Mirror, begin, mirror, remote_post};
use crate::posts::{changes, kinds, post, posted};

#[tokio::test]
async fn the_id_that_the_remote_gave_is_kept_and_updates_go_to_it() {
    let mirror = mirror().await;
    posted(&mirror.store.client, "A").await;
    let item = mirror.prepare("posts", 1).await;
    let expected = json!({
        "id": 1, "version": 1, "action": "create", "attempt": item["attempt"], "outcome_unknown": false,
        "attempt_age": null, "remote_id": null, "failures": 0,
        "fields": {"user_id": 7, "title": "A", "body": "Two lines\nof it."},
    });
    assert_eq!(item, expected);
    let settled = mirror.settle("posts", &item, json!({"sent": {"remote_id": 7}})).await;
    assert_eq!(settled, json!({"id": 1, "state": "settled", "failures": 0}));
    let shown = mirror.shown("/posts/1").await;
    assert_eq!((&shown["remote_id"], shown.tag()), (&json!(7), "\"2\""));
    assert_eq!(shown["mirror"], json!({"state": "sent", "detail": null}));
    mirror.store.client.patch("/posts/1", &json!({"title": "B"})).await.with(200);
    let item = mirror.prepare("posts", 1).await;
    assert_eq!((&item["action"], &item["remote_id"]), (&json!("update"), &json!(7)));
    assert_eq!((&item["attempt"], &item["version"]), (&Value::Null, &json!(3)));
    mirror.settle("posts", &item, json!({"sent": {}})).await;
    let told = changes(&mirror.store.client, "posts", 4).await;
    let expected = [("post.created", 1), ("post.sent", 2), ("post.changed", 3), ("post.sent", 4)];
    assert_eq!(kinds(&told), expected);
    let event = &told[3]["event"];
    assert_eq!((&event["remote_id"], &event["sent_version"]), (&json!(7), &json!(3)));
}

#[tokio::test]
async fn a_result_that_is_settled_again_changes_nothing() {
    let mirror = mirror().await;
    posted(&mirror.store.client, "A").await;
    let item = mirror.prepare("posts", 1).await;
    for outcome in [json!({"failed": {"detail": "503"}}), json!({"failed": {"detail": "503"}})] {
        let settled = mirror.settle("posts", &item, outcome).await;
        assert_eq!(settled, json!({"id": 1, "state": "again", "failures": 1}));
    }
    let item = mirror.prepare("posts", 1).await;
    let sent = json!({"sent": {"remote_id": 7}});
    let first = mirror.settle("posts", &item, sent.clone()).await;
    let (shown, changes) = (mirror.shown("/posts/1").await, mirror.changes().await);
    assert_eq!(mirror.settle("posts", &item, sent).await, first);
    assert_eq!(mirror.settle("posts", &item, json!({"not_created": {}})).await, first);
    assert_eq!(
        (mirror.shown("/posts/1").await.body, mirror.changes().await),
        (shown.body, changes)
    );
}

#[tokio::test]
async fn an_edit_between_prepare_and_settle_still_waits_and_the_id_is_kept() {
    let mirror = mirror().await;
    posted(&mirror.store.client, "A").await;
    let item = mirror.prepare("posts", 1).await;
    mirror.store.client.patch("/posts/1", &json!({"title": "B"})).await.with(200);
    let settled = mirror.settle("posts", &item, json!({"sent": {"remote_id": 7}})).await;
    assert_eq!(settled["state"], "again");
    let shown = mirror.shown("/posts/1").await;
    assert_eq!((&shown["remote_id"], &shown["title"]), (&json!(7), &json!("B")));
    assert_eq!(shown["mirror"]["state"], "waiting");
    assert_eq!(mirror.outstanding("posts").await, [1]);
    let item = mirror.prepare("posts", 1).await;
    assert_eq!((&item["action"], &item["fields"]["title"]), (&json!("update"), &json!("B")));
    mirror.settle("posts", &item, json!({"sent": {}})).await;
    assert_eq!(mirror.shown("/posts/1").await["mirror"]["state"], "sent");
}

#[tokio::test]
async fn a_removal_between_prepare_and_settle_is_sent_after_it() {
    let mirror = mirror().await;
    posted(&mirror.store.client, "A").await;
    let item = mirror.prepare("posts", 1).await;
    mirror.store.client.delete("/posts/1").await.with(204);
    let settled = mirror.settle("posts", &item, json!({"sent": {"remote_id": 7}})).await;
    assert_eq!(settled["state"], "again");
    let item = mirror.prepare("posts", 1).await;
    assert_eq!((&item["action"], &item["remote_id"]), (&json!("delete"), &json!(7)));
    assert_eq!(mirror.settle("posts", &item, json!({"sent": {}})).await["state"], "settled");
    assert_eq!(mirror.outstanding("posts").await, Vec::<Value>::new());
}

#[tokio::test]
async fn what_is_created_and_removed_before_it_was_sent_is_never_sent() {
    let mirror = mirror().await;
    let (path, _) = posted(&mirror.store.client, "A").await;
    mirror.store.client.delete(&path).await.with(204);
    assert_eq!(mirror.prepare("posts", 1).await["action"], "nothing");
    assert_eq!(mirror.store.database.count("posts where changed_version > sent_version").await, 0);
}

/// Settles a record whose id is taken, as the worker does when it has parked it.
async fn parked(mirror: &Mirror, id: i64) -> Value {
    let item = mirror.prepare("posts", id).await;
    assert_eq!((&item["action"], &item["outcome_unknown"]), (&json!("create"), &json!(true)));
    let detail = "the id is taken";
    let failed = json!({"failed": {"detail": detail, "parked": true, "not_created": true}});
    mirror.settle("posts", &item, failed).await
}

/// A remote that gives each record the id 101, and lists none.
async fn create_at_a_remote_that_stores_nothing(mirror: &Mirror, id: i64) -> Value {
    let item = mirror.prepare("posts", id).await;
    assert_eq!(item["action"], "create");
    mirror.settle("posts", &item, json!({"sent": {"remote_id": 101}})).await
}

#[tokio::test]
async fn two_records_to_which_the_remote_gives_the_same_id_do_not_collide_and_nothing_loops() {
    let mirror = mirror().await;
    for title in ["A", "B"] {
        posted(&mirror.store.client, title).await;
    }
    assert_eq!(create_at_a_remote_that_stores_nothing(&mirror, 1).await["state"], "settled");
    let taken = create_at_a_remote_that_stores_nothing(&mirror, 2).await;
    assert_eq!(taken, json!({"id": 2, "state": "taken", "failures": 0}));
    // Until it is parked, it is looked at again.
    assert_eq!(mirror.outstanding("posts").await, [2]);
    assert_eq!(parked(&mirror, 2).await["state"], "refused");
    let shown = mirror.shown("/posts/2").await;
    assert_eq!((&shown["remote_id"], &shown["mirror"]["state"]), (&Value::Null, &json!("parked")));
    assert_eq!(shown["mirror"]["detail"], "the id is taken");
    // Read again from the feed, it is not created again.
    assert_eq!(mirror.prepare("posts", 2).await["action"], "nothing");
    assert_eq!(mirror.outstanding("posts").await, Vec::<Value>::new());
    // What the remote never listed it cannot have removed.
    let gone = mirror.ask("posts/gone", json!({"remote_ids": [101]})).await.with(200);
    assert_eq!(gone.body, json!({"removed": 0, "kept": 1}));
    // Another edit is another try, and ends the same way.
    mirror.store.client.patch("/posts/2", &json!({"title": "C"})).await.with(200);
    let taken = create_at_a_remote_that_stores_nothing(&mirror, 2).await;
    assert_eq!(taken, json!({"id": 2, "state": "taken", "failures": 1}));
    assert_eq!(parked(&mirror, 2).await["state"], "refused");
    assert_eq!(mirror.prepare("posts", 2).await["action"], "nothing");
}

#[tokio::test]
async fn two_records_with_the_same_id_in_one_request_do_not_collide_either() {
    let mirror = mirror().await;
    for title in ["A", "B"] {
        posted(&mirror.store.client, title).await;
    }
    let prepared = mirror.ask("posts/prepare", json!({"ids": [2, 1, 9]})).await.with(200);
    let items = prepared["items"].as_array().unwrap();
    assert_eq!(items.iter().map(|item| item["id"].clone()).collect::<Vec<_>>(), [1, 2]);
    let result = |item: &Value| {
        let outcome = json!({"sent": {"remote_id": 101}});
        json!({"id": item["id"], "version": 1, "attempt": item["attempt"], "outcome": outcome})
    };
    let body = json!({"results": items.iter().rev().map(result).collect::<Vec<_>>()});
    let settled = mirror.ask("posts/settle", body).await.with(200);
    let states = settled["results"].as_array().unwrap().iter();
    let states = states.map(|it| (it["id"].clone(), it["state"].clone())).collect::<Vec<_>>();
    assert_eq!(states, [(json!(2), json!("settled")), (json!(1), json!("taken"))]);
}

#[tokio::test]
async fn what_was_parked_is_sent_again_when_it_is_offered_although_nothing_changed() {
    let mirror = mirror().await;
    posted(&mirror.store.client, "A").await;
    mirror.send("posts", 1, 7).await;
    mirror.store.client.patch("/posts/1", &json!({"title": "B"})).await.with(200);
    let item = mirror.prepare("posts", 1).await;
    let failed = json!({"failed": {"detail": "the remote answered 500", "parked": true}});
    let settled = mirror.settle("posts", &item, failed).await;
    assert_eq!(settled, json!({"id": 1, "state": "refused", "failures": 1}));
    let shown = mirror.shown("/posts/1").await;
    let expected = json!({"state": "parked", "detail": "the remote answered 500"});
    assert_eq!(shown["mirror"], expected);
    assert_eq!(mirror.prepare("posts", 1).await["action"], "nothing");
    assert_eq!(mirror.outstanding("posts").await, Vec::<Value>::new());
    // The worker has reported it; a person replays it, which offers it.
    let event = uuid::Uuid::now_v7();
    let change = json!({
        "event_id": event, "resource": "post", "key": "1", "body": "e30=", "may_pass": false,
        "reason": "the remote answered 500",
    });
    let report = json!({"schema": 1, "changes": [change]});
    mirror.store.client.post("/v1/parked", &report).await.with(200);
    let replay = json!({"ids": [event]});
    mirror.store.client.post("/v1/parked/replay", &replay).await.with(200);
    test_kit::eventually("the record is due", async || {
        (mirror.outstanding("posts").await == [1]).then_some(())
    })
    .await;
    let item = mirror.prepare("posts", 1).await;
    assert_eq!((&item["action"], &item["failures"]), (&json!("update"), &json!(1)));
    mirror.settle("posts", &item, json!({"sent": {}})).await;
    assert_eq!(mirror.shown("/posts/1").await["mirror"], json!({"state": "sent", "detail": null}));
}

#[tokio::test]
async fn an_offer_of_what_was_sent_sends_nothing() {
    let mirror = mirror().await;
    mirror.load("posts", &[remote_post(1, "A")]).await;
    let offer = json!({"resource": "post", "ids": ["1"]});
    mirror.store.client.post("/v1/sync/offer", &offer).await.with(202);
    assert_eq!(mirror.outstanding("posts").await, Vec::<Value>::new());
    assert_eq!(mirror.prepare("posts", 1).await["action"], "nothing");
}

#[tokio::test]
async fn a_failure_loses_nothing_whoever_reads_the_feed_next() {
    let mirror = mirror().await;
    posted(&mirror.store.client, "A").await;
    mirror.send("posts", 1, 7).await;
    mirror.store.client.patch("/posts/1", &json!({"title": "B"})).await.with(200);
    let item = mirror.prepare("posts", 1).await;
    mirror.settle("posts", &item, json!({"failed": {"detail": "timeout"}})).await;
    assert_eq!(mirror.outstanding("posts").await, [1]);
    assert_eq!(mirror.prepare("posts", 1).await["action"], "update");
}

#[tokio::test]
async fn an_update_that_finds_nothing_is_created_anew_and_the_edit_stands() {
    let mirror = mirror().await;
    mirror.load("posts", &[remote_post(1, "A")]).await;
    mirror.store.client.put("/posts/1", &post("B")).await.with(200);
    let item = mirror.prepare("posts", 1).await;
    let settled = mirror.settle("posts", &item, json!({"gone": {}})).await;
    assert_eq!(settled, json!({"id": 1, "state": "again", "failures": 0}));
    let shown = mirror.shown("/posts/1").await;
    assert_eq!((&shown["remote_id"], &shown["title"]), (&Value::Null, &json!("B")));
    let item = mirror.prepare("posts", 1).await;
    assert_eq!((&item["action"], &item["outcome_unknown"]), (&json!("create"), &json!(false)));
    assert_eq!(
        mirror.settle("posts", &item, json!({"sent": {"remote_id": 9}})).await["state"],
        "settled"
    );
    assert_eq!(mirror.store.database.count("changes where conflicts is not null").await, 1);
}

#[tokio::test]
async fn a_run_that_lost_its_hold_is_409_and_writes_nothing() {
    let mut mirror = mirror().await;
    posted(&mirror.store.client, "A").await;
    mirror.store.database.run("update jobs set held_until = now() - interval '1s'").await;
    let lost = mirror.run;
    mirror.run = begin(&mirror.store).await;
    let item = mirror.prepare("posts", 1).await;
    let result = json!({
        "id": 1, "version": 1, "attempt": item["attempt"], "outcome": {"sent": {"remote_id": 7}},
    });
    let changes = mirror.changes().await;
    for (path, body) in [
        ("load", json!({"records": [remote_post(1, "A")]})),
        ("gone", json!({"remote_ids": [1]})),
        ("prepare", json!({"ids": [1]})),
        ("settle", json!({"results": [result]})),
    ] {
        let mut body = body;
        for run in [lost, uuid::Uuid::nil()] {
            body["run"] = json!(run);
            let path = format!("/v1/sync/mirror/posts/{path}");
            mirror.store.client.post(&path, &body).await.assert_problem(409);
        }
    }
    assert_eq!(
        (mirror.changes().await, &mirror.shown("/posts/1").await["remote_id"]),
        (changes, &Value::Null)
    );
}
