//! What the API document says of directions and parked changes.

use program_kit::http::openapi::About;
use program_kit::http::operation::Operation;
use program_kit::http::problem::Kind;
use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};
use shared_models::parked::{ActionResult, Selection};
use uuid::Uuid;

use super::parked::{ActionQuery, ListQuery, Listed as ParkedPage};
use super::{Listed, Listing};
use crate::parked::ParkedAtSide;

/// The worker, as the document presents it.
pub(super) const ABOUT: About = About {
    title: "Lockstep: the worker",
    purpose: "Carries changes of orders between the store and the warehouse, compares the two, and runs \
              what is pulled from an upstream and mirrored to a remote.",
};

/// The parked change of the examples.
const ID: &str = "018f6b6e-2f0c-7cc0-8000-00000000000a";

/// The cause of an answer that a side does not give.
const SIDE_UNAVAILABLE: &str = "A side does not answer; retry after the time in `Retry-After`.";

/// `GET /v1/directions`
pub(super) fn directions() -> Operation {
    Operation::new("listDirections", "Read the state and the figures of both directions")
        .answer::<Listing>(200, "The directions.", json!({"directions": [direction()]}))
}

/// `POST /v1/directions/{name}/pause`
pub(super) fn pause() -> Operation {
    acting_on_direction("pauseDirection", "Stop what a side publishes")
}

/// `POST /v1/directions/{name}/resume`
pub(super) fn resume() -> Operation {
    acting_on_direction("resumeDirection", "Let a side publish again")
}

fn acting_on_direction(name: &str, summary: &str) -> Operation {
    Operation::new(name, summary)
        .saying("The side that the changes come from keeps the pause, and is asked with the caller's token.")
        .path_of("name", "The name of the direction.", names, "store-to-warehouse")
        .answer::<Listed>(200, "The direction.", direction())
        .problem(Kind::NotFound, "There is no such direction.")
        .problem(Kind::Unavailable, SIDE_UNAVAILABLE)
}

fn names(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"enum": ["store-to-warehouse", "warehouse-to-store"]})
}

fn direction() -> Value {
    let queue = |name| json!({"name": name, "state": "answering", "reason": null, "replaced": 0});
    let counters = json!({"received": 12, "dropped": {"echo": 4, "nothing_shared": 0, "default_status": 0},
        "carried": 8, "parked": 0, "given_back": 0, "requests": 5,
        "results": {"applied": 8, "merged": 0, "stale": 0, "rejected": 0}});
    let at = "2026-11-28T09:30:00.120Z";
    let comparison = json!({"waits_for": null, "compared_to": 741, "newest": 741, "as_of": at,
        "finished_at": at, "compared": 12, "missing": 0, "behind": 0, "different": 0,
        "source_behind": 0, "offered": 0, "left": 0, "left_at": null});
    json!({"name": "store-to-warehouse", "from": "store", "to": "warehouse", "state": "consuming",
        "reason": null, "breaker": {"state": "closed", "failures": 0, "next_try": null, "opened": 0,
            "half_opened": 0, "closed": 1},
        "queues": {"sync": queue("sync.store-to-warehouse"),
            "parked": queue("sync.store-to-warehouse.parked"), "leftover": []},
        "depth": {"queue": 0, "parked": 0, "at": at}, "rates": {"received": 1.2, "carried": 0.8},
        "counters": counters, "comparison": comparison,
        "source": {"state": "publishing", "detail": null, "paused_since": null, "dropped_at": null, "waiting": 0,
            "approximate": false, "oldest": null, "parked": 0}})
}

/// `GET /v1/parked`
pub(super) fn parked_changes() -> Operation {
    let page = json!({"items": [a_change()], "next": null});
    of_sides("listParked", "List the changes that could not be carried")
        .query::<ListQuery>()
        .answer::<ParkedPage>(200, "A page; each is of one side, those of the store first.", page)
}

/// `GET /v1/parked/{id}`
pub(super) fn parked_change() -> Operation {
    of_sides("getParked", "Read a change that could not be carried")
        .path::<Uuid>("id", "The id of the parked change.", ID)
        .answer::<ParkedAtSide>(200, "The change.", a_change())
}

/// `POST /v1/parked/replay`
pub(super) fn replay() -> Operation {
    acting("replayParked", "Offer the records of parked changes again")
}

/// `POST /v1/parked/drop`
pub(super) fn drop() -> Operation {
    acting("dropParked", "Give up parked changes")
}

fn of_sides(name: &str, summary: &str) -> Operation {
    Operation::new(name, summary)
        .saying("The sides are asked with the caller's token.")
        .problem(Kind::Unavailable, SIDE_UNAVAILABLE)
}

fn acting(name: &str, summary: &str) -> Operation {
    let result = json!({"changed": 0,
        "left": [{"id": ID, "reason": "there is no parked change of this id"}]});
    of_sides(name, summary)
        .saying("Exactly one of `all` and `ids` is set.")
        .query::<ActionQuery>()
        .body::<Selection>(json!({"ids": [ID]}))
        .example("all", json!({"all": true}))
        .answer::<ActionResult>(200, "What became of them.", result)
}

fn a_change() -> Value {
    let order = "018f6b6e-2f0c-7cc0-8000-3f1f5f2b9a10";
    json!({"side": "store", "direction": "store-to-warehouse", "id": ID, "event_id": ID,
        "resource": "order", "key": order, "order_id": order, "state": "parked",
        "reason": "the peer refused the change", "attempts": 1,
        "first_at": "2026-11-28T09:30:00.120934Z", "last_at": "2026-11-28T09:30:00.120934Z",
        "offer_at": null, "acted_by": null, "acted_at": null, "overtaken": false,
        "body": {"schema": 1}})
}
