//! Every way in which a service outside can fail has its reason, and none hangs.

use std::time::Duration;

use program_kit::http::metrics::Registry;
use program_kit::tls::{CaFile, Check, Tls};
use sample_sources::remote::{Options, Remote};
use sample_sources::steering::{Action, RetryAfter, Rule};
use serde_json::Value;
use sync_worker::sources::figures::RequestFigures;
use sync_worker::sources::outbound::{Failure, Limits, Outbound, Reason};
use test_kit::{Flaw, Front, Greeting, TestCa};
use tokio::net::TcpListener;

const LIMITS: Limits = Limits {
    connect_timeout: Duration::from_millis(300),
    read_timeout: Duration::from_millis(300),
    max_answer: 100_000,
};

fn figures() -> RequestFigures {
    RequestFigures::new(&Registry::new("test"), "mirror")
}

fn client() -> Outbound {
    Outbound::new("mirror", &Tls::trusting_nobody().unwrap(), LIMITS, figures()).unwrap()
}

async fn remote() -> Remote {
    Remote::start(Options { seed_posts: Some(3), ..Options::default() }).await.unwrap()
}

async fn get(url: &str) -> Result<Value, Failure> {
    let client = client();
    client.fetch(client.http().get(url)).await
}

async fn failing(action: Action) -> Failure {
    let remote = remote().await;
    remote.steering().add(Rule::new(action)).unwrap();
    get(&format!("{}/posts/1", remote.url())).await.unwrap_err()
}

#[tokio::test]
async fn an_answer_is_read() {
    let remote = remote().await;
    let post = get(&format!("{}/posts/1", remote.url())).await.unwrap();
    assert_eq!(post["id"], 1);
}

#[tokio::test]
async fn each_failure_has_its_reason_in_a_word() {
    let cases = [
        (Action::Hang, Reason::Timeout, "timeout"),
        (Action::Close, Reason::Closed, "closed"),
        (Action::CloseInBody, Reason::Closed, "closed"),
        (Action::Malformed, Reason::Malformed, "malformed"),
        (Action::TooLarge { bytes: 10_000_000 }, Reason::TooLarge, "too_large"),
        (Action::status(401), Reason::Status(401), "unauthorized"),
        (Action::status(403), Reason::Status(403), "forbidden"),
        (Action::status(429), Reason::Status(429), "too_many_requests"),
        (Action::status(500), Reason::Status(500), "status_500"),
        (Action::status(404), Reason::Status(404), "status_404"),
    ];
    for (action, reason, word) in cases {
        let failure = failing(action.clone()).await;
        assert_eq!((failure.reason, &*failure.reason.word()), (reason, word), "{failure:?}");
        assert!(!failure.detail.is_empty() && !failure.detail.contains("127.0.0.1"), "{failure:?}");
    }
}

#[tokio::test]
async fn nobody_at_the_address_an_unknown_name_and_a_silent_port_are_told_apart() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let refused = get(&format!("http://127.0.0.1:{port}/posts")).await.unwrap_err();
    assert_eq!(&*refused.reason.word(), "econnrefused", "{refused:?}");
    let unknown = get("http://nowhere.invalid/posts").await.unwrap_err();
    // A machine without a name server finds out nothing within the timeout.
    let words = ["nxdomain", "connect_timeout"];
    assert!(words.contains(&&*unknown.reason.word()), "{unknown:?}");
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let timeout = get(&format!("http://{}/posts", silent.local_addr().unwrap())).await.unwrap_err();
    assert_eq!(&*timeout.reason.word(), "timeout", "{timeout:?}");
}

#[tokio::test]
async fn a_redirect_is_not_followed_to_another_host_or_anywhere() {
    let (remote, elsewhere) = (remote().await, remote().await);
    let to = format!("{}/posts/1", elsewhere.url());
    remote.steering().add(Rule::new(Action::Redirect { to, status: 307 })).unwrap();
    let failure = get(&format!("{}/posts/1", remote.url())).await.unwrap_err();
    assert_eq!(&*failure.reason.word(), "redirect_307");
    assert!(failure.detail.contains("mirror.url"), "{failure:?}");
    assert_eq!(elsewhere.steering().counts().requests, 0);
}

#[tokio::test]
async fn a_retry_after_is_read() {
    let action = |after| Action::Status { status: 503, retry_after: Some(after) };
    let failure = failing(action(RetryAfter::Seconds(7))).await;
    assert_eq!(failure.retry_after, Some(Duration::from_secs(7)));
    let failure = failing(action(RetryAfter::Text("soon".to_owned()))).await;
    assert_eq!(failure.retry_after, None);
}

async fn get_over_tls(
    remote: &Remote,
    flaw: Flaw,
    issuer: &TestCa,
    trusted: &TestCa,
) -> Result<Value, Failure> {
    let target = format!("127.0.0.1:{}", remote.port()).parse().unwrap();
    let front = Front::start(target, Greeting::None, &issuer.issue(flaw)).await;
    let ca = CaFile::try_from(trusted.path().to_owned()).unwrap();
    let client =
        Outbound::new("mirror", &Tls::new(Some(&ca), Check::Name).unwrap(), LIMITS, figures())
            .unwrap();
    let url = format!("https://{}/posts/1", front.address());
    client.fetch(client.http().get(url)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_verified_by_a_ca_of_ones_own() {
    let (remote, ours, another) = (remote().await, TestCa::new(), TestCa::new());
    let post = get_over_tls(&remote, Flaw::None, &ours, &ours).await.unwrap();
    assert_eq!(post["id"], 1);
    let cases = [(Flaw::None, &another), (Flaw::Expired, &ours), (Flaw::OtherName, &ours)];
    for (flaw, trusted) in cases {
        let failure = get_over_tls(&remote, flaw, &ours, trusted).await.unwrap_err();
        assert_eq!(&*failure.reason.word(), "tls_alert", "{flaw:?}: {failure:?}");
        assert!(failure.detail.contains("certificate"), "{flaw:?}: {failure:?}");
    }
}
