//! The private servers, as other tests use them.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use launcher::postgres::{self, Postgres, Roles};
use launcher::rabbitmq::{self, Passwords, RabbitMq, User};
use launcher::{find, ports};

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
async fn roles_can_be_made_again_also_over_what_the_service_used_to_own() {
    let folder = tempfile::tempdir().unwrap();
    let server = Postgres::start(folder.path(), postgres::Options::default()).await.unwrap();
    // As the launcher made it before there was an owner.
    let before = "CREATE ROLE store LOGIN; CREATE DATABASE store OWNER store";
    for statement in before.split(';') {
        server.sql("postgres", statement).await.unwrap();
    }
    let tables =
        "SET ROLE store; CREATE TABLE kept (id serial, n int); INSERT INTO kept (n) VALUES (7)";
    server.sql("store", tables).await.unwrap();

    let first = Roles::random("store");
    let second = Roles { owner_password: r"it's a \ $x".to_owned(), ..Roles::random("store") };
    for roles in [&first, &second, &second] {
        server.make_roles(std::slice::from_ref(roles)).await.unwrap();
        let service = roles.service_url(server.port());
        assert_eq!(psql(&service, "SELECT n FROM kept WHERE id = 1").unwrap(), "7");
        psql(&service, "INSERT INTO kept (n) VALUES (8)").unwrap();
        let refused = psql(&service, "DROP TABLE kept").unwrap_err();
        assert!(refused.contains("must be owner of table kept"), "{refused}");
    }
    let owner = "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'";
    assert_eq!(server.sql("store", owner).await.unwrap(), "store_owner");
    psql(&second.owner_url(server.port()), "ALTER TABLE kept ADD m int").unwrap();
    let old = psql(&first.service_url(server.port()), "SELECT 1").unwrap_err();
    assert!(old.contains("password authentication failed"), "{old}");
}

/// Runs a statement with psql at a URL; returns its output, or its error.
fn psql(url: &str, statement: &str) -> Result<String, String> {
    let mut command = Command::new(find::postgres(None).unwrap().folder.join("psql"));
    let output = command.args(["-X", "-A", "-t", url, "-c", statement]).output().unwrap();
    let text = |bytes| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

#[tokio::test]
async fn rabbitmq_keeps_its_data_and_its_ports_over_a_crash() {
    let folder = tempfile::tempdir().unwrap();
    let passwords = Passwords { lockstep: "secret".to_owned(), ..Passwords::random() };
    let options = rabbitmq::Options { passwords, ..Default::default() };
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

/// Returns the status of a request to the management API.
fn request(port: u16, method: &str, path: &str) -> u16 {
    let login = STANDARD.encode(format!("{}:secret", User::Lockstep.as_str()));
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
