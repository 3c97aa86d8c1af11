//! The private servers, as other tests use them.

use std::io::{Read, Write};
use std::net::TcpStream;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use launcher::ports;
use launcher::postgres::{self, Postgres};
use launcher::rabbitmq::{self, RabbitMq, USER};

#[tokio::test]
async fn postgres_keeps_what_was_committed_before_a_crash() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Postgres::start(folder.path(), postgres::Options::default()).await.unwrap();
    let port = server.port();
    server.sql("postgres", "CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)").await.unwrap();

    server.kill().await;
    assert!(ports::is_free(port));
    assert!(server.sql("postgres", "SELECT 1").await.is_err());
    server.start_again().await.unwrap();
    assert_eq!(server.port(), port);
    assert_eq!(server.sql("postgres", "SELECT n FROM kept").await.unwrap(), "7");

    server.stop().await;
    server.start_again().await.unwrap();
    assert_eq!(server.sql("postgres", "SELECT n FROM kept").await.unwrap(), "7");

    let process = server.process().unwrap().identity();
    drop(server);
    assert!(!process.alive());
    assert!(ports::is_free(port));
}

#[tokio::test]
async fn postgres_asks_for_a_password_and_says_what_is_wrong_with_a_statement() {
    let folder = tempfile::tempdir().unwrap();
    let server = Postgres::start(folder.path(), postgres::Options::default()).await.unwrap();
    let rules = server.sql("postgres", "SELECT DISTINCT auth_method FROM pg_hba_file_rules").await;
    assert_eq!(rules.unwrap(), "scram-sha-256");
    let error = server.sql("postgres", "SELECT nothing").await.unwrap_err().to_string();
    assert!(error.contains("\"nothing\" does not exist"), "{error}");
}

#[tokio::test]
async fn rabbitmq_keeps_its_data_and_its_ports_over_a_crash() {
    let folder = tempfile::tempdir().unwrap();
    let options = rabbitmq::Options { password: "secret".to_owned(), ..Default::default() };
    let mut server = RabbitMq::start(folder.path(), options).await.unwrap();
    let port = server.ports().management;
    assert_eq!(request(port, "PUT", "/api/vhosts/kept"), 201);

    server.kill().await;
    assert!(ports::is_free(port) && ports::is_free(server.ports().amqp));
    server.start_again().await.unwrap();
    assert_eq!(request(port, "GET", "/api/vhosts/kept"), 200);
    assert_eq!(request(port, "GET", "/api/vhosts/other"), 404);

    let processes: Vec<_> = server.processes().map(launcher::process::Process::identity).collect();
    assert_eq!(processes.len(), 2);
    let epmd = server.ports().epmd;
    drop(server);
    assert!(processes.iter().all(|process| !process.alive()));
    assert!(ports::is_free(port) && ports::is_free(epmd));
}

/// The status of a request to the management API.
fn request(port: u16, method: &str, path: &str) -> u16 {
    let login = STANDARD.encode(format!("{USER}:secret"));
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Basic {login}\r\n\
         Content-Length: 0\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}
