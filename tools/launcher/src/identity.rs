//! The identity of a process: its id alone is reused after it has ended, so its start time belongs
//! to it.

use std::fs;

use anyhow::{Context, Result};
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
        let stat = fs::read_to_string(format!("/proc/{pid}/stat"))
            .with_context(|| format!("process {pid} is gone"))?;
        let Stat { started, .. } =
            parse(&stat).with_context(|| format!("/proc/{pid}/stat: {stat}"))?;
        Ok(Self { pid, started })
    }

    /// Returns whether this is still the same process, and not merely waiting to be collected by
    /// its parent.
    #[must_use]
    pub fn alive(&self) -> bool {
        fs::read_to_string(format!("/proc/{}/stat", self.pid))
            .ok()
            .and_then(|stat| parse(&stat))
            .is_some_and(|stat| stat.started == self.started && !stat.over())
    }

    /// Returns this process and its descendants, itself first.
    #[must_use]
    pub fn tree(self) -> Vec<Self> {
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        let all = pids.filter_map(|pid| {
            let stat = parse(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)?;
            Some((stat.parent, Self { pid, started: stat.started }))
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

/// The fields of a line of `/proc/<pid>/stat` that are used.
#[derive(Debug, PartialEq, Eq)]
struct Stat {
    state: char,
    parent: u32,
    threads: u32,
    started: u64,
}

impl Stat {
    /// Returns whether the whole process has ended. The first thread may have ended while others
    /// still hold files and ports.
    fn over(&self) -> bool {
        matches!(self.state, 'Z' | 'X') && self.threads <= 1
    }
}

/// Parses the fields that are used; the name before them may hold anything.
fn parse(stat: &str) -> Option<Stat> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace();
    // The third field, the fourth, the twentieth, and two later the start time.
    let state = fields.next()?.chars().next()?;
    let parent = fields.next()?.parse().ok()?;
    let threads = fields.nth(15)?.parse().ok()?;
    let started = fields.nth(1)?.parse().ok()?;
    Some(Stat { state, parent, threads, started })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_spaces_and_brackets_does_not_mislead() {
        let stat = "7 (a) S b) R 5 7 7 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 3 0 4711 9 1";
        assert_eq!(parse(stat), Some(Stat { state: 'R', parent: 5, threads: 3, started: 4711 }));
        assert_eq!(parse("7 (a"), None);
    }

    #[test]
    fn one_whose_first_thread_alone_has_ended_is_not_over() {
        let stat = |state, threads| Stat { state, parent: 1, threads, started: 1 };
        assert!(stat('Z', 1).over() && stat('X', 0).over());
        assert!(!stat('Z', 2).over() && !stat('S', 1).over());
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
