//! A program as a process: its messages on invalid settings, and its exit.

use std::process::{ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{Child, Command};

use super::{TestClient, eventually};

/// The timeout of a program's exit.
const PATIENCE: Duration = Duration::from_secs(20);

/// Settings by their names without the prefix, for example `HTTP__PORT`.
pub type Set<'a> = (&'a str, &'a str);

/// A service's program.
#[derive(Clone, Copy, Debug)]
pub struct Binary {
    /// The path of the executable.
    pub path: &'static str,
    /// The prefix of its settings.
    pub prefix: &'static str,
}

/// A running program; it is killed when the test is over.
#[derive(Debug)]
pub struct TestProgram {
    /// A client of the program.
    pub client: TestClient,
    child: Child,
    output: Arc<Mutex<String>>,
}

impl Binary {
    fn command(&self, arguments: &[&str], settings: &[Set<'_>]) -> Command {
        let mut command = Command::new(self.path);
        command.args(arguments).env_clear().kill_on_drop(true).stdin(Stdio::null());
        for (name, value) in settings {
            command.env(format!("{}__{name}", self.prefix), value);
        }
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs the program to its end.
    pub async fn run(&self, arguments: &[&str], settings: &[Set<'_>]) -> Output {
        let running = self.command(arguments, settings).output();
        tokio::time::timeout(PATIENCE, running).await.expect("it ends").unwrap()
    }

    /// Starts the program on a free port, and waits until it serves.
    pub async fn start(&self, settings: &[Set<'_>]) -> TestProgram {
        self.start_with(&[], settings).await
    }

    /// Starts the program with arguments.
    pub async fn start_with(&self, arguments: &[&str], settings: &[Set<'_>]) -> TestProgram {
        let settings = [settings, &[("HTTP__PORT", "0")]].concat();
        let mut child = self.command(arguments, &settings).spawn().unwrap();
        let output = Arc::default();
        keep(child.stdout.take().unwrap(), &output);
        keep(child.stderr.take().unwrap(), &output);
        let address = eventually("the program serves", async || {
            let said = output.lock().unwrap().clone();
            // Matches text and JSON logs.
            let after = said.split("address").nth(1)?.trim_start_matches(['"', '=', ':']);
            let end =
                after.find(|letter: char| !letter.is_ascii_digit() && !".:".contains(letter))?;
            Some(after[..end].to_owned())
        });
        let client = TestClient::new(format!("http://{}", address.await));
        TestProgram { client, child, output }
    }
}

fn keep(stream: impl AsyncRead + Send + Unpin + 'static, output: &Arc<Mutex<String>>) {
    let output = Arc::clone(output);
    tokio::spawn(async move {
        let mut lines = BufReader::new(stream).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            output.lock().unwrap().push_str(&(line + "\n"));
        }
    });
}

impl TestProgram {
    /// Waits until the program is ready.
    pub async fn ready(&self) {
        eventually("the program is ready", async || {
            (self.client.get("/health/ready").await.status == 200).then_some(())
        })
        .await;
    }

    /// Returns the output so far.
    #[must_use]
    pub fn output(&self) -> String {
        self.output.lock().unwrap().clone()
    }

    /// Sends a signal, for example `TERM`.
    pub async fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.child.id().expect("it runs"));
        let sent = Command::new("sh").args(["-c", &kill]).status().await.unwrap();
        assert!(sent.success(), "{kill}");
    }

    /// Waits until the program has ended.
    pub async fn ended(&mut self) -> ExitStatus {
        tokio::time::timeout(PATIENCE, self.child.wait()).await.expect("it ends").unwrap()
    }
}
