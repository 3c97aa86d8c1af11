//! A program as a process: what it says where its settings are wrong, and how it ends.

use std::process::{ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{Child, Command};

use super::{TestClient, eventually};

/// How long a program may take to end.
const PATIENCE: Duration = Duration::from_secs(20);

/// Settings by their names without the prefix, as in `HTTP__PORT`.
pub type Set<'a> = (&'a str, &'a str);

/// A service's program.
#[derive(Clone, Copy, Debug)]
pub struct Binary {
    /// Where it is.
    pub path: &'static str,
    /// What the names of its settings begin with.
    pub prefix: &'static str,
}

/// A program that runs; it is killed when the test is over.
#[derive(Debug)]
pub struct TestProgram {
    /// Asks it.
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

    /// Runs it to its end.
    pub async fn run(&self, arguments: &[&str], settings: &[Set<'_>]) -> Output {
        let running = self.command(arguments, settings).output();
        tokio::time::timeout(PATIENCE, running).await.expect("it ends").unwrap()
    }

    /// Starts it on a free port, and waits until it serves.
    pub async fn start(&self, settings: &[Set<'_>]) -> TestProgram {
        self.start_with(&[], settings).await
    }

    /// The same, with arguments.
    pub async fn start_with(&self, arguments: &[&str], settings: &[Set<'_>]) -> TestProgram {
        let settings = [settings, &[("HTTP__PORT", "0")]].concat();
        let mut child = self.command(arguments, &settings).spawn().unwrap();
        let output = Arc::default();
        keep(child.stdout.take().unwrap(), &output);
        keep(child.stderr.take().unwrap(), &output);
        let address = eventually("the program serves", async || {
            let said = output.lock().unwrap().clone();
            // As text or as JSON.
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
    /// Waits until it is ready.
    pub async fn ready(&self) {
        eventually("the program is ready", async || {
            (self.client.get("/health/ready").await.status == 200).then_some(())
        })
        .await;
    }

    /// All that it has said so far.
    #[must_use]
    pub fn output(&self) -> String {
        self.output.lock().unwrap().clone()
    }

    /// Sends it a signal, such as `TERM`.
    pub async fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.child.id().expect("it runs"));
        let sent = Command::new("sh").args(["-c", &kill]).status().await.unwrap();
        assert!(sent.success(), "{kill}");
    }

    /// Waits until it has ended.
    pub async fn ended(&mut self) -> ExitStatus {
        tokio::time::timeout(PATIENCE, self.child.wait()).await.expect("it ends").unwrap()
    }
}
