//! All sources that are configured, as the worker runs them and as they are shown.

use std::sync::Arc;
use std::time::{Duration, Instant};

use shared_models::runs::{Run, RunFailure};
use shared_models::side::Side;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::pull::{self, Pull};
use super::run::Task;
use super::schedule::repeat;
use crate::settings::SourcesSettings;
use crate::side_client::SideClient;

/// All sources that are configured.
#[derive(Clone)]
pub struct Sources {
    upstreams: Arc<[Arc<Task<Pull>>]>,
}

/// The error of sources that cannot be built.
#[derive(Debug, thiserror::Error)]
#[error("invalid settings: {0}")]
pub struct SourcesError(String);

impl Sources {
    /// Builds the sources. They are idle until they are run.
    pub fn new(settings: &SourcesSettings, stop: &CancellationToken) -> Result<Self, SourcesError> {
        let warehouse = || {
            let client = SideClient::new(Side::Warehouse, &settings.sides());
            client.map_err(|error| SourcesError(error.to_string()))
        };
        let mut upstreams = vec![];
        for upstream in settings.upstreams().map_err(SourcesError)? {
            let (job, side) = (upstream.name.clone(), warehouse()?);
            let work = Pull::new(upstream, side.clone(), Arc::new(Instant::now));
            let work = Arc::new(work.map_err(SourcesError)?);
            let stop = stop.clone();
            upstreams.push(Arc::new(Task { job, name: pull::TASK, side, work, stop }));
        }
        Ok(Self { upstreams: upstreams.into() })
    }

    /// Runs the tasks of all sources, each at its interval, until asked to stop.
    pub fn repeat(&self, running: &mut JoinSet<()>, stop: &CancellationToken) {
        for task in &*self.upstreams {
            let (task, stop) = (Arc::clone(task), stop.clone());
            let interval = task.work.upstream.settings.interval;
            running.spawn(async move { repeat(&task, interval, stop).await });
        }
    }

    /// Returns the pulls.
    #[must_use]
    pub fn upstreams(&self) -> &[Arc<Task<Pull>>] {
        &self.upstreams
    }

    /// Returns the pull of this name.
    #[must_use]
    pub fn upstream(&self, name: &str) -> Option<&Arc<Task<Pull>>> {
        self.upstreams.iter().find(|task| task.job == name)
    }

    /// Returns the names of all sources, for a message.
    #[must_use]
    pub fn names(&self) -> String {
        let names = self.upstreams.iter().map(|task| task.job.as_str()).collect::<Vec<_>>();
        if names.is_empty() { "none is configured".to_owned() } else { names.join(", ") }
    }
}

/// Runs a task on behalf of a caller, to its end even if the caller goes away.
pub async fn run_detached<W: super::run::Work>(
    task: &Arc<Task<W>>,
    principal: Option<String>,
) -> Result<Run, RunFailure> {
    let task = Arc::clone(task);
    let running = tokio::spawn(async move { task.run_now(principal).await });
    running.await.unwrap_or_else(|error| {
        tracing::error!(%error, "a run ended by itself");
        let detail = "the run ended by itself; see the log of the worker".to_owned();
        Err(RunFailure { reason: "internal".to_owned(), detail })
    })
}

/// Returns an interval in seconds, as it is shown.
#[must_use]
pub fn seconds(interval: Duration) -> f64 {
    interval.as_secs_f64()
}
