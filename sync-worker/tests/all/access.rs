//! The permissions of each role at the worker, and the tokens that it shows to the sides.

use program_kit::access::Role;
use reqwest::Method;
use serde_json::json;
use sync_worker::http::paths;
use test_kit::{TestTokens, eventually};
use wiremock::matchers::{method, path_regex};
use wiremock::{Mock, ResponseTemplate};

use crate::command_line::BINARY;
use crate::events::{edited, id};
use crate::sides::{FakeSide, applied};
use crate::world::{TestWorker, World};

const OWN: &str = "the-workers-own";

/// A worker that knows the tokens, and is known to the sides by its own.
async fn secured(world: &World, tokens: &TestTokens) -> TestWorker {
    let known = tokens.variables().map(|(name, known)| {
        let name = name.to_lowercase().replace("__", ".");
        format!("{name} = '{known}'\n")
    });
    let own = format!("store.token = '{OWN}'\nwarehouse.token = '{OWN}'\n");
    world.start_worker(&(own + &known.collect::<String>())).await
}

/// Returns the authorization that the store got with each request for this path.
async fn shown_to(world: &World, end: &str) -> Vec<String> {
    let received = world.store.received_of(end).await.into_iter();
    let shown = |request: wiremock::Request| {
        let header = request.headers.get("authorization").map(|value| value.to_str().unwrap());
        header.unwrap_or("nothing").to_owned()
    };
    received.map(shown).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_route_is_for_those_for_whom_its_rule_is() {
    let (world, tokens) = (World::new().await, TestTokens::random());
    let worker = secured(&world, &tokens).await;
    worker.client().assert_keeps_to_its_rules(&paths(), &tokens).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_worker_shows_its_own_token_and_for_others_theirs() {
    let (world, tokens) = (World::new().await, TestTokens::random());
    let anything = Mock::given(method("POST")).and(path_regex("/v1/(relay|parked)/.*"));
    world.store.mount(anything.respond_with(ResponseTemplate::new(403))).await;
    let worker = secured(&world, &tokens).await;
    let own = format!("Bearer {OWN}");
    for end in ["/v1/sync/offer", "/health/ready"] {
        let told = async || shown_to(&world, end).await.first().cloned();
        assert_eq!(eventually("the store is asked", told).await, own, "{end}");
    }
    let admin = tokens.of(Role::Admin);
    let client = worker.client().with_token(admin);
    let pause = client.request(Method::POST, "/v1/directions/store-to-warehouse/pause");
    assert_eq!(client.send(pause).await.status, 403, "what the store says is passed on");
    client.post("/v1/parked/drop?side=store", &json!({"all": true})).await.with(403);
    for end in ["/v1/relay/pause", "/v1/parked/drop"] {
        let theirs = format!("Bearer {}", admin.expose());
        assert_eq!(shown_to(&world, end).await, [theirs], "{end}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_shows_the_token_that_it_is_given_and_never_says_it() {
    let world = World::new().await;
    let (store, warehouse) = (world.store.url(), world.warehouse.url());
    let settings =
        [("STORE__URL", &*store), ("WAREHOUSE__URL", &*warehouse), ("STORE__TOKEN", OWN)];
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "hunter2\n").unwrap();
    let named = ["parked", "list", "--token-file", file.path().to_str().unwrap()];
    let output = BINARY.run(&named, &settings).await;
    assert_eq!(shown_to(&world, "/v1/parked").await, ["Bearer hunter2"]);
    assert!(!String::from_utf8_lossy(&output.stderr).contains("hunter2"));
    let asked = Mock::given(method("GET")).and(path_regex("^/v1/parked$"));
    world.store.mount(asked.respond_with(ResponseTemplate::new(401))).await;
    let output = BINARY.run(&["parked", "list"], &settings).await;
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("WORKER_TOKEN") && said.lines().count() == 1, "{said}");
    assert_eq!(
        shown_to(&world, "/v1/parked").await[1],
        "nothing",
        "the worker lends nobody its own"
    );
    std::fs::write(file.path(), "hunter2 two words").unwrap();
    let said = String::from_utf8(BINARY.run(&named, &settings).await.stderr).unwrap();
    assert!(
        said.contains("expected a token of ASCII letters") && !said.contains("hunter2"),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_worker_does_not_go_where_an_answer_points() {
    let (world, worker) = World::with_worker().await;
    let elsewhere = FakeSide::start().await;
    let url = format!("{}/v1/sync/orders", elsewhere.url());
    world
        .warehouse
        .answer_changes(move |_| ResponseTemplate::new(307).insert_header("location", &*url));
    world.publish_all(&[edited(id(), 1)]).await;
    worker.wait_for_counter("given_back", 1).await;
    assert!(elsewhere.requests().await.is_empty());
    world.warehouse.answer_changes(applied);
    worker.wait_for_counter("carried", 1).await;
}
