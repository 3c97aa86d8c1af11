//! Tokens: fetched once however many need one, kept until shortly before they expire, renewed, never shown.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use program_kit::access::Token;
use program_kit::http::metrics::Registry;
use program_kit::tls::Tls;
use sample_sources::steering::{Action, Rule};
use sample_sources::upstream::{Options, Upstream};
use sync_worker::settings::upstream::Credentials;
use sync_worker::sources::figures::RequestFigures;
use sync_worker::sources::outbound::{Limits, Outbound};
use sync_worker::sources::token::{Clock, TokenError, Tokens};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// A clock that a test sets.
#[derive(Clone)]
struct TestClock(Arc<Mutex<Instant>>);

impl TestClock {
    fn new() -> Self {
        Self(Arc::new(Mutex::new(Instant::now())))
    }

    fn advance(&self, by: Duration) {
        *self.0.lock().unwrap() += by;
    }

    fn clock(&self) -> Clock {
        let now = Arc::clone(&self.0);
        Arc::new(move || *now.lock().unwrap())
    }
}

fn password(password: &str) -> Credentials {
    Credentials::Password { user: "sample".to_owned(), password: password.to_owned().into() }
}

fn tokens(upstream: &Upstream, credentials: Credentials, clock: &TestClock) -> Tokens {
    tokens_at(&upstream.url(), credentials, clock)
}

fn tokens_at(url: &str, credentials: Credentials, clock: &TestClock) -> Tokens {
    let limits = Limits {
        connect_timeout: Duration::from_secs(5),
        read_timeout: Duration::from_secs(5),
        max_answer: 100_000,
    };
    let figures = RequestFigures::new(&Registry::new("test"), "upstream");
    let tls = Tls::trusting_nobody().unwrap();
    let client = Outbound::new("upstream", &tls, limits, figures).unwrap();
    let url = format!("{url}/auth").parse().unwrap();
    Tokens::new(credentials, url, client, clock.clock())
}

fn fetches(upstream: &Upstream) -> u64 {
    upstream.steering().counts().of("POST /auth")
}

async fn upstream() -> Upstream {
    let token_lifetime = Duration::from_secs(3_600);
    Upstream::start(Options { token_lifetime, ..Options::default() }).await.unwrap()
}

#[tokio::test]
async fn ten_that_wait_fetch_one_token() {
    let (upstream, clock) = (upstream().await, TestClock::new());
    upstream.steering().add(Rule::new(Action::Delay { ms: 100 }).path("/auth")).unwrap();
    let tokens = tokens(&upstream, password("sample"), &clock);
    let got = join_all((0..10).map(|_| tokens.get(None))).await;
    let first = got[0].as_ref().unwrap().expose();
    assert!(got.iter().all(|token| token.as_ref().unwrap().expose() == first));
    assert_eq!(fetches(&upstream), 1);
}

#[tokio::test]
async fn ten_that_wait_share_one_failure() {
    let (upstream, clock) = (upstream().await, TestClock::new());
    upstream.steering().add(Rule::new(Action::Delay { ms: 100 }).path("/auth")).unwrap();
    let tokens = tokens(&upstream, password("wrong"), &clock);
    let got = join_all((0..10).map(|_| tokens.get(None))).await;
    assert!(got.iter().all(Result::is_err));
    assert_eq!(fetches(&upstream), 1);
    assert!(tokens.get(None).await.is_err());
    assert_eq!(fetches(&upstream), 2, "a failure is not kept");
}

#[tokio::test]
async fn a_token_is_kept_until_shortly_before_it_expires_and_then_renewed() {
    // The fault that is ruled out: the expiry was compared with the wrong sign, so that it never came.
    let (upstream, clock) = (upstream().await, TestClock::new());
    let tokens = tokens(&upstream, password("sample"), &clock);
    let first = tokens.get(None).await.unwrap();
    clock.advance(Duration::from_secs(3_600 - 31));
    assert_eq!(tokens.get(None).await.unwrap().expose(), first.expose());
    assert_eq!(fetches(&upstream), 1);
    clock.advance(Duration::from_secs(2));
    let second = tokens.get(None).await.unwrap();
    assert_ne!(second.expose(), first.expose());
    assert_eq!(fetches(&upstream), 2);
}

#[tokio::test]
async fn a_token_that_is_refused_is_renewed_once_for_all_who_had_it() {
    // The fault that is ruled out: a 401 never renewed the token.
    let (upstream, clock) = (upstream().await, TestClock::new());
    let tokens = tokens(&upstream, password("sample"), &clock);
    let first = tokens.get(None).await.unwrap();
    let got = join_all((0..10).map(|_| tokens.get(Some(&first)))).await;
    assert!(got.iter().all(|token| token.as_ref().unwrap().expose() != first.expose()));
    assert_eq!(fetches(&upstream), 2);
}

#[tokio::test]
async fn an_answer_without_a_token_is_no_token_that_is_valid_for_ever() {
    // The fault that is ruled out: a 4xx at the token's address counted as an empty token, valid for ever.
    let (upstream, clock) = (upstream().await, TestClock::new());
    let tokens = tokens(&upstream, password("sample"), &clock);
    for action in [Action::status(400), Action::status(500), Action::Malformed] {
        let rule = Rule::new(action).path("/auth").times(1);
        upstream.steering().add(rule).unwrap();
        assert!(matches!(tokens.get(None).await, Err(TokenError::Failed(_))));
    }
    tokens.get(None).await.unwrap();
}

#[tokio::test]
async fn a_static_token_wins_and_is_never_fetched() {
    let (upstream, clock) = (upstream().await, TestClock::new());
    let fixed = Token::try_from("fixed".to_owned()).unwrap();
    let fixed = tokens(&upstream, Credentials::Token(fixed), &clock);
    assert_eq!(fixed.get(None).await.unwrap().expose(), "fixed");
    clock.advance(Duration::from_secs(1 << 30));
    assert_eq!(fixed.get(None).await.unwrap().expose(), "fixed");
    assert!(!fixed.can_renew());
    let missing = tokens(&upstream, Credentials::Missing, &clock);
    assert!(matches!(missing.get(None).await, Err(TokenError::Missing)));
    assert_eq!(fetches(&upstream), 0);
}

/// A service that gives everybody the same token; returns its address, and how often it was asked.
async fn service_with_one_token() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            counter.fetch_add(1, Ordering::SeqCst);
            let _ = stream.read(&mut [0; 4_096]).await;
            let body = r#"{"access_token": "always", "expires_in": 3600}"#;
            let head = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length:";
            let answer = format!("{head} {}\r\n\r\n{body}", body.len());
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    (url, asked)
}

#[tokio::test]
async fn a_token_that_is_refused_and_renewed_as_the_same_is_not_fetched_again_at_once() {
    let ((url, asked), clock) = (service_with_one_token().await, TestClock::new());
    let tokens = tokens_at(&url, password("sample"), &clock);
    let first = tokens.get(None).await.unwrap();
    let refused = join_all((0..10).map(|_| tokens.get(Some(&first)))).await;
    assert!(refused.iter().all(|token| token.as_ref().unwrap().expose() == "always"));
    assert_eq!(asked.load(Ordering::SeqCst), 2);
    clock.advance(Duration::from_secs(10));
    tokens.get(Some(&first)).await.unwrap();
    assert_eq!(asked.load(Ordering::SeqCst), 3, "it may have changed since");
}
