//! Loading what the remote has.

use sample_sources::remote::{Kind, Options};
use sample_sources::steering::{Action, Rule};
use serde_json::{Value, json};

use super::mirror_world::{World, path};

fn record(fields: &Value) -> serde_json::Map<String, Value> {
    fields.as_object().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn posts_and_comments_are_loaded_and_never_sent_back() {
    // The fault that is ruled out: the first load was itself captured, and all posts were sent back.
    let world = World::new().await;
    let counts = world.runs("load").await;
    assert_eq!((&counts["created"], &counts["refused"]), (&json!(18), &json!(null)));
    world.assert_equal().await;
    let posts = world.at_store("posts").await;
    assert_eq!((&posts[0]["creator"], &posts[0]["remote_id"]), (&json!(null), &json!(1)));
    world.runs("flush").await;
    for method in ["POST /posts", "PUT /posts/{id}", "DELETE /posts/{id}", "POST /comments"] {
        assert_eq!(world.requests(method), 0, "{method}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changed_at_the_remote_comes_with_the_next_load_and_nothing_else_changes() {
    // The fault that is ruled out: a load never updated.
    let world = World::new().await;
    world.runs("load").await;
    let before = world.at_store("posts").await;
    let changed = record(&json!({"id": 2, "userId": 1, "title": "Another", "body": "b"}));
    world.remote.store(Kind::Posts, 2, changed).unwrap();
    world.remote.remove(Kind::Posts, 3).unwrap();
    let counts = world.runs("load").await;
    assert_eq!((&counts["updated"], &counts["removed"]), (&json!(1), &json!(1)));
    assert_eq!(counts["unchanged"], 11);
    world.assert_equal().await;
    assert_eq!(world.at_store("posts").await[0], before[0], "not even its times");
    let again = world.runs("load").await;
    assert_eq!((&again["unchanged"], &again["updated"]), (&json!(12), &json!(0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_here_that_waits_stands_against_one_there_and_that_is_recorded() {
    let world = World::new().await;
    world.runs("load").await;
    let post = world.at_store("posts").await[0].clone();
    world.edit(&post, "Ours").await;
    let theirs = record(&json!({"id": 1, "userId": 1, "title": "Theirs", "body": "b"}));
    world.remote.store(Kind::Posts, 1, theirs).unwrap();
    let counts = world.runs("load").await;
    assert_eq!(counts["conflicts"], 1);
    assert_eq!(world.post(&post).await["title"], "Ours");
    let conflicts = "changes where resource = 'post' and conflicts is not null";
    assert_eq!(world.stack.store_count(conflicts).await, 1);
    world.runs("flush").await;
    assert_eq!(world.at_remote(Kind::Posts)[0]["title"], "Ours");
    world.assert_equal().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_here_beats_a_removal_there() {
    let world = World::new().await;
    world.runs("load").await;
    let post = world.at_store("posts").await[2].clone();
    world.edit(&post, "Ours").await;
    world.remote.remove(Kind::Posts, 3).unwrap();
    let counts = world.runs("load").await;
    assert_eq!(counts["kept"], 6, "the post, and its comments with it: {counts}");
    world.runs("flush").await;
    world.assert_equal().await;
    let there = world.at_remote(Kind::Posts);
    assert_eq!((there.len(), &there[2]["title"]), (3, &json!("Ours")));
    assert_eq!(world.requests("POST /posts"), 1);
    assert_eq!(world.post(&post).await["remote_id"], there[2]["id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_is_cut_short_removes_nothing() {
    let world = World::new().await;
    world.runs("load").await;
    let cases = [Action::CloseInBody, Action::Malformed, Action::Hang, Action::status(500)];
    for action in cases {
        world
            .remote
            .steering()
            .add(Rule::new(action.clone()).method("GET").path("/posts"))
            .unwrap();
        let run = world.run("load").await;
        assert_eq!(run["state"], "failed", "{action:?}: {}", run.text);
        assert_eq!(world.at_store("posts").await.len(), 3, "{action:?}");
        world.remote.steering().clear();
    }
    assert_eq!(world.runs("load").await["unchanged"], 18);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_remote_that_has_lost_nearly_all_removes_it_here_only_if_a_person_says_so() {
    let options = Options { seed_posts: Some(30), ..Options::default() };
    let world = World::with(options, &[]).await;
    world.runs("load").await;
    for id in 10..=30 {
        world.remote.remove(Kind::Posts, id).unwrap();
    }
    let run = world.run("load").await;
    assert_eq!(
        (&run["state"], &run["failure"]["reason"]),
        (&json!("failed"), &json!("too_many_missing"))
    );
    assert_eq!(world.at_store("posts").await.len(), 30);
    let output = world.stack.worker.run(&["load", "--remove-any"]).await;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && said.contains("21 removed"), "{output:?}");
    assert_eq!(world.at_store("posts").await.len(), 9);
    world.assert_equal().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_with_more_records_than_permitted_removes_nothing() {
    let options = Options { seed_posts: Some(3), ..Options::default() };
    let world = World::with(options, &[("MIRROR__MAX_RECORDS", "15")]).await;
    world.runs("load").await;
    for id in 100..113 {
        let post = record(&json!({"id": id, "userId": 1, "title": "More", "body": "b"}));
        world.remote.store(Kind::Posts, id, post).unwrap();
    }
    let run = world.run("load").await;
    assert_eq!(run["failure"]["reason"], "too_large", "{}", run.text);
    assert!(run["failure"]["detail"].as_str().unwrap().contains("mirror.max_records"));
    assert_eq!(world.stack.store_count("posts where deleted").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_does_not_fit_is_named_and_the_others_come() {
    let world = World::new().await;
    let long = record(&json!({"id": 50, "userId": 1, "title": "x".repeat(101), "body": "b"}));
    world.remote.store(Kind::Posts, 50, long).unwrap();
    let odd = record(&json!({"id": 51, "userId": 1, "title": 7, "body": "b"}));
    world.remote.store(Kind::Posts, 51, odd).unwrap();
    let orphan = json!({"id": 99, "postId": 50, "name": "n", "email": "a@b.example", "body": "b"});
    world.remote.store(Kind::Comments, 99, record(&orphan)).unwrap();
    let run = world.run("load").await;
    assert_eq!((&run["state"], &run["counts"]["refused"]), (&json!("succeeded"), &json!(3)));
    let ids = run["refused"].as_array().unwrap().iter().map(|it| it["id"].clone());
    let mut ids = ids.collect::<Vec<_>>();
    ids.sort_by_key(|id| id.as_str().map(str::to_owned));
    assert_eq!(ids, ["50", "51", "99"]);
    assert_eq!(world.at_store("posts").await.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_removed_here_does_not_come_back_and_is_removed_there() {
    let world = World::new().await;
    world.runs("load").await;
    let post = world.at_store("posts").await[0].clone();
    world.store.delete(&path(&post)).await.with(204);
    world.runs("load").await;
    assert_eq!(world.at_store("posts").await.len(), 2);
    let counts = world.runs("flush").await;
    assert_eq!(world.at_remote(Kind::Posts).len(), 2, "{counts}");
    world.assert_equal().await;
    assert_eq!(world.requests("DELETE /posts/{id}"), 1);
}
