//! What the API document says of the paths that the orders of both sides have.

use program_kit::http::operation::Operation;
use program_kit::http::page::Page;
use program_kit::http::problem::Kind;
use serde_json::json;
use uuid::Uuid;

use super::history::{HistoryQuery, Shown as HistoryEntry};
use crate::page::PageQuery;
use crate::{Domain, EXAMPLE_ID};

/// Describes an operation on one order.
pub fn of_one(name: &'static str, summary: &'static str) -> Operation {
    Operation::new(name, summary)
        .path::<Uuid>("id", "The id of the order, the same at both sides.", EXAMPLE_ID)
        .of_database()
}

/// Adds the answer with an order.
#[must_use]
pub fn with_order<D: Domain>(operation: Operation, status: u16, about: &'static str) -> Operation {
    operation.answer::<D::Shown<'static>>(status, about, D::examples().shown).with_etag()
}

/// The cause of a refused change.
pub const REFUSED: &str =
    "The order's status does not allow the change, or the side may not make it.";

/// `GET /v1/orders`
pub(super) fn list<D: Domain>() -> Operation {
    let page = json!({"items": [D::examples().shown], "next": null});
    Operation::new("listOrders", "List orders")
        .query::<PageQuery>()
        .answer::<Page<D::Shown<'static>>>(200, "The orders, newest first.", page)
        .with_header("Link", "The path of the next page, as `rel=\"next\"`.")
        .of_database()
}

/// `GET /v1/orders/{id}`
pub(super) fn one<D: Domain>() -> Operation {
    with_order::<D>(of_one("getOrder", "Read an order"), 200, "The order.").unless_known()
}

/// `PUT /v1/orders/{id}`
pub(super) fn put<D: Domain>() -> Operation {
    let operation = of_one("setOrder", "Set an order completely")
        .saying("A field that is left out is emptied; a status that is left out stays.")
        .body::<D::Settable>(D::examples().settable)
        .problem(Kind::Conflict, REFUSED)
        .if_unchanged();
    with_order::<D>(operation, 200, "The order.")
}

/// `PATCH /v1/orders/{id}`
pub(super) fn patch<D: Domain>() -> Operation {
    let operation = of_one("changeOrder", "Set some fields of an order")
        .patch::<D::Settable>(D::examples().patch)
        .problem(Kind::Conflict, REFUSED)
        .if_unchanged();
    with_order::<D>(operation, 200, "The order.")
}

/// `GET /v1/orders/{id}/changes`
pub(super) fn history() -> Operation {
    let event = json!({"schema": 1, "kind": "order.created", "order_id": EXAMPLE_ID, "version": 1});
    let entry = json!({"seq": 741, "kind": "order.created", "origin": "store", "version": 1,
        "at": "2026-11-28T09:30:00.120934Z", "event": event, "private": null, "conflicts": [],
        "principal": "shop", "trace": null});
    of_one("getHistory", "Read what happened to an order")
        .saying(
            "All changes of it here, whichever side made them, with what was decided between two.",
        )
        .query::<HistoryQuery>()
        .answer::<Page<HistoryEntry>>(
            200,
            "The changes, oldest first.",
            json!({"items": [entry], "next": null}),
        )
}
