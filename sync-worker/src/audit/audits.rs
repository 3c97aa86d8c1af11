//! All audits of a worker: the schedule, those that a caller begins, and the figures.

use std::sync::Arc;
use std::time::Duration;

use program_kit::http::metrics::Registry;
use shared_models::runs::{Run, RunFailure, RunList};
use tokio::runtime::Handle;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::asking::Sides;
use super::figures::AuditFigures;
use super::report::next_number;
use super::work::{Audit, OnProgress};
use super::{JOB, TASK};
use crate::settings::AuditSettings;
use crate::side_client::{BuildError, RequestError, SideClient};
use crate::sources::figures::RunFigures;
use crate::sources::run::{Asked, Task};
use crate::sources::schedule::{finish, repeat};
use shared_models::side::Side;

/// The interval at which the newest receipt is asked for: other workers make receipts, too.
const FOLLOW: Duration = Duration::from_secs(15);

/// What came of the request to begin an audit.
pub enum Began {
    /// The audit of this number has begun.
    Begun(u64),
    /// Another one is under way.
    Busy(Box<Run>),
    /// Comparing is switched off, and an audit needs it.
    Off,
}

/// All audits of a worker.
#[derive(Clone)]
pub struct Audits {
    task: Arc<Task<Audit>>,
    /// Set if what changed lately is compared: an audit needs that.
    is_enabled: bool,
    interval: Option<Duration>,
    /// The audits that callers have begun.
    asked: TaskTracker,
    /// Where these run: a thread of the HTTP server ends with the server, and drops what it runs.
    runtime: Option<Handle>,
}

impl Audits {
    /// Builds the audits, within the runtime that they run in; none begins by itself yet.
    pub fn new(
        settings: &AuditSettings,
        stop: &CancellationToken,
        registry: &Registry,
    ) -> Result<Self, BuildError> {
        Self::with(settings, stop, registry, Arc::new(|_| ()))
    }

    /// Builds the same, and tells how far those that are done here have come.
    pub fn with(
        settings: &AuditSettings,
        stop: &CancellationToken,
        registry: &Registry,
        on_progress: OnProgress,
    ) -> Result<Self, BuildError> {
        let sides = settings.sides();
        let store = SideClient::new(Side::Store, &sides)?;
        let warehouse = SideClient::new(Side::Warehouse, &sides)?;
        let work = Audit {
            sides: Sides { store: store.clone(), warehouse },
            rest: settings.compare.rest,
            figures: Arc::new(AuditFigures::default()),
            on_progress,
        };
        let (job, work) = (JOB.to_owned(), Arc::new(work));
        let (stop, figures) = (stop.clone(), RunFigures::new(registry, JOB, TASK));
        let task = Task { job, name: TASK, side: store, work, stop, figures };
        Ok(Self {
            task: Arc::new(task),
            is_enabled: settings.compare.enabled,
            interval: settings.compare.audit_interval.0,
            asked: TaskTracker::new(),
            runtime: Handle::try_current().ok(),
        })
    }

    /// Returns whether audits are made at all.
    #[must_use]
    pub const fn is_enabled(&self) -> bool {
        self.is_enabled
    }

    /// Returns the time from one audit to the next, if any begins by itself.
    #[must_use]
    pub fn interval(&self) -> Option<Duration> {
        self.interval.filter(|_| self.is_enabled)
    }

    /// Returns the figures.
    #[must_use]
    pub fn figures(&self) -> &AuditFigures {
        &self.task.work.figures
    }

    /// Makes an audit at each interval until asked to stop. Those that callers have begun are waited for, too.
    pub fn repeat(&self, running: &mut JoinSet<()>, stop: &CancellationToken) {
        running.spawn(finish(self.asked.clone(), stop.clone()));
        if let Some(interval) = self.interval() {
            let (task, stop) = (Arc::clone(&self.task), stop.clone());
            running.spawn(async move { repeat(&task, interval, stop).await });
        }
        if self.is_enabled {
            let (audits, stop) = (self.clone(), stop.clone());
            running.spawn(async move {
                stop.run_until_cancelled(audits.follow()).await;
            });
        }
    }

    /// Keeps the figures up to date.
    async fn follow(self) {
        loop {
            // However many runs have failed since the newest receipt, it is found: "none" would make the
            // time without one count from the start of the worker. While the side does not answer, or is of
            // an older version and refuses the filter, the figures stay: the newest receipt that this worker
            // knows of grows older, and where it knows of none, they are absent.
            if let Ok(newest) = self.task.side.last_success(JOB, TASK).await {
                self.figures().saw(newest.as_ref());
            }
            sleep(FOLLOW).await;
        }
    }

    /// Begins an audit on behalf of a caller. It comes to its end even if nobody waits for that.
    pub async fn begin(&self, principal: Option<String>) -> Result<Began, RunFailure> {
        if !self.is_enabled {
            return Ok(Began::Off);
        }
        let begun = match self.task.begin(principal).await? {
            Asked::Busy(run) => return Ok(Began::Busy(run)),
            Asked::Begun(begun) => begun,
        };
        let number = next_number(&begun.cursors);
        let task = Arc::clone(&self.task);
        let running = async move { task.perform(begun).await };
        match &self.runtime {
            Some(runtime) => drop(self.asked.spawn_on(running, runtime)),
            None => drop(self.asked.spawn(running)),
        }
        Ok(Began::Begun(number))
    }

    /// Makes an audit, or waits for the one that is under way.
    pub async fn run(&self) -> Result<Run, RunFailure> {
        self.task.run_now(None).await
    }

    /// Returns the newest runs, newest first.
    pub async fn runs(&self, limit: usize) -> Result<RunList, RequestError> {
        self.task.side.runs(JOB, Some(TASK), limit).await
    }
}
