//! Creates of which the answer was lost, at a remote that keeps no marker of them.

use sample_sources::remote::{Kind, Options};
use sample_sources::steering::{Action, Rule};
use serde_json::json;
use test_kit::eventually;

use super::mirror_world::World;

/// The remote carries so many creates out, and their answers are lost.
fn lose_answers(world: &World, count: u64) {
    let rule = Rule::new(Action::ApplyThenClose).method("POST").path("/posts").times(count);
    world.remote.steering().add(rule).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn two_lost_answers_with_the_same_contents_are_two_records_and_none_is_parked() {
    let world = World::new().await;
    lose_answers(&world, 2);
    let posts = [world.place("Same").await, world.place("Same").await];
    let counts = world.runs("flush").await;
    assert_eq!((&counts["created"], &counts["parked"]), (&json!(2), &json!(0)), "{counts}");
    assert_eq!(world.requests("POST /posts"), 2);
    let mut ids = vec![];
    for post in &posts {
        ids.push(world.post(post).await["remote_id"].as_i64().unwrap());
    }
    ids.sort_unstable();
    assert_eq!(ids, [4, 5]);
    // A load brings the others, and finds nothing changed.
    let loaded = world.runs("load").await;
    assert_eq!((&loaded["updated"], &loaded["conflicts"]), (&json!(0), &json!(0)), "{loaded}");
    world.assert_equal().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_was_not_created_beside_the_same_contents_is_sent_again() {
    let world = World::new().await;
    world.place("Same").await;
    world.runs("flush").await;
    // The remote fails, and creates nothing; the other one's record is all that is found.
    let fails = Action::status(500);
    let rule = Rule::new(fails).method("POST").path("/posts").times(1);
    world.remote.steering().add(rule).unwrap();
    let post = world.place("Same").await;
    world.runs("flush").await;
    assert_eq!(world.post(&post).await["remote_id"], 5);
    assert_eq!(world.at_remote(Kind::Posts).len(), 5);
    // A load brings the others, and finds nothing changed.
    let loaded = world.runs("load").await;
    assert_eq!((&loaded["updated"], &loaded["conflicts"]), (&json!(0), &json!(0)), "{loaded}");
    world.assert_equal().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_remote_that_heeds_keys_is_not_asked_for_contents() {
    let options = Options { seed_posts: Some(3), idempotency: true, ..Options::default() };
    let world = World::with(options, &[("MIRROR__IDEMPOTENCY_HEADER", "Idempotency-Key")]).await;
    lose_answers(&world, 1);
    // The same contents as another one's, which nobody here has.
    let fields = json!({"title": "Same", "body": "A text.", "userId": 1});
    world.remote.create(Kind::Posts, fields.as_object().unwrap().clone()).unwrap();
    let post = world.place("Same").await;
    world.runs("flush").await;
    assert_eq!(world.post(&post).await["remote_id"], 5);
    assert_eq!(world.at_remote(Kind::Posts).len(), 5);
    assert_eq!((world.requests("POST /posts"), world.requests("GET /posts")), (2, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_several_without_the_record_does_not_say_that_it_was_not_created() {
    let options = Options { seed_posts: Some(3), ..Options::default() };
    let world = World::with(options, &[("MIRROR__POSTS", "{url}/posts?_page=1&_limit=1")]).await;
    let fields = json!({"title": "Same", "body": "Another text.", "userId": 1});
    world.remote.create(Kind::Posts, fields.as_object().unwrap().clone()).unwrap();
    lose_answers(&world, 1);
    let post = world.place("Same").await;
    let run = world.run("flush").await;
    assert_eq!(run["counts"]["parked"], 1, "{}", run.text);
    let shown = world.post(&post).await;
    assert_eq!(shown["mirror"]["state"], "unknown");
    let detail = shown["mirror"]["detail"].as_str().unwrap();
    assert!(detail.contains("listed a part of its records"), "{detail}");
    assert_eq!(world.requests("POST /posts"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_record_is_not_taken_for_one_with_the_same_contents_that_was_created() {
    let world = World::new().await;
    let [first, second] = [world.place("Same").await, world.place("Same").await];
    // The first is not carried out, the second is, and both answers are lost: no look-up is answered either.
    let steering = world.remote.steering();
    steering.add(Rule::new(Action::Close).method("POST").path("/posts").times(1)).unwrap();
    steering.add(Rule::new(Action::ApplyThenClose).method("POST").path("/posts").times(1)).unwrap();
    let fails = Action::status(500);
    steering.add(Rule::new(fails).method("GET").path("/posts")).unwrap();
    world.run("flush").await;
    for post in [&first, &second] {
        assert_eq!(world.post(post).await["mirror"]["state"], "unknown");
    }
    world.remove(&first).await;
    steering.clear();
    eventually("all is decided", async || {
        world.replay_all().await;
        world.run("flush").await;
        (world.post(&second).await["mirror"]["state"] == "sent").then_some(())
    })
    .await;
    assert_eq!(world.requests("DELETE /posts/{id}"), 0);
    assert_eq!(world.post(&second).await["remote_id"], 4);
    assert_eq!(world.requests("POST /posts"), 2);
}
