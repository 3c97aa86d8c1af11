//! Pulling operators and sites from an upstream to the warehouse.

use e2e_tests::Stack;
use futures_util::future::join_all;
use process_kit::secured::client;
use sample_sources::steering::{Action, Rate, Rule};
use sample_sources::upstream::{FIRST_USER, Options, Upstream};
use serde_json::{Value, json};
use test_kit::{Answer, TestBroker, TestClient, eventually};

use super::first_run_is_over;

/// A password, so that it is found wherever it leaks.
const PASSWORD: &str = "hunter2-of-the-upstream";

struct World {
    upstream: Upstream,
    stack: Stack,
    warehouse: TestClient,
    worker: TestClient,
    _broker: TestBroker,
}

impl World {
    /// An upstream, and a worker that pulls from it when it is asked to, besides once at its start.
    async fn new() -> Self {
        Self::with(Options::default(), &[]).await
    }

    async fn with(options: Options, settings: &[(&str, &str)]) -> Self {
        let options = Options { password: PASSWORD.to_owned(), ..options };
        let upstream = Upstream::start(options).await.unwrap();
        let url = upstream.url();
        let own = [
            ("UPSTREAM__URL", &*url),
            ("UPSTREAM__USER", "sample"),
            ("UPSTREAM__PASSWORD", PASSWORD),
            ("UPSTREAM__INTERVAL", "1h"),
            ("UPSTREAM__READ_TIMEOUT", "1s"),
        ];
        let broker = TestBroker::new().await;
        let stack = Stack::start_with(&broker, &[&own[..], settings].concat()).await;
        let [_, warehouse, worker] = stack.clients();
        let world = Self { upstream, stack, warehouse, worker, _broker: broker };
        first_run_is_over(&world.worker).await;
        world
    }

    async fn pull(&self) -> Answer {
        self.worker
            .send(self.worker.request("PATCH".parse().unwrap(), "/api/syncall"))
            .await
            .with(200)
    }

    async fn last(&self, count: usize) -> Vec<Value> {
        let answer = self.worker.get(&format!("/api/synlast?count={count}")).await.with(200);
        answer["data"].as_array().unwrap().clone()
    }

    /// Pulls, and expects that it fails for this reason.
    async fn fails(&self, reason: &str) {
        let answer = self.pull().await;
        let expected = json!({"__exception__": true, "id": null, "reason": reason});
        assert_eq!((&answer["data"], &answer["response"]), (&expected, &json!("error")));
        assert_eq!(self.last(1).await, [answer.body], "it is in the history");
    }

