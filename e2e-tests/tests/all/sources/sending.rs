//! How a flush sends many records: some are prepared while others are sent, and one that ends early knows what
//! it has not begun.

use sample_sources::remote::{Kind, Options};
use sample_sources::steering::{Action, Rule};
use serde_json::json;
use test_kit::eventually;

use super::mirror_world::World;

/// More than are prepared at once.
const POSTS: usize = 450;

/// A store with posts that the remote has not got.
async fn world() -> World {
    let world = World::with(Options::default(), &[]).await;
    let place = format!(
        "insert into posts (title, body, user_id, version, created_at, modified_at, changed_version, sent_version)
         select 'New ' || n, 'A text.', 1, 1, now(), now(), 1, 0 from generate_series(1, {POSTS}) n"
    );
    world.stack.store_runs(&place).await;
    world
}

impl World {
    fn delay(&self, milliseconds: u64) {
        self.remote.steering().add(Rule::new(Action::Delay { ms: milliseconds })).unwrap();
    }

    /// The number of creates whose outcome the store does not know.
    async fn unknown(&self) -> i64 {
        self.stack.store_count("posts where attempt is not null").await
    }

    async fn sent(&self) -> usize {
        self.stack.store_count("posts where remote_id is not null").await.try_into().unwrap()
    }

