//! Who may do what at the store.

use service_kit::access::Role;
use service_kit::testing::{TestClient, TestService, TestTokens};
use store_svc::{PROGRAM, Store, routes};

use crate::samples::{ORDERS, order, place};

async fn secured(tokens: &TestTokens) -> TestService {
    let access = tokens.settings();
    TestService::start_with::<Store>(PROGRAM.name, routes, |settings| settings.access = access)
        .await
}

fn client(store: &TestService, tokens: &TestTokens, role: Role) -> TestClient {
    store.client.clone().with_token(tokens.of(role))
}

#[tokio::test]
async fn each_route_is_for_those_for_whom_its_rule_is() {
    let tokens = TestTokens::random();
    let store = secured(&tokens).await;
    store.client.assert_keeps_to_its_rules(&routes(), &tokens).await;
}

#[tokio::test]
async fn who_is_refused_changes_nothing() {
    let tokens = TestTokens::random();
    let store = secured(&tokens).await;
    store.client.post(ORDERS, &order()).await.assert_problem(401);
    for role in [Role::Read, Role::Sync] {
        client(&store, &tokens, role).post(ORDERS, &order()).await.assert_problem(403);
    }
    assert_eq!(store.rows().await.orders, 0);
}

#[tokio::test]
async fn each_change_bears_the_name_of_who_made_it() {
    let tokens = TestTokens::random();
    let store = secured(&tokens).await;
    let [write, admin] = [Role::Write, Role::Admin].map(|role| client(&store, &tokens, role));
    let (path, _) = place(&write).await;
    admin.delete(&path).await.with(200);
    let history = write.get(&format!("{path}/changes")).await.with(200);
    let names = history["items"].as_array().unwrap().iter().map(|item| item["principal"].clone());
    assert_eq!(names.collect::<Vec<_>>(), ["write", "admin"]);
}

#[tokio::test]
async fn without_tokens_a_change_bears_no_name_and_pages_of_other_sites_are_refused() {
    let store = TestService::start::<Store>(PROGRAM.name, routes).await;
    let (path, _) = place(&store.client).await;
    let history = store.client.get(&format!("{path}/changes")).await.with(200);
    assert!(history["items"][0]["principal"].is_null());
    let pause = || store.client.request(reqwest::Method::POST, "/v1/relay/pause");
    let from_a_page = pause().header("origin", "https://shop.example");
    store.client.send(from_a_page).await.assert_problem(403);
    store.client.send(pause().header("host", "shop.example")).await.assert_problem(403);
    let relay = store.client.get("/v1/relay").await.with(200);
    assert!(relay["paused_since"].is_null());
    store.client.send(pause().header("origin", "http://localhost:3000")).await.with(200);
}

#[tokio::test]
async fn why_a_service_is_not_ready_is_told_only_to_those_who_may_look() {
    let tokens = TestTokens::random();
    let store = secured(&tokens).await;
    let told = store.client.get("/health/ready").await.with(200);
    assert_eq!((&told["status"], told.body.get("parts")), (&"ready".into(), None));
    let told = client(&store, &tokens, Role::Sync).get("/health/ready").await.with(200);
    assert_eq!(told["parts"]["database"]["state"], "up");
}
