//! Jobs that the worker does for a side, and their runs: what the worker asks of the side, which keeps
//! them, and what it is answered.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

/// The most records that a run names which did not fit. How many there were stands in its counts.
pub const MAX_REFUSED: usize = 100;

/// The most runs that one request lists.
pub const MAX_RUNS: usize = 100;

/// The longest that a run may be held without being renewed, in seconds.
pub const MAX_HOLD: u32 = 3_600;

/// The most characters of the name of a job or of a task.
const MAX_NAME: usize = 64;

/// Returns whether a text can be the name of a job or of a task.
#[must_use]
pub fn is_name(text: &str) -> bool {
    let is_plain =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte);
    (1..=MAX_NAME).contains(&text.len()) && text.bytes().all(is_plain)
}

/// How far a job has come, by the name of what it reads.
pub type Cursors = BTreeMap<String, String>;

/// A request to begin a run: the body of `POST /v1/jobs/{job}/runs`. Repeated, it begins no other one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BeginRun {
    /// The id of the run.
    pub run: Uuid,
    /// The task of the job. Those of one job never run at the same time.
    #[schemars(regex(pattern = "^[a-z0-9_-]{1,64}$"))]
    pub task: String,
    /// The time in milliseconds from the beginning of one run of the task to that of the next, where the
    /// schedule begins it; `None` where a person does.
    pub interval: Option<u64>,
    /// The principal that requested it, if known.
    pub principal: Option<String>,
    /// The seconds for which it is held: unless it is renewed, another one may begin then.
    #[schemars(range(min = 1, max = MAX_HOLD))]
    pub hold: u32,
    /// Set if a run that its worker did not renew is continued at once, before the task is due.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub resumes: bool,
}

/// The answer to a request to begin a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Begun {
    /// The run is under way.
    Begun {
        /// How far the job had come.
        cursors: Cursors,
    },
    /// Another run of the job is under way.
    Busy {
        /// The run under way.
        run: Box<Run>,
    },
    /// It is too early for the schedule.
    NotDue {
        /// The milliseconds until it is due.
        due_in: u64,
    },
}

/// A request to hold a run for longer: the body of `POST /v1/jobs/{job}/runs/{id}/renew`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RenewRun {
    /// The seconds for which it is held from now.
    #[schemars(range(min = 1, max = MAX_HOLD))]
    pub hold: u32,
}

/// The progress of a job: the body of `PUT /v1/jobs/{job}/cursors`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetCursors {
    /// The run that has come so far.
    pub run: Uuid,
    /// The cursors, in place of all that there were.
    pub cursors: Cursors,
    /// The report of the run so far, in place of the one before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<Value>,
}

/// The end of a run: the body of `PUT /v1/jobs/{job}/runs/{id}`. Repeated, it changes nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EndRun {
    /// The failure that ended it, if it did not succeed.
    pub failure: Option<RunFailure>,
    /// The figures of the run, by their names.
    pub counts: BTreeMap<String, u64>,
    /// The first records that did not fit, at most 100.
    #[schemars(length(max = MAX_REFUSED))]
    pub refused: Vec<RefusedRecord>,
    /// The milliseconds after which the task is due again, if that is before its interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub again_after: Option<u64>,
    /// How far the job has come, in place of all cursors that there were, where its end changes them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursors: Option<Cursors>,
    /// The report of the run, in the form of its task; without one, the last of its progress stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<Value>,
}

/// The failure that ended a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunFailure {
    /// The reason in a word, such as `timeout`.
    pub reason: String,
    /// The failure, for a person.
    pub detail: String,
}

/// A record that did not fit, and was left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RefusedRecord {
    /// The name of its resource.
    pub resource: String,
    /// The id at the source, or its place where it has none that can be read.
    pub id: String,
    /// What did not fit.
    pub detail: String,
}

/// The state of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// The run is under way, or was when its worker ended without a word.
    Running,
    /// The run succeeded.
    Succeeded,
    /// The run failed.
    Failed,
    /// The run was held by a worker that was not heard of any more, and another one began.
    Abandoned,
}

impl RunState {
    /// All states.
    pub const ALL: [Self; 4] = [Self::Running, Self::Succeeded, Self::Failed, Self::Abandoned];

    /// Returns the state's name, the same everywhere.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Abandoned => "abandoned",
        }
    }
}

/// A run, as the side that keeps it shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Run {
    /// The id.
    pub id: Uuid,
    /// The name of the job.
    pub job: String,
    /// The task of the job.
    pub task: String,
    /// Set if a person requested it, and not the schedule.
    pub requested: bool,
    /// The principal that requested it, if known.
    pub principal: Option<String>,
    /// The state.
    pub state: RunState,
    /// The time at which it began.
    pub began_at: DateTime<Utc>,
    /// The time at which it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// The figures of the run, by their names.
    pub counts: BTreeMap<String, u64>,
    /// The failure that ended it.
    pub failure: Option<RunFailure>,
    /// The first records that did not fit.
    pub refused: Vec<RefusedRecord>,
    /// The time at which the task is due again, if that is before its interval.
    #[serde(default)]
    pub again_at: Option<DateTime<Utc>>,
    /// What the run found so far, in the form of its task, if that makes reports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<Value>,
}

/// Runs of a job, newest first: the answer to `GET /v1/jobs/{job}/runs`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunList {
    /// The runs.
    pub items: Vec<Run>,
}
