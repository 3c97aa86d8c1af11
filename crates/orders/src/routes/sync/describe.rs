//! What the API document says of the paths that the worker uses.

use program_kit::http::operation::Operation;
use schemars::json_schema;
use serde_json::{Value, json};
use shared_models::comparison::{
    ChangedPage, Compared, LogState, Revisions, RevisionsRequest, StatesPage,
};
use shared_models::sync::{OrderChange, SyncRequest, SyncResponse};

use super::comparison::{AfterOrder, LogRange, Published};
use crate::{Domain, EXAMPLE_ID};

/// The event of the examples.
const EVENT: &str = "018f6b6e-2f0c-7cc0-8000-00000000000a";

/// `POST /v1/sync/orders`
pub(super) fn take<D: Domain>() -> Operation {
    let delivery = json!({"revision": {"store": 1, "warehouse": 0}, "company": "Acme Ltd",
        "address": "1 Main Street, Ghent", "deliver_by": null, "comment": null,
        "lines": [{"sku": "BOLT-M8", "quantity": 200}]});
    let progress = json!({"revision": {"store": 0, "warehouse": 1}, "status": "packed",
        "carrier": null, "tracking": null});
    let change = json!({"event_id": EVENT, "order_id": EXAMPLE_ID, "delivery": delivery,
        "progress": progress});
    let request = json!({"schema": 1, "source": D::SIDE.peer(), "changes": [change]});
    let applied = json!({"results": [{"event_id": EVENT, "outcome": "applied"}]});
    Operation::new("takeOrders", "Take changes of the peer")
        .saying("Each is merged by its revisions; repeated, or out of order, it changes nothing.")
        .body::<SyncRequest<OrderChange>>(request)
        .answer::<SyncResponse>(200, "What became of each change, in the same order.", applied)
        .of_database()
}

/// `GET /v1/sync/compared`
pub(super) fn compared() -> Operation {
    let state = json!({"compared": 700, "newest": 741, "newest_event": EVENT, "asked_event": null,
        "xmin": 990, "xmax": 990, "unpublished": null, "paused": false});
    Operation::new("getCompared", "Read how far the log has been compared with the peer")
        .query::<Published>()
        .answer::<LogState>(200, "The state of the log.", state)
        .of_database()
}

/// `POST /v1/sync/compared`
pub(super) fn set_compared() -> Operation {
    let noted = json_schema!({"type": "object", "required": ["noted"], "properties": {
        "noted": {"type": "boolean", "description": "Set if `from` was the place up to now."}}});
    Operation::new("setCompared", "Record how far the log has been compared with the peer")
        .body::<Compared>(json!({"from": 0, "to": 0}))
        .answer_of(200, "Whether it was recorded.", move |_| noted.clone(), json!({"noted": true}))
        .of_database()
}

/// `GET /v1/sync/changed`
pub(super) fn changed() -> Operation {
    let page = json!({"orders": [a_state()], "upto": 741, "newest": 741});
    Operation::new("listChanged", "List the orders that were changed here in a range of the log")
        .query::<LogRange>()
        .answer::<ChangedPage>(200, "The states of the orders.", page)
        .of_database()
}

/// `GET /v1/sync/states`
pub(super) fn states() -> Operation {
    let page = json!({"orders": [a_state()], "upto": EXAMPLE_ID, "newest": 741});
    Operation::new("listStates", "List the states of all orders here, page by page")
        .query::<AfterOrder>()
        .answer::<StatesPage>(200, "The states, in the order of the orders' ids.", page)
        .of_database()
}

/// `POST /v1/sync/revisions`
pub(super) fn revisions() -> Operation {
    let revisions = json!({"orders": [a_state()], "newest": 741});
    Operation::new("readRevisions", "Read the states of some orders")
        .body::<RevisionsRequest>(json!({"ids": [EXAMPLE_ID]}))
        .answer::<Revisions>(200, "The states of those that exist.", revisions)
        .of_database()
}

fn a_state() -> Value {
    let facet = |store: u32| json!({"revision": {"store": store, "warehouse": 0}, "digest": "1-bc6umn6rhbFGZ17JJVTGxz9t"});
    json!({"id": EXAMPLE_ID, "delivery": facet(1), "progress": facet(0)})
}
