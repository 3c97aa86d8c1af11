//! Encrypted connections to PostgreSQL and RabbitMQ: which certificates are accepted, and which
//! error is reported for the others.

use std::net::SocketAddr;
use std::time::Duration;

use program_kit::broker::{self, BrokerSettings};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use service_kit::database::{self, DatabaseSettings};
use test_kit::{BrokerUser, Flaw, Front, Greeting, TestBroker, TestCa};
use tokio::net::TcpListener;
use url::Url;

use crate::side::fresh_database;

/// The greeting of a server and its certificate, and the expected result with its CA, and with
/// another.
struct Case {
    flaw: Flaw,
    trusted: bool,
    refusal: Option<&'static str>,
}

const NAME: &str = "is not for 127.0.0.1, the host in SECTION.url, but for elsewhere.test";
const CASES: [Case; 4] = [
    Case { flaw: Flaw::None, trusted: true, refusal: None },
    Case {
        flaw: Flaw::None,
        trusted: false,
        refusal: Some("is not from the CA in the file of SECTION.ca"),
    },
    Case {
        flaw: Flaw::Expired,
        trusted: true,
        refusal: Some("expired on 2023-12-31 00:00 UTC; renew it"),
    },
    Case { flaw: Flaw::OtherName, trusted: true, refusal: Some(NAME) },
];

fn settings<S: DeserializeOwned>(of: Value) -> S {
    serde_json::from_value(of).unwrap()
}

fn database_settings(url: &Url, ca: Option<&TestCa>) -> DatabaseSettings {
    settings(json!({
        "url": url.as_str(), "ca": ca.map(TestCa::path), "pool_size": 1, "connect_timeout": "10s",
        "lock_timeout": "3s", "statement_timeout": "5s", "deadline": "10s",
        "migrate_timeout": "60s",
    }))
}

fn broker_settings(url: &Url, ca: Option<&TestCa>) -> BrokerSettings {
    settings(json!({
        "url": url.as_str(), "ca": ca.map(TestCa::path), "connect_timeout": "10s", "reply_timeout": "10s",
    }))
}

/// The address in a URL.
fn target(url: &Url) -> SocketAddr {
    url.socket_addrs(|| None).unwrap()[0]
}

/// The same URL with the address of a front.
fn through(url: &Url, front: SocketAddr) -> Url {
    let mut url = url.clone();
    url.set_port(Some(front.port())).unwrap();
    url
}

fn assert_refused(refused: Option<String>, wanted: Option<&str>, section: &str) {
    match (refused, wanted) {
        (Some(refused), Some(wanted)) => {
            let wanted = wanted.replace("SECTION", section);
            let is_as_wanted = refused.ends_with(&wanted) && !refused.contains('\n');
            assert!(is_as_wanted, "{refused} is not {wanted}");
        }
        (refused, wanted) => assert_eq!(refused.as_deref(), wanted),
    }
}

async fn to_database(url: &Url, ca: Option<&TestCa>) -> Option<String> {
    let connected = database::connect(&database_settings(url, ca), "test").await;
    connected.err().map(|error| error.to_string())
}

async fn to_broker(url: &Url, ca: Option<&TestCa>) -> Option<String> {
    let connected = broker::connect(&broker_settings(url, ca), "test").await;
    connected.err().map(|error| error.to_string())
}

#[tokio::test]
async fn postgresql_is_taken_for_what_its_certificate_says_where_sslmode_asks() {
    let database = fresh_database().await;
    let plain: Url = database.url().parse().unwrap();
    let (ours, another) = (TestCa::new(), TestCa::new());
    for Case { flaw, trusted, refusal } in CASES {
        let certificate = ours.issue(flaw);
        let front = Front::start(target(&plain), Greeting::Postgres, &certificate).await;
        let mut url = through(&plain, front.address());
        let ca = Some(if trusted { &ours } else { &another });
        // The name is for verify-full alone.
        let but_name = refusal.filter(|_| flaw != Flaw::OtherName);
        for (mode, ca, refusal) in [
            ("verify-full", ca, refusal),
            ("verify-ca", ca, but_name),
            ("require", ca, but_name),
            ("require", None, None),
        ] {
            url.set_query(Some(&format!("sslmode={mode}")));
            assert_refused(to_database(&url, ca).await, refusal, "database");
        }
    }
}

