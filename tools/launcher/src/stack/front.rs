//! `deploy/up --detach` in the foreground: starts the supervisor, shows its progress, and ends when
//! all is ready.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{ExitCode, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::process::{Child, Command};
use tokio::time::sleep;

use super::endpoints::{Access, Endpoints};
use super::folder::Folder;
use super::state::State;
use super::up::{self, Wanted};
use crate::identity::Identity;
use crate::log;
use crate::stop::Stop;

const PAUSE: Duration = Duration::from_millis(100);

pub(super) async fn run(root: &Path, folder: &Folder, wanted: Wanted) -> Result<ExitCode> {
    let mut stop = Stop::listen()?;
    let path = folder.log("launcher");
    let output = log::open(&path)?;
    let mut reader = File::open(&path)?;
    let mut supervisor = Command::new(std::env::current_exe()?)
        .arg("--root")
        .arg(root)
        .args(["up", "--supervise"])
        .args((wanted.access == Access::Secured).then_some("--secured"))
        .args(wanted.sources.then_some("--with-sources"))
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(output.try_clone()?)
        .stderr(output)
        .spawn()
        .context("cannot start the supervisor")?;
    let identity = Identity::of(supervisor.id().context("the supervisor has gone")?)?;
    let mut asked = false;
    loop {
        relay(&mut reader)?;
        if let Some(code) = ended(&mut supervisor)? {
            relay(&mut reader)?;
            return Ok(code);
        }
        if let Some(endpoints) = ready(folder, identity).filter(|_| !asked) {
            up::show(folder, &endpoints);
            println!("deploy/down stops everything.");
            return Ok(ExitCode::SUCCESS);
        }
        tokio::select! {
            () = sleep(PAUSE) => {}
            () = stop.asked() => {
                asked = true;
                let _ = identity.signal(rustix::process::Signal::TERM);
            }
        }
    }
}

/// Shows what the supervisor has logged since the last call.
fn relay(log: &mut File) -> Result<()> {
    let mut new = Vec::new();
    log.read_to_end(&mut new)?;
    std::io::stderr().write_all(&new)?;
    Ok(())
}

fn ended(supervisor: &mut Child) -> Result<Option<ExitCode>> {
    let status = supervisor.try_wait()?;
    let code = |status: std::process::ExitStatus| status.code().map(u8::try_from);
    Ok(status.map(|status| match code(status) {
        Some(Ok(code)) => ExitCode::from(code),
        Some(Err(_)) | None => ExitCode::FAILURE,
    }))
}

/// Returns the endpoints, once this supervisor is ready.
fn ready(folder: &Folder, supervisor: Identity) -> Option<Endpoints> {
    let state = State::load(folder).ok()??;
    state.ready.filter(|_| state.launcher == supervisor)
}
