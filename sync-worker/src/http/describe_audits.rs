//! What the API document says of audits.

use program_kit::http::operation::Operation;
use program_kit::http::problem::Kind;
use schemars::json_schema;
use serde_json::{Value, json};

use super::audits::Listing;
use crate::audit::DetailedAudit;

/// The cause of an answer that the store, which keeps the runs, does not give.
const UNAVAILABLE: &str = "The store, which keeps the audits, does not answer; retry after the time in \
                           `Retry-After`.";

/// `GET /v1/audits`
pub(super) fn list() -> Operation {
    let audits = json!({"interval": 86400.0, "items": [audit()]});
    Operation::new("listAudits", "List the audits: all orders of both sides, compared")
        .answer::<Listing>(200, "The newest audits with their receipts.", audits)
        .problem(Kind::Unavailable, UNAVAILABLE)
}

/// `GET /v1/audits/{number}`
pub(super) fn one() -> Operation {
    let mut detailed = audit();
    detailed["differences"] = json!([]);
    Operation::new("getAudit", "Read an audit with its differences")
        .path::<u64>("number", "The number of the audit.", 1)
        .answer::<DetailedAudit>(200, "The audit.", detailed)
        .problem(Kind::NotFound, "No such audit is among the newest 100 runs.")
        .problem(Kind::Unavailable, UNAVAILABLE)
}

/// `POST /v1/audits`
pub(super) fn begin() -> Operation {
    let begun = json_schema!({"type": "object", "required": ["number", "state"], "properties": {
        "number": {"type": "integer", "minimum": 0}, "state": {"const": "running"}}});
    let example = json!({"number": 2, "state": "running"});
    Operation::new("beginAudit", "Begin to compare all orders of both sides")
        .answer_of(202, "The audit has begun.", move |_| begun.clone(), example)
        .with_location()
        .problem(Kind::NotFound, "Comparing is switched off.")
        .problem(Kind::Conflict, "An audit is under way.")
        .problem(Kind::Unavailable, UNAVAILABLE)
}

fn audit() -> Value {
    let digest = "0".repeat(64);
    let (began, ended) = ("2026-11-28T09:30:00.120934Z", "2026-11-28T09:30:02.480107Z");
    json!({"number": 1, "state": "succeeded", "requested": true, "principal": "operator",
        "began_at": began, "ended_at": ended, "failure": null, "progress": null,
        "receipt": {"from": began, "to": ended, "compared": 4711, "expected": 4700, "moving": 0,
            "differences": 0, "healed": 0, "left": 0, "parked": 0, "dropped": 0, "agrees": true,
            "digests": {"store": digest, "warehouse": digest}}})
}
