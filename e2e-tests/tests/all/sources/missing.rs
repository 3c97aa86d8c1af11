//! Records that are removed, or seem to be gone, at the remote or here.

use sample_sources::remote::{Kind, Options};
use sample_sources::steering::{Action, Rule};
use serde_json::json;
use test_kit::eventually;

use super::mirror_world::World;

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
    let fails = Action::status(500);
    steering.add(Rule::new(fails).method("DELETE").path("/posts/3")).unwrap();
    let listed = world.store.get("/posts/?page_size=100").await.with(200);
    let third = listed["results"].as_array().unwrap().iter().find(|post| post["remote_id"] == 3);
    world.remove(third.unwrap()).await;
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
    let missing = Action::status(404);
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
    let missing = Action::status(404);
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
    let forbids = Action::status(403);
    world.remote.steering().add(Rule::new(forbids).method("DELETE")).unwrap();
    let removed = world.at_store("posts").await.remove(0);
    world.remove(&removed).await;
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
    let unknown = Action::status(405);
    world.remote.steering().add(Rule::new(unknown).method("DELETE")).unwrap();
    let mut posts = world.at_store("posts").await;
    // With five comments: so many refusals in a row end a run.
    world.remove(&posts.remove(0)).await;
    world.edit(&posts[0], "Edited").await;
    let new = world.place("New").await;
    let run = world.run("flush").await;
    assert_eq!(run["failure"]["reason"], "status_405", "{}", run.text);
    assert_eq!(world.post(&new).await["remote_id"], 4);
    assert_eq!(world.post(&posts[0]).await["mirror"]["state"], "sent");
    world.remote.steering().clear();
    eventually("the removals are sent", async || {
        world.replay_all().await;
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
    let missing = Action::status(404);
    world.remote.steering().add(Rule::new(missing).path("/posts/*")).unwrap();
    let mut posts = world.at_store("posts").await;
    world.edit(&posts[1], "Edited").await;
    world.remove(&posts.remove(0)).await;
    let counts = world.runs("flush").await;
    assert_eq!((&counts["parked"], &counts["created"]), (&json!(2), &json!(0)), "{counts}");
    let parked = world.parked().await;
    let why = parked.iter().map(|it| it["reason"].as_str().unwrap()).collect::<Vec<_>>();
    assert!(why.iter().all(|it| it.contains("but its list has the record")), "{why:?}");
    world.remote.steering().clear();
    eventually("what was parked is sent", async || {
        world.replay_all().await;
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
    world.remove(&last).await;
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
    let refuses = Action::status(422);
    world.remote.steering().add(Rule::new(refuses).method("DELETE").path("/posts/3")).unwrap();
    let last = world.at_store("posts").await.pop().unwrap();
    world.remove(&last).await;
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
