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
    let fails = Action::Status { status: 500, retry_after: None };
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
async fn an_id_that_the_remote_gives_again_after_a_lost_answer_to_a_removal_collides_with_nothing()
{
    let options = Options { seed_posts: Some(3), reuse_ids: true, ..Options::default() };
    let world = World::with(options, &[("MIRROR__TRIES", "2")]).await;
    world.runs("load").await;
    // The removal is carried out, and all that the store hears is that it failed.
    let steering = world.remote.steering();
    steering
        .add(Rule::new(Action::ApplyThenClose).method("DELETE").path("/posts/3").times(1))
        .unwrap();
    let fails = Action::Status { status: 500, retry_after: None };
    steering.add(Rule::new(fails).method("DELETE").path("/posts/3")).unwrap();
    let listed = world.store.get("/posts/?page_size=100").await.with(200);
    let third = listed["results"].as_array().unwrap().iter().find(|post| post["remote_id"] == 3);
    world.store.delete(&super::mirror_world::path(third.unwrap())).await.with(204);
    let post = world.place("In its place").await;
    world.run("flush").await;
    assert_eq!(world.post(&post).await["remote_id"], 3);
    let removals = world.requests("DELETE /posts/3");
    steering.clear();
    let counts = world.runs("flush").await;
    assert_eq!(world.requests("DELETE /posts/3"), removals, "{counts}");
    world.runs("load").await;
    world.assert_equal().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_404_of_a_gateway_creates_nothing_anew() {
    let world = World::new().await;
    world.runs("load").await;
    let post = world.at_store("posts").await.remove(0);
    let missing = Action::Status { status: 404, retry_after: None };
    let rule = Rule::new(missing).method("PUT").path("/posts/1").times(1);
    world.remote.steering().add(rule).unwrap();
    world.edit(&post, "Edited").await;
    let run = world.run("flush").await;
    assert_eq!(
        (&run["counts"]["parked"], &run["counts"]["created"]),
        (&json!(1), &json!(0)),
        "{}",
        run.text
    );
    world.edit(&post, "Edited again").await;
    world.runs("flush").await;
    world.assert_equal().await;
    assert_eq!(world.at_remote(Kind::Posts).len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_is_gone_at_a_remote_without_a_list_is_parked_and_the_others_go_on() {
    let world = World::new().await;
    world.runs("load").await;
    let posts = world.at_store("posts").await;
    assert!(world.remote.remove(Kind::Posts, 1).unwrap());
    let missing = Action::Status { status: 404, retry_after: None };
    world.remote.steering().add(Rule::new(missing).method("GET").path("/posts")).unwrap();
    for post in &posts[..2] {
        world.edit(post, "Edited").await;
    }
    // The others go on.
    for _ in 0..3 {
        world.runs("flush").await;
        assert_eq!(world.post(&posts[1]).await["mirror"]["state"], "sent");
        assert!(world.parked().await.is_empty());
    }
    let counts = world.runs("flush").await;
    assert_eq!((&counts["parked"], &counts["created"]), (&json!(1), &json!(0)), "{counts}");
    assert_eq!(world.parked().await[0]["key"], json!(posts[0]["id"].to_string()));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_comments_of_a_post_that_is_created_anew_follow_it() {
    let world = World::new().await;
    world.runs("load").await;
    let post = world.at_store("posts").await.remove(0);
    // Others remove the post there, with its comments, and it is edited here.
    assert!(world.remote.remove(Kind::Posts, 1).unwrap());
    world.edit(&post, "Edited").await;
    world.runs("flush").await;
    assert_eq!(world.post(&post).await["remote_id"], 4);
    let comments = world.at_remote(Kind::Comments);
    let of_it = comments.iter().filter(|comment| comment["postId"] == 4).count();
    assert_eq!((of_it, comments.len()), (5, 15));
    world.runs("load").await;
    world.assert_equal().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_remote_that_forbids_removals_gets_what_is_new_all_the_same() {
    let world = World::new().await;
    world.runs("load").await;
    let forbids = Action::Status { status: 403, retry_after: None };
    world.remote.steering().add(Rule::new(forbids).method("DELETE")).unwrap();
    let removed = world.at_store("posts").await.remove(0);
    world.store.delete(&super::mirror_world::path(&removed)).await.with(204);
    let post = world.place("New").await;
    let comment = world.comment(&post).await;
    let run = world.run("flush").await;
    assert_eq!(run["failure"]["reason"], "forbidden", "{}", run.text);
    assert_eq!(world.post(&post).await["remote_id"], 4);
    let comment = world.store.get(&format!("/comments/{}/", comment["id"])).await.with(200);
    assert_eq!(comment["remote_id"], 16, "comments come after posts");
    world.remote.steering().clear();
    world.runs("flush").await;
    world.assert_equal().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_remote_that_knows_no_removals_gets_edits_and_what_is_new_all_the_same() {
    let world = World::new().await;
    world.runs("load").await;
    let unknown = Action::Status { status: 405, retry_after: None };
    world.remote.steering().add(Rule::new(unknown).method("DELETE")).unwrap();
    let mut posts = world.at_store("posts").await;
    // With five comments: so many refusals in a row end a run.
    world.store.delete(&super::mirror_world::path(&posts.remove(0))).await.with(204);
    world.edit(&posts[0], "Edited").await;
    let new = world.place("New").await;
    let run = world.run("flush").await;
    assert_eq!(run["failure"]["reason"], "status_405", "{}", run.text);
    assert_eq!(world.post(&new).await["remote_id"], 4);
    assert_eq!(world.post(&posts[0]).await["mirror"]["state"], "sent");
    world.remote.steering().clear();
    eventually("the removals are sent", async || {
        world.worker.post("/v1/parked/replay", &json!({"all": true})).await.with(200);
        world.runs("flush").await;
        (world.at_remote(Kind::Posts).len() == 3).then_some(())
    })
    .await;
    world.runs("load").await;
    world.assert_equal().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_answers_404_to_every_single_record_makes_nothing_gone() {
    let world = World::new().await;
    world.runs("load").await;
    let missing = Action::Status { status: 404, retry_after: None };
    world.remote.steering().add(Rule::new(missing).path("/posts/*")).unwrap();
    let mut posts = world.at_store("posts").await;
    world.edit(&posts[1], "Edited").await;
    world.store.delete(&super::mirror_world::path(&posts.remove(0))).await.with(204);
    let counts = world.runs("flush").await;
    assert_eq!((&counts["parked"], &counts["created"]), (&json!(2), &json!(0)), "{counts}");
    let parked = world.parked().await;
    let why = parked.iter().map(|it| it["reason"].as_str().unwrap()).collect::<Vec<_>>();
    assert!(why.iter().all(|it| it.contains("but its list has the record")), "{why:?}");
    world.remote.steering().clear();
    eventually("what was parked is sent", async || {
        world.worker.post("/v1/parked/replay", &json!({"all": true})).await.with(200);
        world.runs("flush").await;
        (world.at_remote(Kind::Posts).len() == 2).then_some(())
    })
    .await;
    world.runs("load").await;
    world.assert_equal().await;
    assert_eq!(world.at_store("posts").await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn comments_are_removed_before_their_post_takes_them_along() {
    let options = Options { seed_posts: Some(3), reuse_ids: true, ..Options::default() };
    let world = World::with(options, &[]).await;
    world.runs("load").await;
    let last = world.at_store("posts").await.pop().unwrap();
    world.store.delete(&super::mirror_world::path(&last)).await.with(204);
    world.runs("flush").await;
    let deletes = world.remote.steering().ledger();
    let deletes = deletes.iter().filter(|it| it.method == "DELETE");
    let deletes = deletes.map(|it| (it.path.clone(), it.status)).collect::<Vec<_>>();
    assert_eq!(deletes.len(), 6, "{deletes:?}");
    assert!(deletes[..5].iter().all(|(path, _)| path.starts_with("/comments/")), "{deletes:?}");
    assert!(deletes.iter().all(|(_, status)| *status == Some(200)), "{deletes:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_that_is_given_again_after_a_removal_there_and_here_is_another_record() {
    let options = Options { seed_posts: Some(3), reuse_ids: true, ..Options::default() };
    let world = World::with(options, &[]).await;
    world.runs("load").await;
    let refuses = Action::Status { status: 422, retry_after: None };
    world.remote.steering().add(Rule::new(refuses).method("DELETE").path("/posts/3")).unwrap();
    let last = world.at_store("posts").await.pop().unwrap();
    world.store.delete(&super::mirror_world::path(&last)).await.with(204);
    world.runs("flush").await;
    // Others remove it there, which a load notices, and place another one.
    assert!(world.remote.remove(Kind::Posts, 3).unwrap());
    world.runs("load").await;
    let fields = json!({"title": "Theirs", "body": "A text.", "userId": 1});
    world.remote.create(Kind::Posts, fields.as_object().unwrap().clone()).unwrap();
    world.runs("load").await;
    world.assert_equal().await;
    assert_eq!(world.at_store("posts").await[2]["title"], "Theirs");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_record_is_not_taken_for_one_with_the_same_contents_that_was_created() {
    let world = World::new().await;
    let [first, second] = [world.place("Same").await, world.place("Same").await];
    // The first is not carried out, the second is, and both answers are lost: no look-up is answered either.
    let steering = world.remote.steering();
    steering.add(Rule::new(Action::Close).method("POST").path("/posts").times(1)).unwrap();
    steering.add(Rule::new(Action::ApplyThenClose).method("POST").path("/posts").times(1)).unwrap();
    let fails = Action::Status { status: 500, retry_after: None };
    steering.add(Rule::new(fails).method("GET").path("/posts")).unwrap();
    world.run("flush").await;
    for post in [&first, &second] {
        assert_eq!(world.post(post).await["mirror"]["state"], "unknown");
    }
    world.store.delete(&super::mirror_world::path(&first)).await.with(204);
    steering.clear();
    eventually("all is decided", async || {
        world.worker.post("/v1/parked/replay", &json!({"all": true})).await.with(200);
        world.run("flush").await;
        (world.post(&second).await["mirror"]["state"] == "sent").then_some(())
    })
    .await;
    assert_eq!(world.requests("DELETE /posts/{id}"), 0);
    assert_eq!(world.post(&second).await["remote_id"], 4);
    assert_eq!(world.requests("POST /posts"), 2);
}
