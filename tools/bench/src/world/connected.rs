//! The worker, connected to services outside.

use std::time::Instant;

use anyhow::Result;
use launcher::wait;
use process_kit::Program;
use serde_json::Value;

use super::usage::{Watch, kilobytes};
use super::{PATIENCE, World, sides};

/// A worker that has further settings than that of the world, which does not run meanwhile.
#[derive(Debug)]
pub struct Connected {
    worker: Program,
    memory: Watch,
}

impl World {
    /// Has a new worker run instead of its own, with these settings besides, and waits until the runs are
    /// over that the schedule begins. The sides publish nothing.
    pub async fn connected(&mut self, settings: &[(&str, &str)]) -> Result<Connected> {
        if self.worker.process().is_some() {
            self.stand_still().await?;
        }
        let mut worker = self.worker.with("worker.sources", "WORKER", settings);
        worker.try_to_start().await?;
        let ready = async || sides::is_ready(&worker).await;
        wait::until("the worker to be ready", PATIENCE, ready).await?;
        let idle = async || sides::ask(&worker, "/v1/sources").await.is_ok_and(|it| is_idle(&it));
        wait::until("the first runs to be over", PATIENCE, idle).await?;
        let memory = Watch::begin()?;
        memory.of(worker.process().map(|it| it.identity().pid).into_iter().collect());
        Ok(Connected { worker, memory })
    }
}

/// Returns whether each source has run, and none does.
fn is_idle(listed: &Value) -> bool {
    let mut sources = listed["sources"].as_array().into_iter().flatten();
    sources.all(|source| source["last"]["state"].as_str().is_some_and(|state| state != "running"))
}

impl Connected {
    /// Has it run a task, and returns the figures of the run.
    pub async fn run(&self, path: &str) -> Result<Value> {
        sides::run_task(&self.worker, path).await
    }

    /// The memory that it holds, in MB.
    pub fn megabytes(&self) -> Result<f64> {
        Ok(kilobytes(&self.worker)? / 1e3)
    }

    /// The most that it has held since a moment, in MB.
    pub fn most_since(&self, moment: Instant) -> Result<f64> {
        let samples = self.memory.since(moment);
        Ok(samples.iter().map(|sample| sample.megabytes).fold(self.megabytes()?, f64::max))
    }

    /// Stops it.
    pub async fn stop(mut self) -> Result<()> {
        self.worker.try_to_stop(PATIENCE).await
    }
}
