//! The program, as `deploy/up --with-sources` starts it.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use test_kit::http;

const PROGRAM: &str = env!("CARGO_BIN_EXE_sample-sources");

struct Running {
    child: Child,
    url: String,
}

impl Running {
    fn start(arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let mut command = Command::new(PROGRAM);
        for name in ["API_USER", "API_PASSWORD", "API_TOKEN"] {
            command.env_remove(name);
        }
        command.args(arguments).envs(environment.iter().copied()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut url = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut url).unwrap();
        Self { child, url: url.trim_end().to_owned() }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

#[tokio::test]
async fn a_killed_remote_has_lost_nothing_that_it_answered() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("remote.jsonl");
    let arguments = ["remote", "--seed-posts", "1", "--file", file.to_str().unwrap()];
    let client = http().build().unwrap();
    for expected in 1..=3 {
        let remote = Running::start(&arguments, &[]);
        let posts = format!("{}/posts", remote.url);
        let found: Value = client.get(&posts).send().await.unwrap().json().await.unwrap();
        assert_eq!(found.as_array().unwrap().len(), expected);
        assert_eq!(client.post(&posts).json(&json!({})).send().await.unwrap().status(), 201);
    }
}

#[tokio::test]
async fn the_upstream_takes_its_credentials_from_the_environment() {
    let environment = [("API_USER", "u"), ("API_PASSWORD", "p"), ("API_TOKEN", "t")];
    let upstream = Running::start(&["upstream", "--users", "2"], &environment);
    let client = http().build().unwrap();
    let users = client.get(format!("{}/iam/users", upstream.url)).bearer_auth("t").send().await;
    let users: Value = users.unwrap().json().await.unwrap();
    assert_eq!(users.as_array().unwrap().len(), 2);
    let login = json!({"grant_type": "password", "username": "u", "password": "p"});
    let login = client.post(format!("{}/auth", upstream.url)).json(&login).send().await;
    assert_eq!(login.unwrap().status(), 200);
}

#[test]
fn the_help_does_not_show_a_password() {
    let mut command = Command::new(PROGRAM);
    let help = command.args(["upstream", "--help"]).env("API_PASSWORD", "hidden").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    assert!(help.contains("API_PASSWORD") && !help.contains("hidden"), "{help}");
}
