//! The permissions of each role at the store.

use program_kit::access::{Role, Token};
use store_svc::{PROGRAM, records};
use test_kit::{TestClient, TestDatabase, TestService, TestTokens, eventually};

use crate::program::{BROKER, STORE};
use crate::samples::{ORDERS, order, place};

async fn secured(tokens: &TestTokens) -> TestService {
    let access = tokens.settings();
    TestService::start_with(PROGRAM.name, records(), |settings| settings.access = access).await
}

fn client(store: &TestService, tokens: &TestTokens, role: Role) -> TestClient {
    store.client.clone().with_token(tokens.of(role))
}

#[tokio::test]
async fn each_route_is_for_those_for_whom_its_rule_is() {
    let tokens = TestTokens::random();
    let store = secured(&tokens).await;
    store.client.assert_keeps_to_its_rules(&records().paths(), &tokens).await;
}

#[tokio::test]
async fn who_is_refused_changes_nothing() {
    let tokens = TestTokens::random();
    let store = secured(&tokens).await;
    store.client.post(ORDERS, &order()).await.assert_problem(401);
    for role in [Role::Read, Role::Sync] {
        client(&store, &tokens, role).post(ORDERS, &order()).await.assert_problem(403);
    }
    assert_eq!(store.rows().await.records, 0);
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
async fn without_tokens_a_change_bears_no_name_and_pages_of_other_sides_are_refused() {
    let store = TestService::start(PROGRAM.name, records()).await;
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

#[tokio::test]
async fn the_log_of_a_request_bears_the_name_of_who_sent_it_and_no_token() {
    let (database, tokens) = (TestDatabase::of(&records()).await, TestTokens::random());
    let known = tokens.variables().collect::<Vec<_>>();
    let known = known.iter().map(|(name, known)| (name.as_str(), known.as_str()));
    let settings = [("DATABASE__URL", database.url()), BROKER, ("LOG__FILTER", "debug")];
    let settings = settings.into_iter().chain(known).collect::<Vec<_>>();
    let program = STORE.start(&settings).await;
    program.ready().await;
    let reader = program.client.clone().with_token(tokens.of(Role::Read));
    reader.post(ORDERS, &order()).await.assert_problem(403);
    let refused = async || {
        let said = program.output();
        let line = said.lines().find(|line| line.contains("refused: the token"));
        line.map(str::to_owned)
    };
    let line = eventually("the refusal is logged", refused).await;
    assert!(line.contains("principal=\"read\"") && line.contains("path=\"/v1/orders\""), "{line}");
    assert!(tokens.all().all(|token| !program.output().contains(token.expose())));
}

#[tokio::test]
async fn a_new_token_is_told_once_and_known_by_the_line_that_is_told_with_it() {
    let database = TestDatabase::of(&records()).await;
    let made = STORE.run(&["token", "new", "--name", "shop", "--role", "write"], &[]).await;
    let [token, said] = [made.stdout, made.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    assert!(made.status.success() && !said.contains(token.trim()), "{said}");
    let (_, line) = said.split_once("STORE__ACCESS__TOKENS__SHOP=\"").unwrap();
    let (setting, _) = line.split_once('"').unwrap();
    assert!(said.contains(&format!("shop = \"{setting}\"")), "{said}");
    let database = ("DATABASE__URL", database.url());
    let program = STORE.start(&[database, BROKER, ("ACCESS__TOKENS__SHOP", setting)]).await;
    program.ready().await;
    let shop = Token::try_from(token.trim().to_owned()).unwrap();
    place(&program.client.clone().with_token(&shop)).await;
    for (name, role, hint) in
        [("The Shop", "write", "lowercase letters"), ("shop", "king", "admin")]
    {
        let refused = STORE.run(&["token", "new", "--name", name, "--role", role], &[]).await;
        let said = String::from_utf8(refused.stderr).unwrap();
        assert!(!refused.status.success() && said.contains(hint), "{said}");
    }
}