    /// All posts are at the remote, and each was created once.
    async fn assert_all_created_once(&self) {
        assert_eq!(self.at_remote(Kind::Posts).len(), POSTS);
        assert_eq!(self.requests("POST /posts"), POSTS as u64);
        self.assert_equal().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_records_are_prepared_while_some_are_sent() {
    let world = world().await;
    world.delay(100);
    let prepared = eventually("400 are prepared", async || {
        (world.unknown().await + i64::try_from(world.sent().await).unwrap() >= 400).then_some(())
    });
    let looking = async {
        prepared.await;
        world.requests("POST /posts")
    };
    let (counts, begun) = tokio::join!(world.runs("flush"), looking);
    assert!(begun < 200, "{begun} of the first 200 had been begun");
    assert_eq!(counts["created"], POSTS);
    assert_eq!(world.remote.steering().counts().most_at_once, 8);
    world.assert_all_created_once().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_create_that_was_prepared_and_never_begun_is_known_to_be_none() {
    let world = world().await;
    // Of these answers it is certain that they create nothing.
    world.remote.steering().add(Rule::new(Action::status(401)).method("POST")).unwrap();
    let run = world.run("flush").await;
    assert_eq!(run["failure"]["reason"], "unauthorized", "{}", run.text);
    assert!(world.requests("POST /posts") <= 8);
    assert_eq!(world.unknown().await, 0);
    let failed = world.stack.store_count("posts where failures > 0").await;
    assert_eq!(failed, 1, "it is the failure of the one that met it first");
    world.remote.steering().reset();
    assert_eq!(world.runs("flush").await["created"], POSTS);
    assert_eq!(world.requests("GET /posts"), 0, "nothing had to be looked up");
    world.assert_all_created_once().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_asked_to_stop_waits_for_what_is_under_way_and_knows_what_became_of_it() {
    let mut world = world().await;
    world.delay(100);
    let worker = world.worker.clone();
    let flush = tokio::spawn(async move { worker.post("/v1/mirror/flush", &json!(null)).await });
    world.remote.steering().until(|counts| counts.of("POST /posts") > 20).await;
    world.stack.worker.stop().await;
    drop(flush);
    let sent = world.sent().await;
    assert_eq!((world.at_remote(Kind::Posts).len(), world.unknown().await), (sent, 0));
    assert!((20..POSTS).contains(&sent), "{sent}");
    assert_eq!(world.stack.store_count("runs where reason = 'stopped'").await, 1);
    world.stack.worker.start().await;
    world.remote.steering().clear();
    world.runs("flush").await;
    world.assert_all_created_once().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_workers_that_are_asked_at_the_same_time_send_each_record_once() {
    let world = world().await;
    let mut second = world.stack.another_worker();
    second.start().await;
    let other = process_kit::secured::client(second.url());
    world.delay(5);
    let flush = async || {
        let run = other.post("/v1/mirror/flush", &json!(null)).await.with(200);
        assert_eq!(run["state"], "succeeded", "{}", run.text);
    };
    tokio::join!(world.runs("flush"), flush(), world.runs("flush"), flush());
    assert!(world.remote.steering().counts().most_at_once <= 8, "two runs at the same time");
    world.assert_all_created_once().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_workers_with_one_schedule_send_each_record_once() {
    let settings = [("MIRROR__INTERVAL", "100ms")];
    let world = World::with(Options::default(), &settings).await;
    let mut second = world.stack.another_worker();
    second.start().await;
    world.delay(5);
    for number in 0..60 {
        world.place(&format!("New {number}")).await;
    }
    eventually("all are sent", async || (world.sent().await == 60).then_some(())).await;
    let runs = world.worker.get("/v1/sources/mirror/runs").await.with(200);
    let is_over = |run: &&serde_json::Value| run["state"] != "running";
    let runs = runs["items"].as_array().unwrap().iter().filter(is_over).collect::<Vec<_>>();
    assert!(runs.len() > 2 && runs.iter().all(|run| run["state"] == "succeeded"), "{runs:?}");
    assert!(world.remote.steering().counts().most_at_once <= 8, "two runs at the same time");
    assert_eq!(world.requests("POST /posts"), 60);
    world.assert_equal().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_of_one_remote_are_not_used_at_another() {
    let options = || Options { seed_posts: Some(3), ..Options::default() };
    let world = World::with(options(), &[]).await;
    world.runs("load").await;
    world.edit(&world.at_store("posts").await[0], "Edited").await;
    let other = sample_sources::remote::Remote::start(options()).await.unwrap();
    let moved = world.stack.worker.with("moved", "WORKER", &[("MIRROR__URL", &*other.url())]);
    for task in ["flush", "load"] {
        let output = moved.run(&[task]).await;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(!output.status.success() && said.contains("another_remote"), "{output:?}");
        assert!(said.contains("load --same-remote"), "{said}");
    }
    assert_eq!(other.steering().counts().requests, 0);
    // It is the same service: it has the same records.
    let load = moved.run(&["load", "--same-remote"]).await;
    assert!(load.status.success(), "{load:?}");
    for _ in 0..2 {
        let flush = moved.run(&["flush"]).await;
        assert!(flush.status.success(), "{flush:?}");
    }
    assert_eq!(other.record(Kind::Posts, 1).unwrap()["title"], "Edited");
    let run = world.run("flush").await;
    assert_eq!(run["failure"]["reason"], "another_remote", "{}", run.text);
    assert_eq!(world.requests("PUT /posts/{id}"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_posts_are_loaded_and_sent_in_the_memory_of_a_thousand() {
    let mut world = World::with(Options::default(), &[]).await;
    let mut peaks = vec![];
    for posts in [1_000, 10_000] {
        for number in world.at_remote(Kind::Posts).len()..posts {
            let post = json!({"title": format!("Post {number}"), "userId": 1, "body": "A text. ".repeat(250)});
            world.remote.create(Kind::Posts, post.as_object().unwrap().clone()).unwrap();
        }
        // A worker that was just started: the peak is of its whole life.
        world.stack.worker.stop().await;
        world.stack.worker.start().await;
        world.runs("load").await;
        let edit = "update posts set title = title || '!', version = version + 1, changed_version = version + 1";
        world.stack.store_runs(edit).await;
        let counts = world.runs("flush").await;
        assert_eq!(counts["updated"], posts, "{counts}");
        peaks.push(peak(&world));
        world.remote.steering().forget();
    }
    // All of them are 20 MB, as text alone.
    assert!(peaks[1] < peaks[0] * 5 / 4, "{peaks:?} kB");
}

/// The most memory that the worker has had, in kB.
fn peak(world: &World) -> u64 {
    let pid = world.stack.worker.process().unwrap().identity().pid;
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
