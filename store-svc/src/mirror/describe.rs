//! What the API document says of the paths of the mirror.

use program_kit::http::operation::Operation;
use program_kit::http::problem::Kind;
use serde_json::{Value, json};
use shared_models::mirror::{
    Gone, GoneResult, Listed, Load, LoadResult, Mirrored, Outstanding, Prepare, Prepared,
    RemoteComment, RemotePost, Settle, Settled,
};

use super::routes::{AfterQuery, OutstandingQuery};
use crate::mirrored::describe::name;

/// The run of the examples.
const RUN: &str = "018f6b6e-2f0c-7cc0-8000-000000000001";

fn of_kind(kind: Mirrored, verb: &str, summary: &str) -> Operation {
    let plural = kind.plural();
    Operation::new(format!("{verb}{}s", name(kind)), summary.replace("RECORDS", plural))
        .of_database()
}

/// Describes what only the run under way may do.
fn in_run(kind: Mirrored, verb: &str, summary: &str) -> Operation {
    of_kind(kind, verb, summary)
        .problem(Kind::Conflict, "The run of the job `mirror` is over, or another one has begun.")
}

/// `POST …/load`
pub(super) fn load(kind: Mirrored) -> Operation {
    let operation = in_run(kind, "load", "Take the RECORDS of the remote");
    let body = |record: Value| json!({"run": RUN, "records": [record]});
    let operation = match kind {
        Mirrored::Post => operation.body::<Load<RemotePost>>(body(json!({"remote_id": 7,
            "user_id": 1, "title": "High water", "body": "At noon."}))),
        Mirrored::Comment => operation.body::<Load<RemoteComment>>(body(json!({"remote_id": 9,
            "post_remote_id": 7, "name": "Ann", "email": "ann@quay.example", "body": "At last."}))),
    };
    let result = json!({"created": 1, "updated": 0, "unchanged": 0, "conflicts": 0, "adopted": 0,
        "refused": []});
    operation.answer::<LoadResult>(200, "What became of them.", result)
}

/// `POST …/gone`
pub(super) fn gone(kind: Mirrored) -> Operation {
    in_run(kind, "removeGone", "Remove RECORDS that the remote has no more")
        .body::<Gone>(json!({"run": RUN, "remote_ids": [8]}))
        .answer::<GoneResult>(200, "What became of them.", json!({"removed": 1, "kept": 0}))
}

/// `POST …/prepare`
pub(super) fn prepare(kind: Mirrored) -> Operation {
    let item = json!({"id": 1, "version": 1, "action": "delete", "attempt": null,
        "outcome_unknown": false, "attempt_age": null, "remote_id": 7, "failures": 0, "fields": null});
    in_run(kind, "prepare", "Begin to send changes of RECORDS")
        .body::<Prepare>(json!({"run": RUN, "ids": [1], "only": "new"}))
        .answer::<Prepared>(200, "What is to be done with each.", json!({"items": [item]}))
}

/// `POST …/settle`
pub(super) fn settle(kind: Mirrored) -> Operation {
    let result =
        json!({"id": 1, "version": 1, "attempt": null, "outcome": {"sent": {"remote_id": 7}}});
    let settled = json!({"results": [{"id": 1, "state": "settled", "failures": 0}]});
    in_run(kind, "settle", "Record what came of changes of RECORDS")
        .body::<Settle>(json!({"run": RUN, "results": [result]}))
        .answer::<Settled>(200, "The records as they are now.", settled)
}

/// `GET …/listed`
pub(super) fn listed(kind: Mirrored) -> Operation {
    of_kind(
        kind,
        "listRemote",
        "List the ids at the remote of the RECORDS that a load has seen there",
    )
    .query::<AfterQuery>()
    .answer::<Listed>(
        200,
        "The ids, in their order.",
        json!({"remote_ids": [7, 8], "removed": [8]}),
    )
}

/// `GET …/outstanding`
pub(super) fn outstanding(kind: Mirrored) -> Operation {
    let item = json!({"id": 1, "version": 1, "attempt": null, "failures": 0});
    of_kind(kind, "listOutstanding", "List the RECORDS with a change that is to be sent")
        .query::<OutstandingQuery>()
        .answer::<Outstanding>(
            200,
            "The records, in the order of their ids.",
            json!({"items": [item]}),
        )
}
