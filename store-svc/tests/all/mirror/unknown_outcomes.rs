//! Creates of which the outcome is not known: the worker, the store or the remote died in between.

use serde_json::{Value, json};

use super::{Mirror, counts, mirror, remote_post};
use crate::posts::posted;

#[tokio::test]
async fn after_a_crash_a_create_is_handed_out_as_unknown_with_what_was_sent() {
    let mirror = mirror().await;
    posted(&mirror.store.client, "A").await;
    let first = mirror.prepare("posts", 1).await;
    // The worker dies here. Meanwhile the post is edited.
    assert_eq!(mirror.shown("/posts/1").await["mirror"]["state"], "unknown");
    mirror.store.client.patch("/posts/1", &json!({"title": "B"})).await.with(200);
    assert_eq!(mirror.outstanding("posts").await, [1]);
    let second = mirror.prepare("posts", 1).await;
    assert_eq!((&second["outcome_unknown"], &second["attempt"]), (&json!(true), &first["attempt"]));
    assert_eq!((&second["version"], &second["fields"]), (&json!(1), &first["fields"]));
    assert_eq!(second["attempt_age"], 0, "its worker may have sent it just now");
    // Found: the edit goes to it as an update.
    let settled = mirror.settle("posts", &second, json!({"sent": {"remote_id": 7}})).await;
    assert_eq!(settled["state"], "again");
    let item = mirror.prepare("posts", 1).await;
    assert_eq!((&item["action"], &item["fields"]["title"]), (&json!("update"), &json!("B")));
}

#[tokio::test]
async fn a_create_that_a_look_up_does_not_find_is_a_new_attempt() {
    let mirror = mirror().await;
    posted(&mirror.store.client, "A").await;
    let first = mirror.prepare("posts", 1).await;
    let unknown = mirror.prepare("posts", 1).await;
    let settled = mirror.settle("posts", &unknown, json!({"not_created": {}})).await;
    assert_eq!(settled["state"], "again");
    assert_eq!(mirror.outstanding("posts").await, [1]);
    let item = mirror.prepare("posts", 1).await;
    assert_eq!((&item["action"], &item["outcome_unknown"]), (&json!("create"), &json!(false)));
    assert_ne!(item["attempt"], first["attempt"]);
    // A late result of the first attempt is of nothing that is under way.
    let settled = mirror.settle("posts", &first, json!({"sent": {"remote_id": 7}})).await;
    assert_eq!(settled["state"], "again");
    assert_eq!(mirror.shown("/posts/1").await["remote_id"], Value::Null);
}

/// Settles that look-ups of both records have found these; returns what is left to do about each.
async fn found(mirror: &Mirror, items: &[Value], remote_ids: &[i64], is_over: bool) -> Vec<Value> {
    let outcome = json!({"found": {"remote_ids": remote_ids, "is_over": is_over}});
    let result = |item: &Value| json!({"id": item["id"], "version": 1, "attempt": item["attempt"], "outcome": outcome});
    let body = json!({"results": items.iter().map(result).collect::<Vec<_>>()});
    let settled = mirror.ask("posts/settle", body).await.with(200);
    let states = settled["results"].as_array().unwrap().iter();
    states.map(|it| it["state"].clone()).collect()
}

