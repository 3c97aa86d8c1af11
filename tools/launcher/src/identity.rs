//! The identity of a process: its id alone is reused after it has ended, so its start time belongs
//! to it.

use anyhow::{Context, Result};
use procfs::process::{Process, Stat};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use serde::{Deserialize, Serialize};

/// A process id, and when that process started (in clock ticks after boot).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The process id.
    pub pid: u32,
    started: u64,
}

impl Identity {
    /// Returns the process that has this id now.
    pub fn of(pid: u32) -> Result<Self> {
        let stat = stat(pid).with_context(|| format!("process {pid} is gone"))?;
        Ok(Self { pid, started: stat.starttime })
    }

    /// Returns whether this is still the same process, and not merely waiting to be collected by
    /// its parent.
    #[must_use]
    pub fn alive(&self) -> bool {
        stat(self.pid).is_some_and(|stat| stat.starttime == self.started && !is_over(&stat))
    }

    /// Returns this process and its descendants, itself first.
    #[must_use]
    pub fn tree(self) -> Vec<Self> {
        let stats = procfs::process::all_processes().into_iter().flatten();
        let all = stats.filter_map(|process| {
            let stat = process.ok()?.stat().ok()?;
            let identity = Self { pid: stat.pid.try_into().ok()?, started: stat.starttime };
            Some((stat.ppid.try_into().ok()?, identity))
        });
        descend(self, &all.collect::<Vec<_>>())
    }

    /// Signals exactly this process, never one that got its id later; false when it has ended.
    #[must_use]
    pub fn signal(&self, signal: Signal) -> bool {
        let Some(pid) = i32::try_from(self.pid).ok().and_then(Pid::from_raw) else {
            return false;
        };
        // The descriptor is taken before the look, so that both are of one process.
        let Ok(process) = pidfd_open(pid, PidfdFlags::empty()) else {
            return false;
        };
        self.alive() && pidfd_send_signal(&process, signal).is_ok()
    }
}

/// Returns a process and its descendants, out of all processes, each with its parent's id.
fn descend(first: Identity, all: &[(u32, Identity)]) -> Vec<Identity> {
    let mut tree = vec![first];
    let mut next = 0;
    while let Some(parent) = tree.get(next).map(|identity| identity.pid) {
        tree.extend(all.iter().filter(|(of, _)| *of == parent).map(|(_, child)| *child));
        next += 1;
    }
    tree
}

fn stat(pid: u32) -> Option<Stat> {
    Process::new(pid.try_into().ok()?).ok()?.stat().ok()
}

/// Returns whether the whole process has ended. The first thread may have ended while others still
/// hold files and ports.
fn is_over(stat: &Stat) -> bool {
    matches!(stat.state, 'Z' | 'X') && stat.num_threads <= 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_whose_first_thread_alone_has_ended_is_not_over() {
        let mut mine = stat(std::process::id()).unwrap();
        let mut is_over = |state, threads| {
            (mine.state, mine.num_threads) = (state, threads);
            is_over(&mine)
        };
        assert!(is_over('Z', 1) && is_over('X', 0));
        assert!(!is_over('Z', 2) && !is_over('S', 1));
    }

    #[test]
    fn a_tree_is_a_process_with_its_children_and_theirs() {
        let process = |pid| Identity { pid, started: 1 };
        let all = [(1, 7), (7, 8), (1, 9), (8, 10), (7, 11)];
        let all = all.map(|(parent, pid)| (parent, process(pid)));
        assert_eq!(descend(process(7), &all), [7, 8, 11, 10].map(process));
    }

    #[test]
    fn this_process_is_alive_and_one_with_its_id_at_another_time_is_not() {
        let me = Identity::of(std::process::id()).unwrap();
        assert!(me.alive());
        let other = Identity { started: me.started + 1, ..me };
        assert!(!other.alive());
        assert!(!other.signal(Signal::TERM));
    }
}
