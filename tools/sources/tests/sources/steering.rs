//! The faults, as a client meets them, and the ledger.

use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode};
use sample_sources::remote::{Kind, Options, Remote};
use sample_sources::steering::{Action, Rate, RetryAfter, Rule};
use serde_json::{Value, json};
use test_kit::http;
use tokio::time::timeout;

const DEADLINE: Duration = Duration::from_secs(20);

struct Case {
    remote: Remote,
    client: Client,
}

impl Case {
    async fn new() -> Self {
        let remote = Remote::start(Options::default()).await.unwrap();
        Self { remote, client: http().redirect(Policy::none()).build().unwrap() }
    }

    /// Posts once while a fault is in force.
    async fn post(&self, action: Action) -> reqwest::Result<Response> {
        self.remote.steering().add(Rule::new(action).times(1)).unwrap();
        let url = format!("{}/posts", self.remote.url());
        timeout(DEADLINE, self.client.post(url).json(&json!({"title": "a"})).send()).await.unwrap()
    }

    fn stored(&self) -> usize {
        self.remote.records(Kind::Posts).len()
    }

    async fn control(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let url = format!("{}/control/{path}", self.remote.url());
        let request = self.client.request(method.parse().unwrap(), url).json(&body);
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }
}

#[tokio::test]
async fn a_request_is_refused_without_being_carried_out() {
    let case = Case::new().await;
    let retry_after = Some(RetryAfter::Seconds(2));
    let refused = case.post(Action::Status { status: 503, retry_after }).await.unwrap();
    assert_eq!(
        (refused.status(), &refused.headers()["retry-after"]),
        (StatusCode::SERVICE_UNAVAILABLE, &"2".parse().unwrap())
    );
    let to = "http://127.0.0.2:1/posts".to_owned();
    let redirected = case.post(Action::Redirect { to, status: 302 }).await.unwrap();
    assert_eq!(redirected.status(), StatusCode::FOUND);
    assert_eq!(redirected.headers()["location"], "http://127.0.0.2:1/posts");
    let closed = case.post(Action::Close).await.unwrap_err();
    assert!(closed.is_request() && !closed.is_timeout(), "{closed:?}");
    assert_eq!(case.stored(), 0);
    let faults: Vec<_> =
        case.remote.steering().ledger().into_iter().map(|entry| entry.fault.unwrap()).collect();
    assert_eq!(faults, ["status", "redirect", "close"]);
}

#[tokio::test]
async fn a_request_is_carried_out_and_its_answer_is_lost() {
    let case = Case::new().await;
    assert!(case.post(Action::ApplyThenClose).await.unwrap_err().is_request());
    assert_eq!(case.stored(), 1);
    let half = case.post(Action::CloseInBody).await.unwrap();
    assert_eq!(half.status(), StatusCode::CREATED);
    let error = half.bytes().await.unwrap_err();
    assert!(error.is_body() || error.is_decode(), "{error:?}");
    assert_eq!(case.stored(), 2);
    let entry = case.remote.steering().ledger().pop().unwrap();
    assert!(entry.applied && entry.status == Some(201), "{entry:?}");
}

#[tokio::test]
async fn the_half_of_a_body_is_sent_before_the_connection_is_closed() {
    let case = Case::new().await;
    let mut half = case.post(Action::CloseInBody).await.unwrap();
    let complete = r#"{"id":1,"title":"a"}"#;
    assert_eq!(half.content_length(), Some(complete.len() as u64));
    let sent = half.chunk().await.unwrap().unwrap();
    assert_eq!(sent, complete.as_bytes()[..complete.len() / 2]);
    assert!(half.chunk().await.is_err());
}

