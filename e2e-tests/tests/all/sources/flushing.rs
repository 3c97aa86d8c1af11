//! Sending to the remote what changed here.

use std::collections::BTreeSet;

use sample_sources::remote::{Kind, Options};
use sample_sources::steering::{Action, Rate, RetryAfter, Rule};
use serde_json::{Value, json};
use test_kit::eventually;

use super::mirror_world::{World, path};

#[tokio::test(flavor = "multi_thread")]
async fn creates_edits_and_removals_arrive_and_the_id_of_the_remote_is_kept() {
    // The fault that is ruled out: the id that the remote gave was never kept, so an update went to
    // `/posts/None`. And comments were captured and then ignored.
    let world = World::new().await;
    world.runs("load").await;
    let post = world.place("New").await;
    world.comment(&post).await;
    let counts = world.runs("flush").await;
    assert_eq!(counts["created"], 2, "{counts}");
    world.assert_equal().await;
    let post = world.post(&post).await;
    assert_eq!(post["remote_id"], 4);
    world.edit(&post, "Edited").await;
    world.runs("flush").await;
    assert_eq!(world.at_remote(Kind::Posts)[3]["title"], "Edited");
    assert_eq!((world.requests("POST /posts"), world.requests("PUT /posts/{id}")), (1, 1));
    world.store.delete(&path(&post)).await.with(204);
    world.runs("flush").await;
    world.assert_equal().await;
    assert_eq!(world.at_remote(Kind::Posts).len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_between_two_flushes_is_one_request_or_none() {
    let world = World::new().await;
    let post = world.place("1").await;
    for title in ["2", "3", "4"] {
        world.edit(&post, title).await;
    }
    let gone = world.place("gone").await;
    world.store.delete(&path(&gone)).await.with(204);
    world.runs("flush").await;
    assert_eq!((world.requests("POST /posts"), world.requests("PUT /posts/{id}")), (1, 0));
    assert_eq!(world.at_remote(Kind::Posts)[3]["title"], "4");
    for title in ["5", "6", "7"] {
        world.edit(&post, title).await;
    }
    world.runs("flush").await;
    assert_eq!((world.requests("POST /posts"), world.requests("PUT /posts/{id}")), (1, 1));
    assert_eq!(world.at_remote(Kind::Posts)[3]["title"], "7");
    let quiet = world.remote.steering().counts().applied;
    world.runs("flush").await;
    assert_eq!(world.remote.steering().counts().applied, quiet, "nothing is sent again");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_lost_creates_nothing_twice() {
    for action in [Action::ApplyThenClose, Action::ApplyThenHang, Action::CloseInBody] {
        let world = World::new().await;
        let rule = Rule::new(action.clone()).method("POST").path("/posts").times(1);
        world.remote.steering().add(rule).unwrap();
        let post = world.place("Once").await;
        world.runs("flush").await;
        let there = world.at_remote(Kind::Posts);
        assert_eq!((there.len(), &there[3]["title"]), (4, &json!("Once")), "{action:?}");
        assert_eq!(world.post(&post).await["remote_id"], 4, "{action:?}");
        assert_eq!(world.requests("POST /posts"), 1, "{action:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_goes_with_a_create_where_the_remote_takes_one() {
    let options = Options { seed_posts: Some(3), idempotency: true, ..Options::default() };
    let settings =
        [("MIRROR__IDEMPOTENCY_HEADER", "Idempotency-Key"), ("MIRROR__MARKER_FIELD", "clientKey")];
    let world = World::with(options, &settings).await;
    let rule = Rule::new(Action::ApplyThenClose).method("POST").path("/posts").times(1);
    world.remote.steering().add(rule).unwrap();
    // The same contents as another one's: only the key tells them apart.
    let fields = json!({"title": "Same", "body": "A text.", "userId": 1});
    world.remote.create(Kind::Posts, fields.as_object().unwrap().clone()).unwrap();
    let post = world.place("Same").await;
    world.runs("flush").await;
    assert_eq!(world.at_remote(Kind::Posts).len(), 5);
    assert_eq!(world.post(&post).await["remote_id"], 5);
    let ledger = world.remote.steering().ledger();
    let create = ledger.iter().find(|entry| entry.method == "POST").unwrap();
    let key = create.idempotency_key.clone().unwrap();
    assert_eq!(world.at_remote(Kind::Posts)[4]["clientKey"], json!(key));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_for_a_while_is_sent_again_and_a_retry_after_is_honoured() {
    // The faults that are ruled out: no retry over https, none for a create, and a failed call lost the batch.
    let world = World::new().await;
    for title in ["a", "b", "c"] {
        world.place(title).await;
    }
    let busy = Action::Status { status: 429, retry_after: Some(RetryAfter::Seconds(1)) };
    world.remote.steering().add(Rule::new(busy).method("POST").times(2)).unwrap();
    let failing = Rule::new(Action::status(500)).method("POST").times(2);
    world.remote.steering().add(failing).unwrap();
    world.runs("flush").await;
    world.runs("load").await;
    world.assert_equal().await;
    let there = world.at_remote(Kind::Posts);
    let titles = there[3..].iter().map(|it| it["title"].to_string()).collect::<BTreeSet<_>>();
    assert_eq!(titles.len(), 3, "{titles:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_remote_that_is_away_loses_no_batch_and_blames_no_record() {
    let world = World::new().await;
    for title in ["a", "b", "c"] {
        world.place(title).await;
    }
    world.remote.steering().add(Rule::new(Action::status(503))).unwrap();
    let run = world.run("flush").await;
    assert_eq!(
        (&run["state"], &run["failure"]["reason"]),
        (&json!("failed"), &json!("status_503"))
    );
    assert!(world.parked().await.is_empty());
    world.remote.steering().clear();
    // A 503 says not whether the remote has begun: it is asked, and the creates are sent after the grace.
    eventually("all are created", async || {
        world.runs("flush").await;
        (world.at_remote(Kind::Posts).len() == 6).then_some(())
    })
    .await;
    assert_eq!(world.requests("POST /posts"), 6, "each was refused once");
    world.runs("load").await;
    world.assert_equal().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_remote_refuses_is_parked_alone_and_can_be_replayed() {
    let world = World::new().await;
    world.runs("load").await;
    let posts = world.at_store("posts").await;
    for post in &posts {
        world.edit(post, "Edited").await;
    }
    world
        .remote
        .steering()
        .add(Rule::new(Action::status(422)).method("PUT").path("/posts/2"))
        .unwrap();
    let counts = world.runs("flush").await;
    assert_eq!((&counts["updated"], &counts["parked"]), (&json!(2), &json!(1)), "{counts}");
    let parked = world.parked().await;
    assert_eq!(parked.len(), 1);
    assert_eq!(
        (&parked[0]["resource"], &parked[0]["key"]),
        (&json!("post"), &json!(posts[1]["id"].to_string()))
    );
    assert!(parked[0]["reason"].as_str().unwrap().contains("422"), "{}", parked[0]);
    world.runs("flush").await;
    assert_eq!(world.requests("PUT /posts/{id}"), 3, "it is not sent again by itself");
    let ids = json!({"ids": [parked[0]["id"]]});
    world.worker.post("/v1/parked/replay", &ids).await.with(200);
    let again = eventually("it is parked once more", async || {
        world.runs("flush").await;
        let parked = world.parked().await;
        parked.into_iter().find(|parked| parked["attempts"] == 2)
    })
    .await;
    assert_eq!((&again["id"], &again["overtaken"]), (&parked[0]["id"], &json!(false)));
    world.remote.steering().clear();
    world.worker.post("/v1/parked/replay", &ids).await.with(200);
    eventually("the parked change is sent", async || {
        world.runs("flush").await;
        (world.at_remote(Kind::Posts)[1]["title"] == "Edited").then_some(())
    })
    .await;
    world.assert_equal().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_remote_that_stores_nothing_and_gives_each_record_one_id_loops_and_collides_nowhere() {
    // As JSONPlaceholder itself does.
    let options = Options { seed_posts: Some(100), faking: true, ..Options::default() };
    let world = World::with(options, &[]).await;
    world.runs("load").await;
    let posts = [world.place("a").await, world.place("b").await];
    let run = world.run("flush").await;
    assert_eq!(run["state"], "succeeded", "{}", run.text);
    assert_eq!(world.requests("POST /posts"), 2);
    let ids = [world.post(&posts[0]).await, world.post(&posts[1]).await];
    let ids = ids.map(|post| post["remote_id"].clone());
    assert!(ids.contains(&json!(101)) && ids.contains(&Value::Null), "{ids:?}");
    assert_eq!(world.parked().await.len(), 1);
    let with_id = if ids[0] == 101 { &posts[0] } else { &posts[1] };
    world.edit(with_id, "edited").await;
    world.run("flush").await;
    // 500 for ever: bounded, and parked.
    assert_eq!(world.requests("PUT /posts/{id}"), 4);
    assert_eq!(world.parked().await.len(), 2);
    let before = world.requests("PUT /posts/{id}");
    world.runs("load").await;
    for post in &posts {
        world.post(post).await;
    }
    assert_eq!(world.requests("PUT /posts/{id}"), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_edits_of_a_few_records_are_a_few_requests_at_the_rate_of_the_remote() {
    let options = Options { seed_posts: Some(20), ..Options::default() };
    let world = World::with(options, &[]).await;
    world.runs("load").await;
    let posts = world.at_store("posts").await;
    for round in 0..10 {
        for post in &posts {
            world.edit(post, &format!("round {round}")).await;
        }
    }
    let rate = Rate { per_second: 50.0, burst: 1 };
    world.remote.steering().limit(Some(rate)).unwrap();
    let counts = world.runs("flush").await;
    assert_eq!(counts["updated"], 20, "{counts}");
    world.remote.steering().limit(None).unwrap();
    world.assert_equal().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flush_on_the_command_line_says_what_it_did() {
    let world = World::new().await;
    world.place("New").await;
    let output = world.stack.worker.run(&["flush"]).await;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && said.contains("1 created"), "{output:?}");
    let load = world.stack.worker.run(&["load", "--json"]).await;
    let run = serde_json::from_slice::<Value>(&load.stdout).unwrap();
    assert_eq!((&run["task"], &run["state"]), (&json!("load"), &json!("succeeded")));
}