    async fn sites(&self) -> Vec<Value> {
        let path = format!("/v1/operators/{FIRST_USER}/sites?limit=100");
        self.warehouse.get(&path).await.with(200)["items"].as_array().unwrap().clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_and_its_sites_arrive_and_a_second_pull_changes_nothing() {
    let world = World::new().await;
    let answer = world.pull().await;
    assert_eq!((&answer["data"], &answer["response"]), (&json!("6 upserted"), &json!("ok")));
    assert!(answer.text.starts_with(r#"{"data":"6 upserted","date":""#), "{}", answer.text);
    assert!(answer["date"].as_str().unwrap().ends_with('Z'));
    assert_eq!(world.sites().await.len(), 5);
    let operator = world.warehouse.get(&format!("/v1/operators/{FIRST_USER}")).await.with(200);
    assert_eq!((&operator["version"], &operator["source"]), (&json!(1), &json!("upstream")));
    let runs = world.worker.get("/v1/sources/upstream/runs").await.with(200);
    assert_eq!(runs["items"][0]["counts"]["changed"], 0);
    assert_eq!(runs["items"][1]["counts"]["changed"], 6);
    assert_eq!(runs["items"][0]["counts"]["upserted"], 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_expired_or_was_withdrawn_is_renewed_and_never_logged() {
    let world = World::new().await;
    world.upstream.expire_tokens();
    assert_eq!(world.pull().await["data"], "6 upserted");
    assert_eq!(world.upstream.steering().counts().of("POST /auth"), 2);
    world.upstream.steering().add(Rule::new(Action::status(401)).path("/iam/users/me")).unwrap();
    let answer = world.pull().await;
    assert_eq!((&answer["data"], &answer["response"]), (&json!("unauthorized"), &json!("error")));
    world.upstream.steering().clear();
    let wrong = Rule::new(Action::status(401)).path("/auth");
    world.upstream.expire_tokens();
    world.upstream.steering().add(wrong).unwrap();
    assert_eq!(world.pull().await["data"], json!(null), "no token is to be had");
    world.stack.assert_not_logged(&[PASSWORD]);
    let runs = world.worker.get("/v1/sources/upstream/runs").await.with(200);
    assert!(!runs.text.contains(PASSWORD));
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_upstream_does_is_an_entry_of_the_history_and_the_next_run_works() {
    // The fault that is ruled out: a 5xx or a shape that was not expected ended the process and its history,
    // and every later run said that the user is nil.
    let world = World::new().await;
    let cases = [
        (Action::status(500), "status_500"),
        (Action::Hang, "timeout"),
        (Action::Close, "closed"),
        (Action::CloseInBody, "closed"),
        (Action::Malformed, "malformed"),
        (Action::TooLarge { bytes: 20_000_000 }, "too_large"),
        (Action::Redirect { to: world.upstream.url(), status: 302 }, "redirect_302"),
    ];
    for path in ["/iam/users/me", "/iam/users/*/warehouses"] {
        for (action, reason) in &cases {
            let rule = Rule::new(action.clone()).path(path);
            world.upstream.steering().add(rule).unwrap();
            world.fails(reason).await;
            world.upstream.steering().clear();
            assert_eq!(world.pull().await["data"], "6 upserted", "after {path} {action:?}");
        }
    }
    for shape in [json!([1, 2]), json!("x"), json!(null), json!({"a": 1})] {
        world.upstream.set_verbatim(FIRST_USER, Some(shape)).unwrap();
        world.fails("malformed").await;
    }
    world.upstream.set_verbatim(FIRST_USER, None).unwrap();
    assert_eq!(world.pull().await["data"], "6 upserted");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_history_is_told_oldest_first_and_survives_a_restart_of_the_worker() {
    let mut world = World::new().await;
    world.upstream.steering().add(Rule::new(Action::status(500)).path("/iam/users/me")).unwrap();
    world.pull().await;
    world.upstream.steering().clear();
    world.pull().await;
    let before = world.last(100).await;
    let responses = before.iter().map(|run| run["response"].clone()).collect::<Vec<_>>();
    assert_eq!(responses, ["ok", "error", "ok"]);
    world.stack.worker.kill().await;
    world.stack.worker.start().await;
    assert_eq!(world.last(2).await, before[1..]);
    assert_eq!(world.last(0).await, Vec::<Value>::new());
    for bad in ["x", "-1", ""] {
        world.worker.get(&format!("/api/synlast?count={bad}")).await.assert_problem(400);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_of_two_workers_never_overlap_and_who_comes_meanwhile_gets_the_result() {
    let world = World::new().await;
    let mut second = world.stack.another_worker();
    second.start().await;
    let other = client(second.url());
    world.upstream.steering().add(Rule::new(Action::Delay { ms: 300 }).path("/iam/*")).unwrap();
    let patch = |client: &TestClient| {
        let client = client.clone();
        async move {
            let request = client.request("PATCH".parse().unwrap(), "/api/syncall");
            client.send(request).await.with(200).body
        }
    };
    let both = [&world.worker, &other, &world.worker, &other];
    let answers = join_all(both.map(patch)).await;
    assert!(answers.iter().all(|answer| answer["data"] == "6 upserted"), "{answers:?}");
    assert_eq!(world.upstream.steering().counts().most_at_once, 1);
    let dates = answers.iter().map(|answer| answer["date"].as_str().unwrap());
    let dates = dates.collect::<std::collections::BTreeSet<_>>();
    assert!(dates.len() < 4, "nobody waited for the run of another: {dates:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_worker_is_killed_is_abandoned_and_the_next_one_works() {
    let settings = [("UPSTREAM__READ_TIMEOUT", "60s")];
    let mut world = World::with(Options::default(), &settings).await;
    world.upstream.steering().add(Rule::new(Action::Hang).path("/iam/users/me")).unwrap();
    let cast = world.worker.request("PATCH".parse().unwrap(), "/api/syncast");
    let answer = world.worker.send(cast).await.with(200);
    assert_eq!(answer["data"], "Soukosync.Caller.cast_sync casted");
    world.upstream.steering().until(|counts| counts.under_way == 1).await;
    world.stack.worker.kill().await;
    world.upstream.steering().clear();
    // Its hold would last for half a minute.
    world.stack.warehouse_runs("update jobs set held_until = now()").await;
    world.stack.worker.start().await;
    assert_eq!(world.pull().await["data"], "6 upserted");
    let runs = world.worker.get("/v1/sources/upstream/runs").await.with(200);
    let states = [0, 1, 2].map(|index| runs["items"][index]["state"].clone());
    assert_eq!(states, ["succeeded", "abandoned", "succeeded"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_schedule_pulls_by_itself_and_notices_another_user() {
    // The fault that is ruled out: `me` was asked once in the life of the process.
    let settings = [("UPSTREAM__INTERVAL", "300ms")];
    let world = World::with(Options { users: 2, ..Options::default() }, &settings).await;
    let other = FIRST_USER + 1;
    world.upstream.set_me(other).unwrap();
    eventually("the other user arrives", async || {
        let answer = world.warehouse.get(&format!("/v1/operators/{other}")).await;
        (answer.status == 200).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_token_or_credentials_a_run_says_so() {
    let settings = [("UPSTREAM__USER", ""), ("UPSTREAM__PASSWORD", "")];
    let world = World::with(Options::default(), &settings).await;
    let answer = world.pull().await;
    assert_eq!((&answer["data"], &answer["response"]), (&json!(null), &json!("error")));
    let runs = world.worker.get("/v1/sources/upstream/runs").await.with(200);
    let failure = &runs["items"][0]["failure"];
    assert!(failure["detail"].as_str().unwrap().contains("API_TOKEN"), "{failure}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_fetch_of_the_token_is_retried_at_its_own_interval() {
    let settings = [("UPSTREAM__RETRY_TOKEN", "100ms"), ("UPSTREAM__INTERVAL", "1h")];
    let world = World::with(Options::default(), &settings).await;
    world.upstream.expire_tokens();
    world.upstream.steering().add(Rule::new(Action::status(503)).path("/auth").times(9)).unwrap();
    let answer = world.pull().await;
    assert_eq!((&answer["data"], &answer["response"]), (&json!(null), &json!("error")));
    let runs = world.worker.get("/v1/sources/upstream/runs").await.with(200);
    let failure = &runs["items"][0]["failure"];
    assert_eq!(failure["reason"], "no_token");
    assert!(failure["detail"].as_str().unwrap().contains("status_503"), "{failure}");
    let before = world.upstream.steering().counts().of("POST /auth");
    world.upstream.steering().until(|counts| counts.of("POST /auth") > before).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_static_token_wins_and_stands_in_no_log_run_or_answer() {
    const TOKEN: &str = "hunter3-a-token-that-never-expires";
    let options = Options { token: Some(TOKEN.to_owned()), ..Options::default() };
    let world = World::with(options, &[("UPSTREAM__TOKEN", TOKEN)]).await;
    assert_eq!(world.pull().await["data"], "6 upserted");
    world.upstream.steering().add(Rule::new(Action::status(401)).path("/iam/users/me")).unwrap();
    let failed = world.pull().await;
    assert_eq!(failed["data"], "unauthorized");
    assert_eq!(world.upstream.steering().counts().of("POST /auth"), 0);
    let told = [
        failed.text,
        world.worker.get("/v1/sources/upstream/runs").await.with(200).text,
        world.worker.get("/v1/sources").await.with(200).text,
        world.worker.get("/metrics").await.with(200).text,
    ];
    assert!(told.iter().all(|text| !text.contains(TOKEN)), "{told:?}");
    world.stack.assert_not_logged(&[TOKEN]);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_operators_of_a_list_arrive_with_their_sites_and_who_is_missing_becomes_inactive() {
    let settings = [("UPSTREAM__USER_PATH", "iam/users")];
    let options = Options { users: 300, sites_per_user: 5, ..Options::default() };
    let world = World::with(options, &settings).await;
    let runs = world.worker.get("/v1/sources/upstream/runs").await.with(200);
    assert_eq!(runs["items"][0]["state"], "succeeded", "{}", runs.text);
    assert_eq!(world.stack.warehouse_count("operators where active").await, 300);
    let links = world.stack.warehouse_count("operator_sites where active").await;
    assert_eq!(links, 1_500);
    world.upstream.remove_user(FIRST_USER + 7).unwrap();
    assert_eq!(world.pull().await["response"], "ok");
    assert_eq!(world.stack.warehouse_count("operators where active").await, 299);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_strict_the_first_record_that_does_not_fit_ends_the_pull_and_earlier_requests_stand() {
    let settings = [("UPSTREAM__USER_PATH", "iam/users"), ("UPSTREAM__STRICT", "true")];
    // The first request has 400 operators with their 2,000 sites.
    let options = Options { users: 450, sites_per_user: 5, ..Options::default() };
    let world = World::with(options, &settings).await;
    let change = |number, field: &str, value: Value| {
        let fields = json!({ field: value });
        let id = FIRST_USER + number;
        world.upstream.put_user(id, fields.as_object().unwrap().clone()).unwrap();
    };
    for number in [3, 410] {
        change(number, "first_name", json!("Bea"));
    }
    change(420, "email", json!("x".repeat(256)));
    change(430, "email", json!(null));
    let answer = world.pull().await;
    assert_eq!(answer["data"]["reason"], "malformed");
    let runs = world.worker.get("/v1/sources/upstream/runs").await.with(200);
    let detail = runs["items"][0]["failure"]["detail"].as_str().unwrap();
    assert!(detail.contains(&format!("operator {}: ", FIRST_USER + 420)), "{detail}");
    assert_eq!(runs["items"][0]["counts"]["changed"], 1);
    let name = async |number| {
        let path = format!("/v1/operators/{}", FIRST_USER + number);
        world.warehouse.get(&path).await.with(200)["first_name"].clone()
    };
    assert_eq!((name(3).await, name(410).await), (json!("Bea"), json!("Ada")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pull_keeps_to_the_rate_that_the_upstream_takes() {
    let settings = [("UPSTREAM__USER_PATH", "iam/users")];
    let world = World::with(Options { users: 40, ..Options::default() }, &settings).await;
    let rate = Rate { per_second: 50.0, burst: 1 };
    world.upstream.steering().limit(Some(rate)).unwrap();
    let answer = world.pull().await;
    assert_eq!(answer["response"], "ok", "{}", answer.text);
    let runs = world.worker.get("/v1/sources/upstream/runs").await.with(200);
    assert_eq!(runs["items"][0]["counts"]["refused"], json!(null), "{}", runs.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_nobody_waits_for_is_ended_when_the_worker_stops() {
    let settings = [("UPSTREAM__READ_TIMEOUT", "60s")];
    let mut world = World::with(Options::default(), &settings).await;
    world.upstream.steering().add(Rule::new(Action::Hang).path("/iam/users/me")).unwrap();
    let cast = world.worker.request("PATCH".parse().unwrap(), "/api/syncast");
    world.worker.send(cast).await.with(200);
    world.upstream.steering().until(|counts| counts.of("GET /iam/users/me") == 2).await;
    world.stack.worker.stop().await;
    assert_eq!(world.stack.warehouse_count("runs where ended_at is null").await, 0);
    assert_eq!(world.stack.warehouse_count("runs where reason = 'stopped'").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pull_on_the_command_line_says_what_it_did() {
    let world = World::new().await;
    let output = world.stack.worker.run(&["pull"]).await;
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.starts_with("upstream pull: ") && said.contains("6 upserted"), "{said}");
    let unknown = world.stack.worker.run(&["pull", "nobody"]).await;
    let said = String::from_utf8(unknown.stderr).unwrap();
    assert!(!unknown.status.success() && said.contains("there is no upstream nobody"), "{said}");
    world.upstream.steering().add(Rule::new(Action::status(500)).path("/iam/users/me")).unwrap();
    let failed = world.stack.worker.run(&["pull", "upstream"]).await;
    assert!(!failed.status.success());
    assert!(String::from_utf8_lossy(&failed.stdout).contains("status_500"), "{failed:?}");
}
