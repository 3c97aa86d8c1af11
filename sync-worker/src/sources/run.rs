//! A run of a task: begun at the side that keeps it, held while it lasts, and ended there. Runs of one job
//! never overlap, whichever worker does them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use shared_models::runs::{
    BeginRun, Begun, Cursors, EndRun, MAX_REFUSED, RefusedRecord, Run, RunFailure, RunState,
};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::figures::RunFigures;
pub use super::held::{BegunRun, Held};
use super::lease::HOLD;
use super::outbound::Failure;
use crate::side_client::SideClient;
use crate::side_client::jobs::RunError;

/// The interval at which another worker's run is asked for its end.
const POLL: Duration = Duration::from_millis(200);
/// The interval at which it is tried to begin instead of a run whose worker may have ended.
const TAKE_OVER: Duration = Duration::from_secs(5);
/// The attempts to tell the side that a run has ended.
const TELLS: u32 = 3;

/// The figure that is no count of records.
pub(super) const MILLISECONDS: &str = "milliseconds";

/// What a run of a task does.
pub trait Work: Send + Sync + 'static {
    /// The time in which it may end by itself when the worker stops.
    const GRACE: Duration = Duration::ZERO;
    /// Set if a run that did not come to its end is continued by the next one: that is then due at once.
    const RESUMES: bool = false;
    /// The longest pause before the side is asked whether the task is due.
    const LOOK: Duration = Duration::from_secs(2);

    /// Does the work of one run. It ends early where its run is lost, or the worker stops.
    fn work(&self, run: &Held) -> impl Future<Output = Outcome> + Send;

    /// Learns of a run that this worker has done.
    fn ended(&self, run: &Run) {
        let _ = run;
    }
}

/// What came of the work of a run.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// The figures, by their names.
    pub counts: BTreeMap<String, u64>,
    /// The records that did not fit.
    pub refused: Vec<RefusedRecord>,
    /// The failure that ended it.
    pub failure: Option<RunFailure>,
    /// The time after which the schedule should try again, if not after its interval.
    pub again_after: Option<Duration>,
    /// How far the job has come, where the end of the run changes that.
    pub cursors: Option<Cursors>,
    /// What it found, in the form of its task.
    pub report: Option<Value>,
}

impl Outcome {
    /// Adds to a figure.
    pub fn add(&mut self, name: &str, count: u64) {
        *self.counts.entry(name.to_owned()).or_default() += count;
    }

    /// Adds a record that did not fit.
    pub fn refuse(&mut self, record: RefusedRecord) {
        self.add("refused", 1);
        if self.refused.len() < MAX_REFUSED {
            self.refused.push(record);
        }
    }

    /// Sets the failure that ended it.
    pub fn fail(&mut self, failure: impl Into<RunFailure>) {
        self.failure = Some(failure.into());
    }
}

impl From<Failure> for RunFailure {
    fn from(failure: Failure) -> Self {
        Self { reason: failure.reason.word(), detail: failure.detail }
    }
}

impl From<RunError> for RunFailure {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Lost => abandoned(),
            RunError::Failed(detail) => Self { reason: "side_unavailable".to_owned(), detail },
            RunError::Invalid { place, problem } => Self {
                reason: "side_unavailable".to_owned(),
                detail: format!("it refuses a request: {place}: {problem}"),
            },
        }
    }
}

fn abandoned() -> RunFailure {
    let detail = "another worker began a run in its place".to_owned();
    RunFailure { reason: "abandoned".to_owned(), detail }
}

/// A task of a job, and the side that keeps its runs.
pub struct Task<W> {
    /// The name of the job, which is that of its source.
    pub job: String,
    /// The name of the task.
    pub name: &'static str,
    /// The side that keeps the runs.
    pub side: SideClient,
    /// What a run does.
    pub work: Arc<W>,
    /// Cancelled when the worker stops: a run that is under way ends.
    pub stop: CancellationToken,
    /// The metrics of its runs.
    pub figures: RunFigures,
}

/// What came of the request to begin a run.
pub enum Asked {
    /// The run has begun, and is to be performed.
    Begun(BegunRun),
    /// Another run of the job is under way.
    Busy(Box<Run>),
}

/// What came of a run that the schedule asked for.
#[derive(Debug)]
pub enum Scheduled {
    /// The run is over.
    Ran,
    /// Another run of the job is under way.
    Busy,
    /// The task is due after this time.
    NotDue(Duration),
}

impl<W: Work> Task<W> {
    /// Runs the task if it is due.
    pub async fn run_if_due(&self, interval: Duration) -> Result<Scheduled, RunFailure> {
        let interval = u64::try_from(interval.as_millis()).unwrap_or(u64::MAX);
        let request = self.request(Some(interval), None);
        let asked = Instant::now();
        Ok(match self.side.begin_run(&self.job, &request).await? {
            Begun::Begun { cursors } => {
                let begun = BegunRun { id: request.run, cursors, requested: false, asked };
                self.perform(begun).await;
                Scheduled::Ran
            }
            Begun::Busy { .. } => Scheduled::Busy,
            Begun::NotDue { due_in } => Scheduled::NotDue(Duration::from_millis(due_in)),
        })
    }

