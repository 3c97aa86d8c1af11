//! `deploy/test`: private servers, then formatting, lints and tests, or one command.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result};

use crate::check::step::{End, Step};
use crate::private::Private;
use crate::stop::Stop;

mod step;

/// Runs `command`, or all steps if there is none, and returns the exit code of the first failure.
pub async fn run(root: &Path, command: &[String]) -> Result<ExitCode> {
    let mut stop = Stop::listen()?;
    let started = Instant::now();
    eprintln!("==> private PostgreSQL and RabbitMQ");
    let folder = folder()?;
    let servers = tokio::select! {
        servers = Private::start(&folder) => servers?,
        () = stop.asked() => return Ok(End::Stopped.code()),
    };
    eprintln!("    ready ({:.1} s)", started.elapsed().as_secs_f64());
    let end = match command.split_first() {
        Some((program, arguments)) => {
            Step::given(program, arguments).run(&servers, &mut stop).await
        }
        None => all(root, &servers, &mut stop).await,
    };
    servers.kill().await;
    Ok(end?.code())
}

/// Returns the folder of the programs that cargo built, wherever its target folder is.
fn folder() -> Result<PathBuf> {
    let program = std::env::current_exe()?;
    let folder = program.parent().context("the launcher is in no folder")?;
    Ok(folder.join("lockstep-test"))
}

async fn all(root: &Path, servers: &Private, stop: &mut Stop) -> Result<End> {
    let mut summary = Vec::new();
    let mut end = End::Ok;
    for step in Step::all(root) {
        eprintln!("\n==> {}", step.title());
        let started = Instant::now();
        end = step.run(servers, stop).await?;
        let line =
            format!("{:>8.1} s  {:<7}  {}", started.elapsed().as_secs_f64(), end, step.title());
        summary.push(line);
        if !end.is_well() {
            break;
        }
    }
    let mark = if std::io::stderr().is_terminal() { ("\x1b[1m", "\x1b[0m") } else { ("", "") };
    eprintln!("\n{}==> {}{}", mark.0, if end.is_well() { "all is well" } else { "failed" }, mark.1);
    for line in summary {
        eprintln!("{line}");
    }
    Ok(end)
}
