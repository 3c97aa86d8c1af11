//! The requests to a side about the jobs that are done for it.

use serde::de::DeserializeOwned;
use serde_json::Value;
use shared_models::runs::{BeginRun, Begun, Cursors, EndRun, RenewRun, Run, RunList, SetCursors};
use uuid::Uuid;

use super::SideClient;
use super::answer::{Reply, RequestError, describe};

/// The error of a request about a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunError {
    /// The run is not under way any more: it was abandoned.
    Lost,
    /// The side cannot be reached, or refuses the request, for this reason.
    Failed(String),
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
        let path = format!("v1/jobs/{job}/cursors");
        self.done_for_run(self.put(&path).json(&SetCursors { run, cursors })).await
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

    async fn of_run<T: DeserializeOwned>(
        &self,
        request: reqwest::RequestBuilder,
    ) -> Result<T, RunError> {
        let reply = self.reply_of_run(request).await?;
        serde_json::from_slice(&reply.body).map_err(|error| {
            RunError::Failed(format!("the {}: its answer is invalid: {error}", self.side))
        })
    }

    async fn done_for_run(&self, request: reqwest::RequestBuilder) -> Result<(), RunError> {
        self.reply_of_run(request).await.map(drop)
    }

    async fn reply_of_run(&self, request: reqwest::RequestBuilder) -> Result<Reply, RunError> {
        match self.send(request).await {
            Ok(reply) if (200..300).contains(&reply.status) => Ok(reply),
            Ok(Reply { status: 409, .. }) => Err(RunError::Lost),
            Ok(Reply { status, body, .. }) => {
                Err(RunError::Failed(format!("the {}: {}", self.side, describe(status, &body))))
            }
            Err(no_reply) => {
                Err(RunError::Failed(format!("the {}: {}", self.side, String::from(no_reply))))
            }
        }
    }
}
