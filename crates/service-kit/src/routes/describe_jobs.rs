//! What the API document says of jobs and their runs.

use program_kit::http::operation::Operation;
use program_kit::http::problem::Kind;
use serde_json::{Value, json};
use shared_models::runs::{BeginRun, Begun, EndRun, RenewRun, Run, RunList, SetCursors};
use uuid::Uuid;

use super::jobs::RunsQuery;

/// The run of the examples.
const RUN: &str = "018f6b6e-2f0c-7cc0-8000-000000000001";

fn of_job(name: &str, summary: &str) -> Operation {
    let about = "The name of the job: that of a source, or `mirror`.";
    Operation::new(name, summary).path::<String>("job", about, "mirror").of_database()
}

fn of_run(name: &str, summary: &str) -> Operation {
    of_job(name, summary)
        .path::<Uuid>("id", "The id of the run.", RUN)
        .problem(Kind::NotFound, "No such run of the job is kept here.")
}

const NOT_HELD: &str = "The run is over, or another one of the job has begun.";

/// `GET /v1/jobs/{job}/runs`
pub(super) fn runs() -> Operation {
    of_job("listRuns", "List the runs of a job").query::<RunsQuery>().answer::<RunList>(
        200,
        "The runs, newest first.",
        json!({"items": [a_run()]}),
    )
}

/// `POST /v1/jobs/{job}/runs`
pub(super) fn begin_run() -> Operation {
    of_job("beginRun", "Begin a run")
        .saying("Only one run of a job is under way at a time. Repeated, it begins no other one.")
        .body::<BeginRun>(json!({"run": RUN, "task": "flush", "interval": null, "principal": null,
            "hold": 60}))
        .answer::<Begun>(
            200,
            "Whether the run has begun.",
            json!({"state": "begun", "cursors": {}}),
        )
        .problem(Kind::Conflict, "A run of this id is over, or is one of another job.")
}

/// `GET /v1/jobs/{job}/runs/{id}`
pub(super) fn run() -> Operation {
    of_run("getRun", "Read a run").answer::<Run>(200, "The run.", a_run())
}

/// `PUT /v1/jobs/{job}/runs/{id}`
pub(super) fn end_run() -> Operation {
    of_run("endRun", "End a run")
        .saying("Repeated, it changes nothing.")
        .body::<EndRun>(json!({"failure": null, "counts": {"sent": 3}, "refused": []}))
        .answer::<Run>(200, "The run.", a_run())
        .problem(Kind::Conflict, NOT_HELD)
}

/// `POST /v1/jobs/{job}/runs/{id}/renew`
pub(super) fn renew_run() -> Operation {
    of_run("renewRun", "Hold a run for longer")
        .body::<RenewRun>(json!({"hold": 60}))
        .empty(204, "The run is held.")
        .problem(Kind::Conflict, NOT_HELD)
}

/// `PUT /v1/jobs/{job}/cursors`
pub(super) fn set_cursors() -> Operation {
    of_job("setCursors", "Record how far a job has come")
        .body::<SetCursors>(json!({"run": RUN, "cursors": {"feed": "start"}}))
        .empty(204, "The cursors are kept.")
        .problem(Kind::Conflict, NOT_HELD)
}

fn a_run() -> Value {
    json!({"id": RUN, "job": "mirror", "task": "flush", "requested": true, "principal": "operator",
        "state": "succeeded", "began_at": "2026-11-28T09:30:00.120934Z",
        "ended_at": "2026-11-28T09:30:02.480107Z", "counts": {"sent": 3}, "failure": null, "refused": [],
        "again_at": null})
}