#[tokio::test]
async fn an_answer_is_no_json_or_too_long() {
    let case = Case::new().await;
    let malformed = case.post(Action::Malformed).await.unwrap();
    assert_eq!(malformed.text().await.unwrap(), r#"{"id":1,"t"#);
    let long = case.post(Action::TooLarge { bytes: 200_001 }).await.unwrap();
    assert_eq!(long.content_length(), None);
    let long = long.text().await.unwrap();
    assert_eq!(long.len(), 200_001);
    assert_eq!(serde_json::from_str::<Value>(&long).unwrap(), json!([]));
}

#[tokio::test]
async fn a_request_hangs_until_the_rules_are_cleared() {
    let case = Case::new().await;
    for (action, stored) in [(Action::Hang, 0), (Action::ApplyThenHang, 1)] {
        let before = case.remote.steering().counts().of("POST /posts");
        let clear = async {
            case.remote.steering().until(|counts| counts.of("POST /posts") > before).await;
            assert_eq!((case.stored(), case.remote.steering().counts().under_way), (stored, 1));
            case.remote.steering().clear();
        };
        let (posted, ()) = tokio::join!(case.post(action), clear);
        assert!(posted.unwrap_err().is_request());
        assert_eq!(case.remote.steering().counts().under_way, 0);
    }
}

#[tokio::test]
async fn an_answer_is_delayed() {
    let case = Case::new().await;
    let started = std::time::Instant::now();
    let late = case.post(Action::Delay { ms: 300 }).await.unwrap();
    assert_eq!(late.status(), StatusCode::CREATED);
    assert!(started.elapsed() >= Duration::from_millis(300));
    assert!(case.remote.steering().ledger()[0].micros.unwrap() >= 300_000);
}

#[tokio::test]
async fn a_request_whose_caller_is_gone_is_carried_out_late() {
    let case = Case::new().await;
    let steering = case.remote.steering();
    let posting = case.post(Action::Delay { ms: 100 });
    tokio::select! {
        posted = posting => panic!("{posted:?} before it was due"),
        () = steering.until(|counts| counts.under_way == 1) => {}
    }
    assert_eq!(case.stored(), 0);
    let over = steering.until(|counts| counts.under_way == 0);
    timeout(DEADLINE, over).await.unwrap();
    assert_eq!((case.stored(), steering.counts().applied), (1, 1));
}

#[tokio::test]
async fn what_exceeds_the_rate_is_told_when_to_come_again() {
    let case = Case::new().await;
    case.remote.steering().limit(Some(Rate { per_second: 0.001, burst: 2 })).unwrap();
    let posts = format!("{}/posts", case.remote.url());
    for expected in [200, 200, 429] {
        let answer = case.client.get(&posts).send().await.unwrap();
        assert_eq!(answer.status(), expected);
        let retry_after = answer.headers().get("retry-after");
        assert_eq!(retry_after.is_some(), expected == 429, "{retry_after:?}");
    }
}

#[tokio::test]
async fn it_is_steered_over_http_too() {
    let case = Case::new().await;
    let rule = json!({"method": "GET", "path": "/posts*", "after": 1, "times": 2,
        "action": {"status": {"status": 500}}});
    assert_eq!(case.control("POST", "rules", rule).await, (200, json!({"id": 1})));
    let posts = format!("{}/posts", case.remote.url());
    for expected in [200, 500] {
        assert_eq!(case.client.get(&posts).send().await.unwrap().status(), expected);
    }
    let (_, rules) = case.control("GET", "rules", Value::Null).await;
    assert_eq!((&rules[0]["after"], &rules[0]["times"]), (&json!(0), &json!(1)));
    assert_eq!(case.control("DELETE", "rules/1", Value::Null).await.0, 200);
    assert_eq!(case.control("DELETE", "rules/1", Value::Null).await.0, 404);
    let (_, ledger) = case.control("GET", "ledger?after=1", Value::Null).await;
    assert_eq!((ledger.as_array().unwrap().len(), &ledger[0]["status"]), (1, &json!(500)));
    let (_, counts) = case.control("GET", "counts", Value::Null).await;
    assert_eq!(counts["by"], json!({"GET /posts": {"200": 1, "500": 1}}));
    let settings = json!({"faking": true, "idempotency": false});
    assert_eq!(case.control("PUT", "settings", json!({"faking": true})).await, (200, settings));
    let rate = json!({"per_second": 2.0, "burst": 3});
    assert_eq!(case.control("PUT", "rate", rate.clone()).await, (200, rate));
    assert_eq!(case.control("POST", "reset", Value::Null).await.0, 200);
    assert_eq!(case.control("GET", "rate", Value::Null).await, (200, Value::Null));
    assert_eq!(case.control("GET", "ledger", Value::Null).await, (200, json!([])));
}

#[tokio::test]
async fn a_malformed_order_is_refused_with_the_reason() {
    let case = Case::new().await;
    for (method, path, body, status, reason) in [
        ("POST", "rules", json!({"action": "explode"}), 400, "unknown variant `explode`"),
        ("POST", "rules", json!({"action": {"status": {"status": 7}}}), 400, "expected 200 to 599"),
        ("PUT", "rate", json!({"per_second": 0.0}), 400, "expected per_second"),
        ("PUT", "settings", json!({"fake": true}), 400, "unknown field `fake`"),
        ("GET", "ledger?after=x", Value::Null, 400, "after: expected a number"),
        ("GET", "nothing", Value::Null, 404, "no GET /control/nothing"),
    ] {
        let (got, answer) = case.control(method, path, body).await;
        assert_eq!(got, status, "{method} {path}");
        assert!(answer["error"].as_str().unwrap().contains(reason), "{answer}");
    }
}
