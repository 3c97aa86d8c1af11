//! What the API document says of parked changes.

use program_kit::http::operation::Operation;
use program_kit::http::page::Page;
use schemars::json_schema;
use serde_json::{Value, json};
use shared_models::parked::{ActionResult, ParkedChange, ParkedReport, Selection};
use uuid::Uuid;

use super::list::ParkedQuery;

/// The parked change of the examples.
const ID: &str = "018f6b6e-2f0c-7cc0-8000-00000000000a";

/// `GET /v1/parked`
pub(super) fn parked_changes() -> Operation {
    let page = json!({"items": [a_change()], "next": null});
    Operation::new("listParked", "List the changes of this side that could not be carried")
        .query::<ParkedQuery>()
        .answer::<Page<ParkedChange>>(200, "The changes, those that were parked last first.", page)
        .with_header("Link", "The path of the next page, as `rel=\"next\"`.")
        .of_database()
}

/// `GET /v1/parked/{id}`
pub(super) fn parked_change() -> Operation {
    Operation::new("getParked", "Read a parked change")
        .path::<Uuid>("id", "The id of the parked change.", ID)
        .answer::<ParkedChange>(200, "The change.", a_change())
        .of_database()
}

/// `POST /v1/parked`
pub(super) fn report_parked() -> Operation {
    let counted = json_schema!({"type": "object", "required": ["parked"], "properties": {
        "parked": {"type": "integer", "minimum": 0}}});
    let order = "018f6b6e-2f0c-7cc0-8000-3f1f5f2b9a10";
    let change = json!({"event_id": ID, "resource": "order", "key": order, "body": "e30=",
        "reason": "the peer refused the change", "may_pass": true});
    Operation::new("reportParked", "Report changes that could not be carried")
        .saying("Repeated, it changes nothing.")
        .body::<ParkedReport>(json!({"schema": 1, "changes": [change]}))
        .answer_of(200, "How many were parked.", move |_| counted.clone(), json!({"parked": 1}))
        .of_database()
}

/// `POST /v1/parked/replay`
pub(super) fn replay() -> Operation {
    acting("replayParked", "Offer the records of parked changes again")
}

/// `POST /v1/parked/drop`
pub(super) fn drop() -> Operation {
    acting("dropParked", "Give up parked changes")
}

fn acting(name: &str, summary: &str) -> Operation {
    let result = json!({"changed": 0,
        "left": [{"id": ID, "reason": "there is no parked change of this id"}]});
    Operation::new(name, summary)
        .saying("Exactly one of `all` and `ids` is set.")
        .body::<Selection>(json!({"ids": [ID]}))
        .example("all", json!({"all": true}))
        .answer::<ActionResult>(200, "What became of them.", result)
        .of_database()
}

fn a_change() -> Value {
    let order = "018f6b6e-2f0c-7cc0-8000-3f1f5f2b9a10";
    json!({"id": ID, "event_id": ID, "resource": "order", "key": order, "order_id": order,
        "state": "parked", "reason": "the peer refused the change", "attempts": 1,
        "first_at": "2026-11-28T09:30:00.120934Z", "last_at": "2026-11-28T09:30:00.120934Z",
        "offer_at": null, "acted_by": null, "acted_at": null, "overtaken": false,
        "body": {"schema": 1}})
}
