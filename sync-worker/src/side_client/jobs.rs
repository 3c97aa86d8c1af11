//! The requests to a side about the jobs that are done for it.

use std::fmt::Display;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use shared_models::runs::{
    BeginRun, Begun, Cursors, EndRun, RenewRun, Run, RunList, RunState, SetCursors,
};
use uuid::Uuid;

use super::SideClient;
use super::answer::{Reply, RequestError, describe};

/// The error of a request about a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunError {
    /// The run is not under way any more: it was abandoned.
    Lost,
    /// The side refuses the request as invalid: its first field that is, and the problem with that.
    Invalid {
        /// The field.
        place: String,
        /// The problem with it.
        problem: String,
    },
    /// The side cannot be reached, or refuses the request, for this reason.
    Failed(String),
}

/// The body of an answer that refuses a request as invalid.
#[derive(Deserialize)]
struct Invalid {
    errors: Vec<InvalidField>,
}

#[derive(Deserialize)]
struct InvalidField {
    field: String,
    problem: String,
}

/// Returns why a request was refused as invalid, if the answer says it.
fn invalid(body: &[u8]) -> Option<RunError> {
    let Invalid { errors } = serde_json::from_slice(body).ok()?;
    let InvalidField { field, problem } = errors.into_iter().next()?;
    Some(RunError::Invalid { place: field, problem })
}

impl SideClient {
    /// Begins a run of a job.
    pub async fn begin_run(&self, job: &str, request: &BeginRun) -> Result<Begun, RunError> {
        self.of_run(self.post(&format!("v1/jobs/{job}/runs")).json(request)).await
    }

    /// Holds a run for longer.
    pub async fn renew_run(&self, job: &str, run: Uuid, hold: u32) -> Result<(), RunError> {
        let path = format!("v1/jobs/{job}/runs/{run}/renew");
        self.done_for_run(self.post(&path).json(&RenewRun { hold })).await
    }

    /// Ends a run, and returns it.
    pub async fn end_run(&self, job: &str, run: Uuid, end: &EndRun) -> Result<Run, RunError> {
        self.of_run(self.put(&format!("v1/jobs/{job}/runs/{run}")).json(end)).await
    }

    /// Stores how far a job has come.
    pub async fn set_cursors(
        &self,
        job: &str,
        run: Uuid,
        cursors: Cursors,
    ) -> Result<(), RunError> {
        self.set_progress(job, SetCursors { run, cursors, report: None }).await
    }

    /// Stores how far a job has come, and what its run has found so far.
    pub async fn set_progress(&self, job: &str, progress: SetCursors) -> Result<(), RunError> {
        let path = format!("v1/jobs/{job}/cursors");
        self.done_for_run(self.put(&path).json(&progress)).await
    }

    /// Returns a run.
    pub async fn run(&self, job: &str, run: Uuid) -> Result<Run, RunError> {
        self.of_run(self.get(&format!("v1/jobs/{job}/runs/{run}"))).await
    }

    /// Returns the newest runs of a job, or of a task of it, newest first.
    pub async fn runs(
        &self,
        job: &str,
        task: Option<&str>,
        limit: usize,
    ) -> Result<RunList, RequestError> {
        let request = self.get(&format!("v1/jobs/{job}/runs")).query(&[("limit", limit)]);
        let task = task.map(|task| ("task", task));
        self.parse(self.forward(request.query(task.as_slice())).await?)
    }

    /// Returns the newest run of a task that succeeded, if one has. A side of an older version does not know
    /// the filter, and answers 400.
    pub async fn last_success(&self, job: &str, task: &str) -> Result<Option<Run>, RequestError> {
        let state = RunState::Succeeded.as_str();
        let request = self.get(&format!("v1/jobs/{job}/runs"));
        let query = [("task", task), ("state", state), ("limit", "1")];
        let RunList { items } = self.parse(self.forward(request.query(&query)).await?)?;
        Ok(items.into_iter().next())
    }

    /// Posts what a run writes, and returns the answer.
    pub async fn write_for_run<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &(impl serde::Serialize + Sync),
    ) -> Result<T, RunError> {
        self.of_run(self.post(path).json(body)).await
    }

    /// Reads something for a run.
    pub async fn read_for_run<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, Value)],
    ) -> Result<T, RunError> {
        self.of_run(self.get(path).query(query)).await
    }

    /// Reads something for a run; `None` if it is not kept any more.
    pub async fn read_if_kept<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, Value)],
    ) -> Result<Option<T>, RunError> {
        match self.reply(self.get(path).query(query)).await? {
            Reply { status: 410, .. } => Ok(None),
            reply => self.parse_of_run(&self.succeeded(reply)?).map(Some),
        }
    }

    async fn of_run<T: DeserializeOwned>(
        &self,
        request: reqwest::RequestBuilder,
    ) -> Result<T, RunError> {
        self.parse_of_run(&self.succeeded(self.reply(request).await?)?)
    }

    async fn done_for_run(&self, request: reqwest::RequestBuilder) -> Result<(), RunError> {
        self.succeeded(self.reply(request).await?).map(drop)
    }

    async fn reply(&self, request: reqwest::RequestBuilder) -> Result<Reply, RunError> {
        self.send(request).await.map_err(|no_reply| self.failed(String::from(no_reply)))
    }

    fn succeeded(&self, reply: Reply) -> Result<Reply, RunError> {
        match reply.status {
            200..=299 => Ok(reply),
            409 => Err(RunError::Lost),
            status => {
                let invalid = invalid(&reply.body).filter(|_| status == 422);
                Err(invalid.unwrap_or_else(|| self.failed(describe(status, &reply.body))))
            }
        }
    }

    fn parse_of_run<T: DeserializeOwned>(&self, reply: &Reply) -> Result<T, RunError> {
        serde_json::from_slice(&reply.body)
            .map_err(|error| self.failed(format!("its answer is invalid: {error}")))
    }

    fn failed(&self, reason: impl Display) -> RunError {
        RunError::Failed(format!("the {}: {reason}", self.side))
    }
}
