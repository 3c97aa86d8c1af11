//! Docker and Compose as commands. Compose is `docker compose` where that is there, else
//! `docker-compose`.

use std::process::{Output, Stdio};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use tokio::process::Command;

/// The commands that are there.
#[derive(Clone, Debug)]
pub struct Engine {
    compose: &'static [&'static str],
    /// The version, as Compose prints it.
    pub version: String,
}

impl Engine {
    /// Looks which are there, and whether an engine answers.
    pub async fn find() -> Result<Self> {
        if let Err(error) = docker(&["info", "--format", "{{.ServerVersion}}"]).await {
            bail!("no Docker engine answers (install docker, or set DOCKER_HOST): {error:#}");
        }
        for compose in [["docker", "compose"].as_slice(), &["docker-compose"]] {
            let mut command = named(compose);
            if let Ok(version) = output(command.args(["version", "--short"])).await {
                return Ok(Self { compose, version: format!("{} {version}", compose.join(" ")) });
            }
        }
        bail!("neither `docker compose` nor `docker-compose` is here; install one of them")
    }

    /// Compose, to be given arguments.
    #[must_use]
    pub fn compose(&self) -> Command {
        named(self.compose)
    }
}

fn named(words: &[&str]) -> Command {
    let mut command = Command::new(words[0]);
    command.args(&words[1..]);
    command
}

/// The output of `docker` with these arguments.
pub async fn docker(arguments: &[&str]) -> Result<String> {
    output(Command::new("docker").args(arguments)).await
}

/// The output of `docker inspect` for one thing.
pub async fn inspect(id: &str) -> Result<Value> {
    let text = docker(&["inspect", id]).await?;
    let all: Vec<Value> = serde_json::from_str(&text)?;
    all.into_iter().next().with_context(|| format!("Docker knows no {id}"))
}

/// The output of a command, without the end of the line; its complaints where it fails.
pub async fn output(command: &mut Command) -> Result<String> {
    let output = whole_output(command).await?;
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    let complaint = said(&output.stderr);
    ensure!(output.status.success(), "{}: {}", output.status, tail(&complaint));
    Ok(said(&output.stdout))
}

/// All that a command prints, however it ends.
pub async fn whole_output(command: &mut Command) -> Result<Output> {
    let name = command.as_std().get_program().to_owned();
    let output = command.stdin(Stdio::null()).kill_on_drop(true).output().await;
    output.with_context(|| format!("cannot run {}", name.display()))
}

fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}
