//! One command of `deploy/test`, run in the foreground.

use std::fmt;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, ExitStatus};
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::private::Private;
use crate::stop::Stop;

/// The time that a command has to end when it is told to.
const STOP: Duration = Duration::from_secs(10);

/// The commands that a developer may do without: how they begin, and how to get them.
const OPTIONAL: [(&str, &str); 2] = [
    ("cargo deny", "cargo install --locked cargo-deny"),
    (
        "deploy/observability/promtool",
        "install promtool, which is in Debian's package prometheus, or let apt-get download that",
    ),
];

/// The script that drives the console in a browser.
const BROWSER: &str = "deploy/browser";

/// The exit code of a script that was skipped, as it lacks something and has said what.
const SKIPPED: u8 = 77;

/// The result of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Ok,
    /// The command is not installed.
    Skipped,
    Failed(u8),
    Stopped,
}

impl End {
    fn of(status: ExitStatus) -> Self {
        match status.code().map(u8::try_from) {
            Some(Ok(0)) => Self::Ok,
            Some(Ok(code)) => Self::Failed(code),
            // Ended by a signal.
            Some(Err(_)) | None => Self::Failed(1),
        }
    }

    pub(super) const fn is_well(self) -> bool {
        matches!(self, Self::Ok | Self::Skipped)
    }

    pub(super) fn code(self) -> ExitCode {
        match self {
            Self::Ok | Self::Skipped => ExitCode::SUCCESS,
            Self::Failed(code) => ExitCode::from(code),
            // What shells give for Ctrl-C.
            Self::Stopped => ExitCode::from(130),
        }
    }
}

impl fmt::Display for End {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Ok => "ok",
            Self::Skipped => "skipped",
            Self::Failed(_) => "FAILED",
            Self::Stopped => "stopped",
        })
    }
}

/// A command and the folder to run it in.
#[derive(Debug)]
pub(super) struct Step {
    words: Vec<String>,
    folder: Option<PathBuf>,
}

impl Step {
    /// Returns the step that runs a given command, in the current folder.
    pub(super) fn given(program: &str, arguments: &[String]) -> Self {
        let words = std::iter::once(program).chain(arguments.iter().map(String::as_str));
        Self { words: words.map(str::to_owned).collect(), folder: None }
    }

    /// Returns the steps that have to pass before a change is merged.
    pub(super) fn all(root: &Path) -> Vec<Self> {
        let commands = [
            "cargo fmt --all --check",
            "cargo deny check --hide-inclusion-graph licenses sources bans",
            "deploy/observability/promtool check config --syntax-only deploy/observability/prometheus.yml",
            "deploy/observability/promtool check rules --lint=all deploy/observability/rules.yml",
            "deploy/observability/promtool test rules deploy/observability/rules.test.yml",
            "cargo clippy --workspace --all-targets -- -D warnings",
            "cargo doc --workspace --no-deps --config build.rustdocflags=[\"-Dwarnings\"]",
            "cargo test --workspace",
            BROWSER,
        ];
        let words = commands.map(|line| line.split(' ').map(str::to_owned).collect());
        words.map(|words| Self { words, folder: Some(root.to_owned()) }).into()
    }

    fn end(&self, status: ExitStatus) -> End {
        match (End::of(status), self.words == [BROWSER]) {
            (End::Failed(SKIPPED), true) => End::Skipped,
            (end, _) => end,
        }
    }

    pub(super) fn title(&self) -> String {
        self.words.join(" ")
    }

    pub(super) async fn run(&self, servers: &Private, stop: &mut Stop) -> Result<End> {
        if let Some(advice) = self.lacks().await {
            eprintln!("not installed, skipped ({advice})");
            return Ok(End::Skipped);
        }
        let mut command = self.command(&self.words)?;
        command.envs(servers.environment()).kill_on_drop(true);
        // At a terminal it has to be in the foreground group to read from it, and gets Ctrl-C from
        // there. Elsewhere a group of its own lets us end it with all that it has started.
        let own_group = !std::io::stdin().is_terminal();
        if own_group {
            command.process_group(0);
        }
        let mut child = command.spawn().with_context(|| format!("cannot run {}", self.title()))?;
        tokio::select! {
            status = child.wait() => return Ok(self.end(status?)),
            () = stop.asked() => {}
        }
        end(&mut child, own_group).await?;
        Ok(End::Stopped)
    }

    fn command(&self, words: &[String]) -> Result<Command> {
        let (program, arguments) = words.split_first().context("nothing to run")?;
        let folder = self.folder.as_deref().unwrap_or(Path::new("."));
        // A name without a slash is looked for in PATH.
        let is_path = program.contains('/');
        let mut command = Command::new(if is_path { folder.join(program) } else { program.into() });
        command.args(arguments).current_dir(folder);
        Ok(command)
    }

    /// Returns how to get the command, if it is one that a developer may do without and is not
    /// installed.
    async fn lacks(&self) -> Option<&'static str> {
        let title = self.title();
        let (command, advice) = OPTIONAL.iter().find(|(command, _)| title.starts_with(command))?;
        let words = command.split(' ').chain(["--version"]).map(str::to_owned);
        let mut version = self.command(&words.collect::<Vec<_>>()).ok()?;
        let asked = version.output().await;
        (!asked.is_ok_and(|answer| answer.status.success())).then_some(*advice)
    }
}

async fn end(child: &mut Child, own_group: bool) -> Result<()> {
    for signal in [Signal::TERM, Signal::KILL] {
        let Some(pid) = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw)
        else {
            return Ok(());
        };
        // It may have ended just now, which is what we want.
        let _ = if own_group { kill_process_group(pid, signal) } else { kill_process(pid, signal) };
        if let Ok(status) = timeout(STOP, child.wait()).await {
            status?;
            return Ok(());
        }
    }
    Ok(())
}