#[tokio::test]
async fn rabbitmq_is_taken_for_what_its_certificate_says() {
    let broker = TestBroker::new().await;
    let plain: Url = broker.url(BrokerUser::Store).parse().unwrap();
    let (ours, another) = (TestCa::new(), TestCa::new());
    for Case { flaw, trusted, refusal } in CASES {
        let front = Front::start(target(&plain), Greeting::None, &ours.issue(flaw)).await;
        let url = encrypted(&through(&plain, front.address()));
        let ca = Some(if trusted { &ours } else { &another });
        assert_refused(to_broker(&url, ca).await, refusal, "broker");
    }
}

/// The URL with the scheme `amqps`. The scheme cannot be set, because the `url` crate knows only
/// those of the web.
fn encrypted(url: &Url) -> Url {
    url.as_str().replacen("amqp://", "amqps://", 1).parse().unwrap()
}

#[tokio::test]
async fn a_certificate_of_a_ca_that_the_system_does_not_know_is_refused() {
    let broker = TestBroker::new().await;
    let plain: Url = broker.url(BrokerUser::Store).parse().unwrap();
    let certificate = TestCa::new().issue(Flaw::None);
    let front = Front::start(target(&plain), Greeting::None, &certificate).await;
    let url = encrypted(&through(&plain, front.address()));
    let told = "from a CA that this system does not trust; set SECTION.ca to the file of its CA";
    assert_refused(to_broker(&url, None).await, Some(told), "broker");
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_is_refused() {
    let (database, broker, ca) = (fresh_database().await, TestBroker::new().await, TestCa::new());
    let mut url: Url = database.url().parse().unwrap();
    for mode in ["require", "verify-ca", "verify-full"] {
        url.set_query(Some(&format!("sslmode={mode}")));
        let told = "the server has no TLS; set ssl = on there, or remove sslmode from SECTION.url";
        assert_refused(to_database(&url, Some(&ca)).await, Some(told), "database");
    }
    let url = encrypted(&broker.url(BrokerUser::Store).parse().unwrap());
    let told = "the server does not use TLS on the port in SECTION.url";
    assert_refused(to_broker(&url, Some(&ca)).await, Some(told), "broker");
}

#[tokio::test]
async fn a_server_that_accepts_and_stays_silent_is_given_up_in_time() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (port, ca) = (silent.local_addr().unwrap().port(), TestCa::new());
    let limit = Duration::from_millis(300);
    let url = format!("postgres://me:hunter2@127.0.0.1:{port}/notes?sslmode=verify-full");
    let settings = database_settings(&url.parse().unwrap(), Some(&ca));
    let settings = DatabaseSettings { connect_timeout: limit, ..settings };
    let given_up = database::connect(&settings, "test").await.err().unwrap();
    assert!(given_up.to_string().ends_with("did not answer within 300ms"), "{given_up}");
    let url = format!("amqps://me:hunter2@127.0.0.1:{port}/%2f");
    let settings = broker_settings(&url.parse().unwrap(), Some(&ca));
    let settings = BrokerSettings { connect_timeout: limit, ..settings };
    let given_up = broker::connect(&settings, "test").await.err().unwrap();
    assert!(given_up.to_string().ends_with("did not answer within 300ms"), "{given_up}");
}

#[test]
fn a_ca_for_a_link_that_is_not_encrypted_is_refused() {
    let ca = TestCa::new();
    let told = |problem: serde_json::Error| problem.to_string();
    let database = json!({
        "url": "postgres://me:hunter2@127.0.0.1/notes", "ca": ca.path(), "pool_size": 1,
        "connect_timeout": "3s", "lock_timeout": "3s", "statement_timeout": "5s", "deadline": "9s",
        "migrate_timeout": "60s",
    });
    let refusal = serde_json::from_value::<DatabaseSettings>(database).map_err(told).unwrap_err();
    assert!(refusal.contains("?sslmode=verify-full") && !refusal.contains("hunter2"), "{refusal}");
    let broker = json!({
        "url": "amqp://me:hunter2@127.0.0.1/%2f", "ca": ca.path(), "connect_timeout": "3s",
        "reply_timeout": "3s",
    });
    let refusal = serde_json::from_value::<BrokerSettings>(broker).map_err(told).unwrap_err();
    assert!(refusal.contains("amqps://") && !refusal.contains("hunter2"), "{refusal}");
}
