//! `deploy/down`: stops the stack of a folder, and removes its data where that is wanted.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::process::Signal;

use super::folder::{Folder, Lock};
use super::leftovers;
use super::state::State;
use crate::progress::Progress;
use crate::wait;

/// The time limit of a stop: longer than all parts together may take.
const LIMIT: Duration = Duration::from_secs(150);

/// Stops the stack of the checkout `root`; with `wipe` its data are removed as well.
pub async fn run(root: &Path, wipe: bool) -> Result<ExitCode> {
    let folder = Folder::of(root);
    if !folder.exists() {
        println!("Lockstep has never been started here.");
        return Ok(ExitCode::SUCCESS);
    }
    folder.prepare()?;
    let lock = match folder.lock()? {
        Some(lock) => {
            leftovers::end(&folder).await?;
            println!("Lockstep is not running here.");
            lock
        }
        None => Progress::default().during("stopping Lockstep", stop(&folder)).await?,
    };
    if wipe {
        folder.wipe(lock)?;
        println!("Its data are gone.");
    }
    Ok(ExitCode::SUCCESS)
}

/// Asks the launcher that holds the lock to stop and waits until it has released the lock.
async fn stop(folder: &Folder) -> Result<Lock> {
    let state = State::load(folder)?
        .context("Lockstep is just being started or stopped here; try again in a moment")?;
    if !state.launcher.signal(Signal::TERM) {
        bail!("somebody holds {}/lock who is not the launcher", folder.path().display());
    }
    let launcher = state.launcher;
    wait::until("the launcher to stop", LIMIT, async || !launcher.alive()).await?;
    folder.lock()?.context("Lockstep has been started again meanwhile")
}
