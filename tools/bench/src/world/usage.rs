//! The resources that processes take, as the kernel says it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use launcher::process::Process;
use process_kit::Program;
use procfs::{page_size, ticks_per_second};

use super::World;

/// The interval at which memory is looked at.
const EVERY: Duration = Duration::from_millis(100);

/// The parts that take processor time.
pub const PARTS: [&str; 5] =
    ["store-svc", "warehouse-svc", "sync-worker", "PostgreSQL", "RabbitMQ"];

/// Processor time that each of the [`PARTS`] has taken since it began, in seconds, with all
/// processes that it has started.
pub fn processor(world: &World) -> Result<[f64; PARTS.len()]> {
    let programs = [&world.store, &world.warehouse, &world.worker].map(Program::process);
    let [store, warehouse, worker] = programs.map(|process| process.map_or(0, ticks));
    let postgres = world.servers.postgres.process().map_or(0, ticks);
    let rabbitmq = world.servers.rabbitmq.processes().map(ticks).sum();
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let seconds = |ticks: u64| ticks as f64 / ticks_per_second() as f64;
    Ok([store, warehouse, worker, postgres, rabbitmq].map(seconds))
}

/// The ticks of a process and of all that descend from it. What a child took is added to its
/// parent's when it ends, so nothing is counted twice and nothing is lost.
fn ticks(process: &Process) -> u64 {
    process.identity().tree().iter().filter_map(|it| ticks_of(it.pid)).sum()
}

/// The ticks of a process and of its children that have ended, as user and as system.
fn ticks_of(pid: u32) -> Option<u64> {
    let stat = of(pid)?.stat().ok()?;
    let children = u64::try_from(stat.cutime + stat.cstime).ok()?;
    Some(stat.utime + stat.stime + children)
}

fn of(pid: u32) -> Option<procfs::process::Process> {
    procfs::process::Process::new(pid.try_into().ok()?).ok()
}

/// Looks at the memory of some processes for as long as it is there.
#[derive(Debug)]
pub struct Watch(Arc<Mutex<Watched>>);

#[derive(Debug, Default)]
struct Watched {
    pids: Vec<u32>,
    samples: Vec<Sample>,
}

/// The memory that all of them together held at a moment.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// When.
    pub at: Instant,
    /// The memory in MB.
    pub megabytes: f64,
}

impl Watch {
    /// Begins to watch no processes yet.
    pub(super) fn begin() -> Result<Self> {
        let watched = Arc::new(Mutex::new(Watched::default()));
        let seen = Arc::downgrade(&watched);
        let thread = thread::Builder::new().name("memory".into());
        thread.spawn(move || {
            while look(&seen) {
                thread::sleep(EVERY);
            }
        })?;
        Ok(Self(watched))
    }

    /// Watches these processes from now on.
    pub(super) fn of(&self, pids: Vec<u32>) {
        lock(&self.0).pids = pids;
    }

    /// The samples since a moment.
    #[must_use]
    pub fn since(&self, moment: Instant) -> Vec<Sample> {
        lock(&self.0).samples.iter().filter(|sample| sample.at >= moment).copied().collect()
    }

    /// The most that was ever held.
    pub fn most(&self) -> Result<f64> {
        let samples = &lock(&self.0).samples;
        let most = samples.iter().map(|sample| sample.megabytes).max_by(f64::total_cmp);
        most.context("no memory was looked at")
    }
}

/// Takes a sample; returns whether anybody still wants to know.
fn look(watched: &Weak<Mutex<Watched>>) -> bool {
    let Some(watched) = watched.upgrade() else { return false };
    let mut watched = lock(&watched);
    let pages = watched.pids.iter().filter_map(|pid| pages(*pid)).sum::<u64>();
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let megabytes = (pages * page_size()) as f64 / 1e6;
    watched.samples.push(Sample { at: Instant::now(), megabytes });
    true
}

/// The memory that a program holds, in kB.
pub fn kilobytes(program: &Program) -> Result<f64> {
    let pages = program.process().and_then(|process| pages(process.identity().pid));
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let kilobytes = (pages.context("it does not run")? * page_size()) as f64 / 1e3;
    Ok(kilobytes)
}

/// The pages of a process that are in memory.
fn pages(pid: u32) -> Option<u64> {
    Some(of(pid)?.statm().ok()?.resident)
}

fn lock(watched: &Mutex<Watched>) -> MutexGuard<'_, Watched> {
    watched.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_memory() {
        assert!(pages(std::process::id()).is_some_and(|pages| pages > 0));
        assert_eq!(pages(u32::MAX), None);
    }
}
