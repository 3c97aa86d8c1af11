//! What the API document says of the services outside, and their runs.

use program_kit::http::operation::Operation;
use program_kit::http::problem::Kind;
use serde_json::{Value, json};
use shared_models::runs::{Run, RunList};

use super::sources::{Last, LastQuery, Listing, RunsQuery};
use crate::sources::answers::OldAnswer;

/// `GET /v1/sources`
pub(super) fn sources() -> Operation {
    let source = json!({"name": "upstream", "kind": "pull", "url": "https://upstream.example/",
        "interval": {"pull": 300.0}, "last": a_run()});
    Operation::new("listSources", "List the services outside, with their newest runs")
        .answer::<Listing>(200, "The sources that are configured.", json!({"sources": [source]}))
}

/// `GET /v1/sources/{name}/runs`
pub(super) fn runs() -> Operation {
    of_source("listRunsOfSource", "List the runs of a source")
        .query::<RunsQuery>()
        .answer::<RunList>(200, "The runs, newest first.", json!({"items": [a_run()]}))
}

/// `POST /v1/sources/{name}/run`
pub(super) fn run() -> Operation {
    of_source("runSource", "Pull, or send what changed here, and wait").answer::<Run>(
        200,
        "The run, which may have failed.",
        a_run(),
    )
}

/// `POST /v1/mirror/flush`
pub(super) fn flush() -> Operation {
    of_mirror("flushMirror", "Send what changed here to the remote, and wait")
}

/// `POST /v1/mirror/load`
pub(super) fn load() -> Operation {
    of_mirror("loadMirror", "Load what the remote has, and wait")
}

/// `PATCH /api/syncall`
pub(super) fn sync_all() -> Operation {
    of_old("syncAll", "Pull, and wait, in the words of the earlier service").answer::<OldAnswer>(
        200,
        "What came of it, also where it failed.",
        old_answer(),
    )
}

/// `PATCH /api/syncast`
pub(super) fn sync_cast() -> Operation {
    let started = json!({"data": "Soukosync.Caller.cast_sync casted",
        "date": "2026-11-28T09:30:00.120934Z", "response": "ok"});
    of_old("syncCast", "Begin to pull, in the words of the earlier service").answer::<OldAnswer>(
        200,
        "The pull has begun.",
        started,
    )
}

/// `GET /api/synlast`
pub(super) fn sync_last() -> Operation {
    of_old("syncLast", "List the last pulls, in the words of the earlier service")
        .query::<LastQuery>()
        .answer::<Last>(200, "The pulls, oldest first.", json!({"data": [old_answer()]}))
}

fn of_source(name: &str, summary: &str) -> Operation {
    Operation::new(name, summary)
        .path::<String>("name", "The name of the source.", "upstream")
        .problem(Kind::NotFound, "No such source is configured.")
        .problem(Kind::Unavailable, UNAVAILABLE)
}

fn of_mirror(name: &str, summary: &str) -> Operation {
    Operation::new(name, summary)
        .answer::<Run>(200, "The run, which may have failed.", a_run())
        .problem(Kind::NotFound, "No remote is configured.")
        .problem(Kind::Unavailable, UNAVAILABLE)
}

fn of_old(name: &str, summary: &str) -> Operation {
    Operation::new(name, summary)
        .problem(Kind::NotFound, "No upstream is configured.")
        .problem(Kind::Unavailable, UNAVAILABLE)
}

const UNAVAILABLE: &str =
    "The side that keeps the runs does not answer; retry after the time in `Retry-After`.";

fn a_run() -> Value {
    json!({"id": "018f6b6e-2f0c-7cc0-8000-000000000002", "job": "upstream", "task": "pull",
        "requested": true, "principal": "operator", "state": "succeeded",
        "began_at": "2026-11-28T09:30:00.120934Z", "ended_at": "2026-11-28T09:30:02.480107Z",
        "counts": {"upserted": 6}, "failure": null, "refused": [], "again_at": null})
}

fn old_answer() -> Value {
    json!({"data": "6 upserted", "date": "2026-11-28T09:30:00.120934Z", "response": "ok"})
}