    /// Runs the task now. If a run of it is under way, waits for that, and returns it.
    pub async fn run_now(&self, principal: Option<String>) -> Result<Run, RunFailure> {
        let request = self.request(None, principal);
        while !self.stop.is_cancelled() {
            let other = match self.ask(&request).await? {
                Asked::Begun(begun) => return Ok(self.perform(begun).await),
                Asked::Busy(run) => run,
            };
            match self.end_of(&other).await? {
                Some(run) if run.task == self.name && run.state != RunState::Abandoned => {
                    return Ok(run);
                }
                // It was one of another task, or was abandoned, or may have been.
                Some(_) | None => {}
            }
        }
        Err(stopped())
    }

    /// Begins a run now, unless one of the job is under way. The caller performs it.
    pub async fn begin(&self, principal: Option<String>) -> Result<Asked, RunFailure> {
        self.ask(&self.request(None, principal)).await
    }

    async fn ask(&self, request: &BeginRun) -> Result<Asked, RunFailure> {
        let asked = Instant::now();
        match self.side.begin_run(&self.job, request).await? {
            Begun::Begun { cursors } => {
                let begun = BegunRun { id: request.run, cursors, requested: true, asked };
                Ok(Asked::Begun(begun))
            }
            Begun::Busy { run } => Ok(Asked::Busy(run)),
            Begun::NotDue { due_in } => {
                let detail = format!("the {} refuses for {due_in} ms", self.side.side());
                Err(RunError::Failed(detail).into())
            }
        }
    }

    fn request(&self, interval: Option<u64>, principal: Option<String>) -> BeginRun {
        let (run, task) = (Uuid::now_v7(), self.name.to_owned());
        BeginRun { run, task, interval, principal, hold: HOLD, resumes: W::RESUMES }
    }

    /// Waits for the end of another worker's run; returns `None` if that takes so long that its worker may
    /// have ended.
    async fn end_of(&self, run: &Run) -> Result<Option<Run>, RunFailure> {
        let until = Instant::now() + TAKE_OVER;
        while Instant::now() < until && !self.stop.is_cancelled() {
            let now = self.side.run(&self.job, run.id).await?;
            if now.state != RunState::Running {
                return Ok(Some(now));
            }
            sleep(POLL).await;
        }
        Ok(None)
    }

    /// Performs a run that has begun, and returns it.
    pub async fn perform(&self, begun: BegunRun) -> Run {
        let id = begun.id;
        let held = Held::new(&self.side, &self.job, begun, self.stop.clone());
        let working = async {
            tokio::select! {
                outcome = self.work.work(&held) => outcome,
                () = held.lost.cancelled() => ended_early::<W>(abandoned()),
                () = over(&self.stop, W::GRACE) => ended_early::<W>(stopped()),
            }
        };
        let began = Instant::now();
        let outcome = working.await;
        self.figures.ended(&outcome, began.elapsed());
        let Outcome { counts, refused, failure, again_after, cursors, report } = outcome;
        match &failure {
            Some(RunFailure { reason, detail }) => {
                tracing::warn!(source = self.job, task = self.name, reason, detail, "a run failed");
            }
            None => {
                tracing::debug!(source = self.job, task = self.name, ?counts, "a run succeeded");
            }
        }
        let again_after = again_after.and_then(|after| u64::try_from(after.as_millis()).ok());
        let end = EndRun { failure, counts, refused, again_after, cursors, report };
        let run = self.end(id, end).await;
        self.work.ended(&run);
        run
    }

    /// Tells the side that a run has ended. If it cannot be told, the next run marks this one as
    /// abandoned.
    async fn end(&self, id: Uuid, end: EndRun) -> Run {
        for attempt in 1..=TELLS {
            match self.side.end_run(&self.job, id, &end).await {
                Ok(run) => return run,
                Err(error) if attempt == TELLS => {
                    let RunFailure { detail, .. } = error.into();
                    tracing::warn!(source = self.job, detail, "the end of a run is not stored");
                }
                Err(_) => sleep(POLL * attempt).await,
            }
        }
        unstored(&self.job, self.name, id, end)
    }
}

/// Returns the outcome of work that was broken off.
fn ended_early<W: Work>(failure: RunFailure) -> Outcome {
    let again_after = W::RESUMES.then_some(Duration::ZERO);
    Outcome { failure: Some(failure), again_after, ..Outcome::default() }
}

/// Waits until the worker was asked to stop, and for a time after that.
async fn over(stop: &CancellationToken, grace: Duration) {
    stop.cancelled().await;
    sleep(grace).await;
}

/// Creates the failure of a run that ended early, as the worker stops.
pub(super) fn stopped() -> RunFailure {
    let detail = "the worker was asked to stop".to_owned();
    RunFailure { reason: "stopped".to_owned(), detail }
}

/// Returns a run whose end could not be stored, for who waits for it.
fn unstored(job: &str, task: &str, id: Uuid, end: EndRun) -> Run {
    let EndRun { failure, counts, refused, report, .. } = end;
    let state = if failure.is_none() { RunState::Succeeded } else { RunState::Failed };
    // The id of a run has the time at which it was made.
    let began = id.get_timestamp().map(|at| at.to_unix());
    let began = began.and_then(|(seconds, nanos)| {
        chrono::DateTime::from_timestamp(i64::try_from(seconds).ok()?, nanos)
    });
    let ended_at = chrono::Utc::now();
    Run {
        id,
        job: job.to_owned(),
        task: task.to_owned(),
        requested: true,
        principal: None,
        state,
        began_at: began.unwrap_or(ended_at),
        ended_at: Some(ended_at),
        counts,
        failure,
        refused,
        again_at: None,
        report,
    }
}
