//! A program as a process: what it says where its settings are wrong, and how it ends.

use std::net::TcpListener;
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
        let settings = [settings, &[("HTTP__PORT", "0")]].concat();
        let mut child = self.command(&[], &settings).spawn().unwrap();
        let output = Arc::default();
        keep(child.stdout.take().unwrap(), &output);
        keep(child.stderr.take().unwrap(), &output);
        let address = eventually("the program serves", async || {
            let said = output.lock().unwrap().clone();
            let address = said.split("address=").nth(1)?.split_whitespace().next()?;
            Some(address.to_owned())
        });
        let client = TestClient::new(format!("http://{}", address.await));
        TestProgram { client, child, output }
    }

    /// Starts it with each of these settings, and expects it to end with one line that names the
    /// setting, before it has tried to open a socket. `good` are settings with which it would run.
    pub async fn assert_refuses(&self, good: &[Set<'_>], bad: &[(Set<'_>, &str)]) {
        // Whoever tries to serve here is told that the port is taken.
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = taken.local_addr().unwrap().port().to_string();
        for (setting, named) in bad {
            let mut settings = vec![("HTTP__PORT", port.as_str())];
            settings.extend(good.iter().filter(|(name, _)| *name != setting.0));
            settings.extend((!setting.1.is_empty()).then_some(*setting));
            let (said, ended) = told(&self.run(&[], &settings).await);
            assert!(!ended.success(), "{setting:?}: {said}");
            assert!(said.contains(named), "{setting:?}: {said}");
            assert_eq!(said.trim_end().lines().count(), 1, "{setting:?}: {said}");
        }
        let settings = [good, &[("HTTP__PORT", port.as_str()), ("LOG__FILTER", "off")]].concat();
        let (said, ended) = told(&self.run(&[], &settings).await);
        assert!(!ended.success() && said.contains(&port), "{said}");
        assert_eq!(said.trim_end().lines().count(), 1, "{said}");
    }
}

/// What a program that has ended said on standard error, and how it ended.
fn told(output: &Output) -> (String, ExitStatus) {
    assert!(output.stdout.is_empty(), "{output:?}");
    (String::from_utf8(output.stderr.clone()).unwrap(), output.status)
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
