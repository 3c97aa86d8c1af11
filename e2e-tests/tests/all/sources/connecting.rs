//! Sources as their settings connect them: other places and names, and the schedule alone.

use std::collections::BTreeMap;

use e2e_tests::Stack;
use sample_sources::remote::{self, Kind, Remote};
use sample_sources::upstream::{self, FIRST_USER, Upstream};
use serde_json::{Value, json};
use test_kit::{TestBroker, TestClient, eventually};

/// The title and the text of each post, by its id at the remote.
type Posts = BTreeMap<i64, (Value, Value)>;

async fn of_the_store(store: &TestClient) -> Posts {
    let page = store.get("/posts/?page_size=100").await.with(200);
    let post = |post: &Value| {
        Some((post["remote_id"].as_i64()?, (post["title"].clone(), post["body"].clone())))
    };
    page["results"].as_array().unwrap().iter().filter_map(post).collect()
}

fn of_the_remote(remote: &Remote) -> Posts {
    let post = |record| {
        let post = Value::from(record);
        Some((post["id"].as_i64()?, (post["headline"].clone(), post["text"].clone())))
    };
    remote.records(Kind::Posts).into_iter().filter_map(post).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_remote_with_other_names_and_places_is_mirrored_by_the_schedule_alone() {
    let options = remote::Options { seed_posts: Some(0), ..remote::Options::default() };
    let remote = Remote::start(options).await.unwrap();
    let there = json!({"author": 3, "headline": "There", "text": "A text."});
    remote.create(Kind::Posts, there.as_object().unwrap().clone()).unwrap();
    let url = remote.url();
    let posts = format!("{url}/posts");
    let settings = [
        ("MIRROR__URL", "http://127.0.0.1:9/unused"),
        ("MIRROR__POSTS", &*posts),
        ("MIRROR__COMMENTS", &*format!("{url}/comments")),
        ("MIRROR__INTERVAL", "300ms"),
        ("MIRROR__LOAD_INTERVAL", "300ms"),
        ("MIRROR__FIELDS__USER_ID", "author"),
        ("MIRROR__FIELDS__TITLE", "headline"),
        ("MIRROR__FIELDS__BODY", "text"),
    ];
    let broker = TestBroker::new().await;
    let stack = Stack::start_with(&broker, &settings).await;
    let [store, ..] = stack.clients();
    let here = json!({"title": "Here", "body": "Another text.", "userId": 1});
    store.post("/posts/", &here).await.with(201);
    eventually("both have both", async || {
        let there = of_the_remote(&remote);
        (there.len() == 2 && of_the_store(&store).await == there).then_some(())
    })
    .await;
    assert_eq!(remote.steering().counts().of("POST /posts"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_upstreams_are_pulled_by_the_schedule_each_with_its_own_places_and_credentials() {
    let first = Upstream::start(upstream::Options::default()).await.unwrap();
    let options = upstream::Options {
        users: 2,
        username: "lockstep".to_owned(),
        password: "of acme".to_owned(),
        ..upstream::Options::default()
    };
    let second = Upstream::start(options).await.unwrap();
    second.remove_user(FIRST_USER).unwrap();
    let tokens = format!("{}/auth", second.url());
    let settings = [
        ("UPSTREAM__URL", &*first.url()),
        ("UPSTREAM__USER", "sample"),
        ("UPSTREAM__PASSWORD", "sample"),
        ("UPSTREAM__INTERVAL", "300ms"),
        ("UPSTREAMS__ACME__URL", &*second.url()),
        ("UPSTREAMS__ACME__TOKEN_PATH", &*tokens),
        ("UPSTREAMS__ACME__USER_PATH", "api/v1/iam/users"),
        ("UPSTREAMS__ACME__SITES_PATH", "api/v1/iam/users/{id}/warehouses"),
        ("UPSTREAMS__ACME__USER", "lockstep"),
        ("UPSTREAMS__ACME__PASSWORD", "of acme"),
        ("UPSTREAMS__ACME__INTERVAL", "300ms"),
    ];
    let broker = TestBroker::new().await;
    let stack = Stack::start_with(&broker, &settings).await;
    let [_, warehouse, worker] = stack.clients();
    let source = async |id: u64| {
        let answer = warehouse.get(&format!("/v1/operators/{id}")).await;
        (answer.status == 200).then(|| answer["source"].clone())
    };
    eventually("the operators of both are here", async || {
        let (of_first, of_second) = (source(FIRST_USER).await?, source(FIRST_USER + 1).await?);
        assert_eq!([of_first, of_second], ["upstream", "acme"]);
        Some(())
    })
    .await;
    let runs = worker.get("/v1/sources/acme/runs?limit=1").await.with(200);
    assert_eq!(runs["items"][0]["counts"]["refused"], Value::Null, "{}", runs.text);
}
