//! Children of a launcher that was killed. The kernel has signalled them; this makes sure that they
//! end.

use std::time::Duration;

use anyhow::Result;
use rustix::process::Signal;

use super::folder::Folder;
use super::state::State;
use super::{endpoints, programs};
use crate::wait;

const LIMIT: Duration = Duration::from_secs(10);

/// Ends the children of the last launcher of this folder, which has ended itself, as the caller's
/// lock shows.
pub(super) async fn end(folder: &Folder) -> Result<()> {
    folder.remove(endpoints::FILE)?;
    folder.remove(programs::WORKER_FILE)?;
    let Some(state) = State::load(folder)? else {
        return Ok(());
    };
    for signal in [Signal::QUIT, Signal::KILL] {
        let left: Vec<_> = state.children.iter().filter(|child| child.signal(signal)).collect();
        let gone = async || left.iter().all(|child| !child.alive());
        let ended = wait::until("what was left running to end", LIMIT, gone).await;
        if signal == Signal::KILL {
            ended?;
        }
    }
    State::forget(folder)
}