async fn two_attempts_with_the_same_contents(mirror: &Mirror) -> Vec<Value> {
    for _ in 0..2 {
        posted(&mirror.store.client, "A").await;
    }
    mirror.ask("posts/prepare", json!({"ids": [1, 2]})).await.with(200);
    let again = mirror.ask("posts/prepare", json!({"ids": [1, 2]})).await.with(200);
    again["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn two_creates_with_the_same_contents_get_a_record_each() {
    let mirror = mirror().await;
    let items = two_attempts_with_the_same_contents(&mirror).await;
    assert_eq!(found(&mirror, &items, &[9, 8, 7], false).await, ["settled", "settled"]);
    let ids = [1, 2].map(|id| format!("/posts/{id}"));
    assert_eq!(mirror.shown(&ids[0]).await["remote_id"], 9);
    assert_eq!(mirror.shown(&ids[1]).await["remote_id"], 8);
    // Settled again, nothing changes.
    let changes = mirror.changes().await;
    assert_eq!(found(&mirror, &items, &[9, 8, 7], false).await, ["settled", "settled"]);
    assert_eq!(mirror.changes().await, changes);
}

#[tokio::test]
async fn of_two_creates_with_the_same_contents_one_may_have_created_nothing() {
    let mirror = mirror().await;
    let items = two_attempts_with_the_same_contents(&mirror).await;
    assert_eq!(found(&mirror, &items, &[7], false).await, ["settled", "undecided"]);
    assert_eq!(mirror.shown("/posts/2").await["mirror"]["state"], "unknown");
    let unknown = [mirror.prepare("posts", 2).await];
    assert_eq!(unknown[0]["attempt"], items[1]["attempt"]);
    // A removed record has its id until the remote has removed it, too.
    mirror.store.client.delete("/posts/1").await.with(204);
    assert_eq!(found(&mirror, &unknown, &[7], true).await, ["not_created"]);
    assert_eq!(mirror.outstanding("posts").await, [1, 2]);
    let item = mirror.prepare("posts", 2).await;
    assert_eq!((&item["action"], &item["outcome_unknown"]), (&json!("create"), &json!(false)));
    assert_ne!(item["attempt"], items[1]["attempt"]);
}

#[tokio::test]
async fn what_was_removed_and_not_created_beside_the_same_contents_is_done() {
    let mirror = mirror().await;
    let items = two_attempts_with_the_same_contents(&mirror).await;
    mirror.store.client.delete("/posts/2").await.with(204);
    assert_eq!(mirror.prepare("posts", 2).await["action"], "resolve");
    assert_eq!(found(&mirror, &items, &[7], true).await, ["settled", "settled"]);
    assert_eq!(mirror.prepare("posts", 2).await["action"], "nothing");
    assert_eq!(mirror.outstanding("posts").await, Vec::<Value>::new());
}

#[tokio::test]
async fn what_was_removed_meanwhile_is_looked_up_first() {
    let mirror = mirror().await;
    for title in ["A", "B"] {
        posted(&mirror.store.client, title).await;
    }
    for id in [1, 2] {
        mirror.prepare("posts", id).await;
        mirror.store.client.delete(&format!("/posts/{id}")).await.with(204);
    }
    // The one was created, and is to be deleted.
    let item = mirror.prepare("posts", 1).await;
    assert_eq!((&item["action"], &item["outcome_unknown"]), (&json!("resolve"), &json!(true)));
    assert_eq!(item["fields"]["title"], "A");
    let settled = mirror.settle("posts", &item, json!({"sent": {"remote_id": 7}})).await;
    assert_eq!(settled["state"], "again");
    assert_eq!(mirror.prepare("posts", 1).await["action"], "delete");
    // The other was not.
    let item = mirror.prepare("posts", 2).await;
    let settled = mirror.settle("posts", &item, json!({"not_created": {}})).await;
    assert_eq!(settled["state"], "settled");
    assert_eq!(mirror.prepare("posts", 2).await["action"], "nothing");
}

#[tokio::test]
async fn a_load_adopts_what_an_attempt_has_created_by_its_contents() {
    let mirror = mirror().await;
    posted(&mirror.store.client, "A").await;
    mirror.prepare("posts", 1).await;
    let loaded = mirror.load("posts", &[remote_post(7, "A"), remote_post(8, "A")]).await;
    // One attempt has created one record.
    assert_eq!(counts(&loaded), [1, 0, 0, 0, 1]);
    let shown = mirror.shown("/posts/1").await;
    assert_eq!((&shown["remote_id"], &shown["mirror"]["state"]), (&json!(7), &json!("sent")));
    assert_eq!(mirror.outstanding("posts").await, Vec::<Value>::new());
    assert_eq!(counts(&mirror.load("posts", &[remote_post(7, "A")]).await), [0, 0, 1, 0, 0]);
}

#[tokio::test]
async fn a_load_adopts_by_the_marker_where_the_remote_keeps_one() {
    let mirror = mirror().await;
    for _ in 0..2 {
        posted(&mirror.store.client, "A").await;
    }
    mirror.prepare("posts", 1).await;
    let item = mirror.prepare("posts", 2).await;
    let mut record = remote_post(7, "A");
    record["marker"] = item["attempt"].clone();
    assert_eq!(counts(&mirror.load("posts", &[record]).await), [0, 0, 0, 0, 1]);
    assert_eq!(mirror.shown("/posts/2").await["remote_id"], 7);
    let mut record = remote_post(8, "Other");
    record["marker"] = json!("no id of ours");
    assert_eq!(counts(&mirror.load("posts", &[record]).await), [1, 0, 0, 0, 0]);
    assert_eq!(mirror.shown("/posts/1").await["mirror"]["state"], "unknown");
}

#[tokio::test]
async fn equal_contents_do_not_take_the_record_of_a_marker_that_comes_after_them() {
    let mirror = mirror().await;
    mirror.load("posts", &[remote_post(5, "A")]).await;
    posted(&mirror.store.client, "A").await;
    let item = mirror.prepare("posts", 2).await;
    let mut marked = remote_post(8, "A");
    marked["marker"] = item["attempt"].clone();
    // One that is known, one of equal contents, and the one that the attempt has created.
    let all = [remote_post(5, "A"), remote_post(7, "A"), marked];
    assert_eq!(counts(&mirror.load("posts", &all).await), [1, 0, 1, 0, 1]);
    assert_eq!(mirror.shown("/posts/2").await["remote_id"], 8);
}

#[tokio::test]
async fn an_edit_from_before_its_create_was_parked_is_not_sent_before_it_is_offered() {
    let mirror = mirror().await;
    posted(&mirror.store.client, "A").await;
    let item = mirror.prepare("posts", 1).await;
    mirror.store.client.patch("/posts/1", &json!({"title": "B"})).await.with(200);
    let failed = json!({"failed": {"detail": "no answer", "parked": true}});
    assert_eq!(mirror.settle("posts", &item, failed.clone()).await["state"], "refused");
    assert_eq!(mirror.outstanding("posts").await, Vec::<Value>::new());
    assert_eq!(mirror.prepare("posts", 1).await["action"], "nothing");
    // An edit after that, and an offer, are.
    mirror.store.client.patch("/posts/1", &json!({"title": "C"})).await.with(200);
    assert_eq!(mirror.outstanding("posts").await, [1]);
    let item = mirror.prepare("posts", 1).await;
    assert_eq!((&item["outcome_unknown"], &item["fields"]["title"]), (&json!(true), &json!("A")));
    assert_eq!(mirror.settle("posts", &item, failed).await["state"], "refused");
    let offer = json!({"resource": "post", "ids": ["1"]});
    mirror.store.client.post("/v1/sync/offer", &offer).await.with(202);
    let item = mirror.prepare("posts", 1).await;
    mirror.settle("posts", &item, json!({"sent": {"remote_id": 7}})).await;
    assert_eq!(mirror.prepare("posts", 1).await["fields"]["title"], "C");
}

#[tokio::test]
async fn without_an_attempt_equal_contents_are_another_record() {
    let mirror = mirror().await;
    posted(&mirror.store.client, "A").await;
    assert_eq!(counts(&mirror.load("posts", &[remote_post(7, "A")]).await), [1, 0, 0, 0, 0]);
    assert_eq!(mirror.shown("/posts/1").await["remote_id"], Value::Null);
}

#[tokio::test]
async fn a_parked_create_of_unknown_outcome_is_shown_as_that_and_looked_up_when_it_is_offered() {
    let mirror = mirror().await;
    posted(&mirror.store.client, "A").await;
    let item = mirror.prepare("posts", 1).await;
    let failed = json!({"failed": {"detail": "no answer", "parked": true}});
    assert_eq!(mirror.settle("posts", &item, failed).await["state"], "refused");
    let shown = mirror.shown("/posts/1").await;
    assert_eq!(shown["mirror"], json!({"state": "unknown", "detail": "no answer"}));
    assert_eq!(mirror.prepare("posts", 1).await["action"], "nothing");
    let offer = json!({"resource": "post", "ids": ["1"]});
    mirror.store.client.post("/v1/sync/offer", &offer).await.with(202);
    let again = mirror.prepare("posts", 1).await;
    assert_eq!((&again["action"], &again["outcome_unknown"]), (&json!("create"), &json!(true)));
    assert_eq!(again["attempt"], item["attempt"]);
}

#[tokio::test]
async fn a_create_that_was_refused_for_good_has_no_attempt_left() {
    let mirror = mirror().await;
    posted(&mirror.store.client, "A").await;
    let item = mirror.prepare("posts", 1).await;
    let refused = json!({"failed": {"detail": "400", "parked": true, "not_created": true}});
    assert_eq!(mirror.settle("posts", &item, refused).await["state"], "refused");
    assert_eq!(mirror.shown("/posts/1").await["mirror"]["state"], "parked");
}
