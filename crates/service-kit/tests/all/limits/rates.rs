//! Rate limits: which requests count together, and how.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use program_kit::access::{TokenHash, Tokens};
use program_kit::http::Proxies;
use reqwest::Method;
use service_kit::application::ServiceSettings;
use test_kit::{Answer, TestService, notes};

use crate::side::fresh_database;

/// The number of requests that may come at once; then one a second.
const BURST: u32 = 20;

/// A service with one token for each of these principals: the name, the role and the token are the
/// same.
async fn counting(proxies: &str) -> TestService {
    let token = |role: &str| (role.to_owned(), format!("{role} {}", TokenHash::of(role)));
    let tokens = ["read", "write", "sync"].map(token);
    let tokens = Tokens::try_from(BTreeMap::from(tokens)).unwrap();
    let proxies = Proxies::try_from(proxies.to_owned()).unwrap();
    let adjust = |settings: &mut ServiceSettings| {
        settings.access.tokens = tokens;
        settings.limits.principal_rate = NonZeroU32::MIN;
        settings.limits.principal_burst = NonZeroU32::new(BURST).unwrap();
        settings.limits.address_rate = NonZeroU32::MIN;
        settings.limits.address_burst = NonZeroU32::new(BURST).unwrap();
        settings.limits.trusted_proxies = proxies;
    };
    // Nobody asks yet whether it is ready: that would be counted.
    let database = fresh_database().await;
    TestService::start_over("notes", notes(), database, adjust).await
}

async fn ask(service: &TestService, token: Option<&str>, from: Option<&str>) -> Answer {
    let request = service.client.request(Method::GET, "/health/live");
    let request = match token {
        Some(token) => request.header("authorization", format!("Bearer {token}")),
        None => request,
    };
    let request = match from {
        Some(from) => request.header("x-forwarded-for", from),
        None => request,
    };
    service.client.send(request).await
}

/// Sends requests until one is refused.
async fn exhaust(service: &TestService, token: Option<&str>, from: Option<&str>) -> Answer {
    let mut answer = ask(service, token, from).await;
    for _ in 0..10 * BURST {
        if answer.status == 429 {
            break;
        }
        answer = ask(service, token, from).await;
    }
    answer.with(429)
}

#[tokio::test]
async fn whoever_sends_too_much_is_told_when_to_come_again() {
    let service = counting("").await;
    for token in [Some("read"), None] {
        let refused = exhaust(&service, token, None).await;
        refused.assert_problem(429);
        assert_eq!(refused.header("retry-after"), Some("1"));
    }
}

#[tokio::test]
async fn each_principal_is_counted_alone_and_the_worker_is_not() {
    let service = counting("").await;
    exhaust(&service, None, None).await;
    exhaust(&service, Some("read"), None).await;
    ask(&service, Some("write"), None).await.with(200);
    for _ in 0..3 * BURST {
        ask(&service, Some("sync"), None).await.with(200);
    }
}

#[tokio::test]
async fn whoever_guesses_tokens_is_counted_by_address() {
    let service = counting("").await;
    ask(&service, Some("a guess"), None).await.assert_problem(401);
    for number in 0..2 * BURST {
        ask(&service, Some(&format!("guess {number}")), None).await;
    }
    ask(&service, Some("another guess"), None).await.assert_problem(429);
    // With a token that is known, that address still may.
    ask(&service, Some("read"), None).await.with(200);
}

#[tokio::test]
async fn callers_behind_a_trusted_proxy_are_counted_by_their_own_address() {
    let service = counting("127.0.0.0/8").await;
    exhaust(&service, None, Some("203.0.113.1")).await;
    ask(&service, None, Some("203.0.113.2")).await.with(200);
    // What a caller has put before it does not help.
    ask(&service, None, Some("203.0.113.3, 203.0.113.1")).await.assert_problem(429);
    // Of IPv6, a whole network is one caller.
    exhaust(&service, None, Some("2001:db8::1")).await;
    ask(&service, None, Some("2001:db8::2")).await.assert_problem(429);
}

#[tokio::test]
async fn an_address_that_a_stranger_claims_is_not_believed() {
    let service = counting("192.0.2.1").await;
    exhaust(&service, None, Some("203.0.113.1")).await;
    ask(&service, None, Some("203.0.113.2")).await.assert_problem(429);
}

#[tokio::test]
async fn too_much_is_told_before_any_body_is_read() {
    let service = counting("").await;
    exhaust(&service, None, None).await;
    let half = "POST /v1/sync/offer HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n{";
    let answer = service.client.send_raw(half.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 429 "), "{answer}");
}
