//! All sources that are configured, as the worker runs them and as they are shown.

use std::sync::Arc;
use std::time::Instant;

use program_kit::http::metrics::Registry;
use shared_models::mirror::JOB;
use shared_models::runs::{Run, RunFailure};
use shared_models::side::Side;
use tokio::runtime::Handle;
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::figures::RunFigures;
use super::mirror::Mirror;
use super::mirror::flush::{FLUSH, Flush};
use super::mirror::load::{LOAD, Load, OnProgress};
use super::pull::{self, Pull};
use super::run::{Task, Work};
use super::schedule::{finish, repeat};
use crate::settings::SourcesSettings;
use crate::settings::mirror::Remote;
use crate::side_client::SideClient;

/// All sources that are configured.
#[derive(Clone, Default)]
pub struct Sources {
    upstreams: Arc<[Arc<Task<Pull>>]>,
    mirror: Option<MirrorTasks>,
    /// The runs that callers have asked for.
    asked: TaskTracker,
    /// Where these run: a thread of the HTTP server ends with the server, and drops what it runs.
    runtime: Option<Handle>,
}

/// The tasks of the mirror.
#[derive(Clone)]
pub struct MirrorTasks {
    /// Sends what changed here.
    pub flush: Arc<Task<Flush>>,
    /// Loads what the remote has.
    pub load: Arc<Task<Load>>,
}

impl MirrorTasks {
    /// Returns the remote.
    #[must_use]
    pub fn remote(&self) -> &Remote {
        self.flush.work.0.remote()
    }
}

/// What a load on the command line may do besides, and whom it tells how far it has come.
pub struct LoadOptions {
    /// Is told how far it has come.
    pub on_progress: OnProgress,
    /// Set if it may remove any number of records.
    pub removes_any: bool,
    /// Set if the remote is known to be the one that the ids in the store are of, whatever its address.
    pub is_same_remote: bool,
}

impl Default for LoadOptions {
    fn default() -> Self {
        Self { on_progress: Arc::new(|_| ()), removes_any: false, is_same_remote: false }
    }
}

/// The error of sources that cannot be built.
#[derive(Debug, thiserror::Error)]
#[error("invalid settings: {0}")]
pub struct SourcesError(String);

impl Sources {
    /// Builds the sources, within the runtime that they run in. They are idle until they are run, and
    /// are measured in the registry.
    pub fn new(
        settings: &SourcesSettings,
        stop: &CancellationToken,
        registry: &Registry,
    ) -> Result<Self, SourcesError> {
        Self::with(settings, stop, registry, LoadOptions::default())
    }

    /// Builds the sources, whose loads have these options.
    pub fn with(
        settings: &SourcesSettings,
        stop: &CancellationToken,
        registry: &Registry,
        load: LoadOptions,
    ) -> Result<Self, SourcesError> {
        let client = |side| {
            let client = SideClient::new(side, &settings.sides());
            client.map_err(|error| SourcesError(error.to_string()))
        };
        let (build, mut upstreams) = (Builder { stop, registry }, vec![]);
        for upstream in settings.upstreams().map_err(SourcesError)? {
            let (job, side) = (upstream.name.clone(), client(Side::Warehouse)?);
            let work = Pull::new(upstream, side.clone(), Arc::new(Instant::now), registry);
            let work = work.map_err(SourcesError)?;
            upstreams.push(build.task(job, pull::TASK, side, work));
        }
        let remote = settings.remote().map_err(SourcesError)?;
        let mirror = remote.map(|remote| build.mirror(remote, client(Side::Store)?, load));
        Ok(Self {
            upstreams: upstreams.into(),
            mirror: mirror.transpose()?,
            asked: TaskTracker::new(),
            runtime: Handle::try_current().ok(),
        })
    }

    /// Runs the tasks of all sources, each at its interval, until asked to stop. Runs that callers have asked for
    /// are waited for, too.
    pub fn repeat(&self, running: &mut JoinSet<()>, stop: &CancellationToken) {
        running.spawn(finish(self.asked.clone(), stop.clone()));
        for task in &*self.upstreams {
            let (task, stop) = (Arc::clone(task), stop.clone());
            let interval = task.work.upstream.settings.interval;
            running.spawn(async move { repeat(&task, interval, stop).await });
        }
        if let Some(mirror) = self.mirror.clone() {
            let settings = mirror.remote().settings.clone();
            let of_flush = stop.clone();
            running.spawn(async move { repeat(&mirror.flush, settings.interval, of_flush).await });
            if let Some(interval) = settings.load_interval {
                let stop = stop.clone();
                running.spawn(async move { repeat(&mirror.load, interval, stop).await });
            }
        }
    }

    /// Begins to run a task on behalf of a caller. It is run to its end even if nobody waits for that.
    pub fn start<W: Work>(
        &self,
        task: &Arc<Task<W>>,
        principal: Option<String>,
    ) -> JoinHandle<Result<Run, RunFailure>> {
        let task = Arc::clone(task);
        let running = async move { task.run_now(principal).await };
        match &self.runtime {
            Some(runtime) => self.asked.spawn_on(running, runtime),
            None => self.asked.spawn(running),
        }
    }

    /// Runs a task on behalf of a caller, and waits.
    pub async fn run<W: Work>(
        &self,
        task: &Arc<Task<W>>,
        principal: Option<String>,
    ) -> Result<Run, RunFailure> {
        self.start(task, principal).await.unwrap_or_else(|error| {
            tracing::error!(%error, "a run ended by itself");
            let detail = "the run ended by itself; see the log of the worker".to_owned();
            Err(RunFailure { reason: "internal".to_owned(), detail })
        })
    }

    /// Returns the mirror, if there is one.
    #[must_use]
    pub const fn mirror(&self) -> Option<&MirrorTasks> {
        self.mirror.as_ref()
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
        let mirror = self.mirror.as_ref().map(|tasks| tasks.flush.job.as_str());
        let names = self.upstreams.iter().map(|task| task.job.as_str()).chain(mirror);
        let names = names.collect::<Vec<_>>();
        if names.is_empty() { "none is configured".to_owned() } else { names.join(", ") }
    }
}

/// Builds tasks, with what all of them share.
struct Builder<'a> {
    stop: &'a CancellationToken,
    registry: &'a Registry,
}

impl Builder<'_> {
    fn mirror(
        &self,
        remote: Remote,
        side: SideClient,
        options: LoadOptions,
    ) -> Result<MirrorTasks, SourcesError> {
        let mirror = Mirror::new(remote, side.clone(), self.registry).map_err(SourcesError)?;
        let mirror = Arc::new(mirror);
        let LoadOptions { on_progress, removes_any, is_same_remote } = options;
        let load = Load { mirror: Arc::clone(&mirror), on_progress, removes_any, is_same_remote };
        let flush = self.task(JOB.to_owned(), FLUSH, side.clone(), Flush(mirror));
        Ok(MirrorTasks { flush, load: self.task(JOB.to_owned(), LOAD, side, load) })
    }

    fn task<W>(&self, job: String, name: &'static str, side: SideClient, work: W) -> Arc<Task<W>> {
        let figures = RunFigures::new(self.registry, &job, name);
        let (work, stop) = (Arc::new(work), self.stop.clone());
        Arc::new(Task { job, name, side, work, stop, figures })
    }
}
