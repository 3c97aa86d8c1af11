//! What the API document says of feeds, offers and the relay.

use program_kit::http::operation::{Operation, Parameter, schema_of};
use program_kit::http::page::{MAX_LIMIT, Page};
use program_kit::http::problem::Kind;
use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

use super::offers::begin::OfferRequest;
use super::offers::{OffersQuery, Shown as Offer};
use super::relay::Shown as Relay;
use crate::feed::{MAX_WAIT, ShownPage};
use crate::offers::STEP;
use crate::resource::EventFilter;

/// The feed of all changes, of these resources.
pub(super) fn feed_of_all(resources: &[&'static str]) -> Operation {
    let names = resources.to_vec();
    let resource = move |_: &mut SchemaGenerator| json_schema!({"type": "string", "enum": names});
    feed_of("getChanges", "Follow the changes of all records")
        .parameter(Parameter::query("resource", "The resource of the changes.", resource))
        .saying("A key, and what is particular to the events of a resource, is asked for with `resource`.")
}

/// The feed of a resource.
pub(super) fn feed(resource: &str, filters: &'static [EventFilter]) -> Operation {
    let (first, rest) = resource.split_at(1);
    let name = format!("get{}{rest}Changes", first.to_ascii_uppercase());
    let operation =
        feed_of(&name, &format!("Follow the changes of records of the resource {resource}"));
    filters.iter().fold(operation, |operation, filter| {
        let about = format!("The value of `{}` within the event.", filter.pointer);
        operation.parameter(Parameter::query(filter.name, about, schema_of::<String>))
    })
}

fn feed_of(name: &str, summary: &str) -> Operation {
    let number = |least: u64, most: u64| move |_: &mut SchemaGenerator| json_schema!({"type": "integer", "minimum": least, "maximum": most});
    let side = |_: &mut SchemaGenerator| json_schema!({"enum": ["store", "warehouse"]});
    let text = |name, about: &str| Parameter::query(name, about, schema_of::<String>);
    let cursor = "The cursor after which to go on, from an earlier answer; `start` for what is kept. \
                  Without one the answer is empty, and its `next` is the end of the log.";
    let wait = "The seconds to wait for a change, if there is none.";
    Operation::new(name, summary)
        .saying(
            "A page, or with `Accept: text/event-stream` a stream of server-sent events that does not \
             end: one for each change, whose id is its cursor. Every change is seen at least once; those \
             of one record in their order.",
        )
        .parameter(text("key", "The key of the record."))
        .parameter(text("kind", "The kind of change, such as `order.shipped`."))
        .parameter(Parameter::query("origin", "The side that made the change.", side))
        .parameter(text("cursor", cursor))
        .parameter(Parameter::query("limit", "The most changes.", number(1, MAX_LIMIT.into())))
        .parameter(Parameter::query("wait", wait, number(0, MAX_WAIT)))
        .header("Last-Event-ID", "Of a stream: the id of the last event, instead of `cursor`.")
        .answer::<ShownPage<'_>>(200, "The changes after the cursor, oldest first.", changes())
        .or_text("text/event-stream", None)
        .problem(Kind::Gone, "Changes after the cursor are not kept any more, or the log is another one.")
        .of_database()
}

fn changes() -> Value {
    let order = "018f6b6e-2f0c-7cc0-8000-3f1f5f2b9a10";
    let event = json!({"schema": 1, "kind": "order.created", "order_id": order, "version": 1});
    let cursor = "EjRWeBI0VngSNFZ4EjRWeAAAAAAAAAAAAAAAAAAAAuUAAAAAAAAAAQA";
    json!({"changes": [{"cursor": cursor, "resource": "order", "key": order, "kind": "order.created",
        "origin": "store", "version": 1, "at": "2026-11-28T09:30:00.120934Z", "principal": "shop",
        "event": event}], "next": cursor, "more": false})
}

/// `GET /v1/relay`
pub(super) fn relay() -> Operation {
    shown_relay("getRelay", "Read the state of publishing")
}

/// `POST /v1/relay/pause`
pub(super) fn pause() -> Operation {
    shown_relay("pauseRelay", "Stop publishing")
        .saying("Changes are still taken; they wait in the outbox. Repeated, it changes nothing.")
}

/// `POST /v1/relay/resume`
pub(super) fn resume() -> Operation {
    shown_relay("resumeRelay", "Publish again").saying("Repeated, it changes nothing.")
}

fn shown_relay(name: &str, summary: &str) -> Operation {
    let relay = json!({"state": "publishing", "detail": null, "paused_since": null, "dropped_at": null, "waiting": 0,
        "approximate": false, "oldest": null, "parked": 0});
    Operation::new(name, summary)
        .answer::<Relay>(200, "The state of the relay.", relay)
        .of_database()
}

/// `POST /v1/sync/offer`
pub(super) fn begin_offer() -> Operation {
    let (all, id) = (json!({"all": true}), "018f6b6e-2f0c-7cc0-8000-3f1f5f2b9a10");
    Operation::new("offerRecords", "Publish records again, as they are now")
        .saying(
            "Exactly one of `all`, `since` and `ids` is set. An offer of all records, or of those that \
             have changed, is worked off in small steps; the others are published at once.",
        )
        .body::<OfferRequest>(all)
        .example("changed", json!({"since": "2026-11-28T09:30:00Z"}))
        .example("some", json!({"ids": [id], "resource": "order"}))
        .answer_of(202, "The offer has begun.", offered, json!({"offered": "all", "id": 7}))
        .with_header("Location", "The path of an offer that is worked off.")
        .of_database()
}

fn offered(_: &mut SchemaGenerator) -> Schema {
    let keys = json!({"type": "array", "items": {"type": "string"}, "maxItems": STEP});
    let id = json!({"type": "integer", "description": "The number of the offer."});
    json_schema!({"anyOf": [
        {"type": "object", "required": ["offered", "id"], "properties": {
            "offered": {"enum": ["all", "changed"]},
            "since": {"type": "string", "format": "date-time"},
            "id": id}},
        {"type": "object", "required": ["offered", "unknown"], "properties": {
            "offered": keys, "unknown": keys}},
    ]})
}

/// `GET /v1/offers`
pub(super) fn offers() -> Operation {
    let page = json!({"items": [an_offer()], "next": null});
    Operation::new("listOffers", "List the offers that are worked off")
        .query::<OffersQuery>()
        .answer::<Page<Offer>>(200, "The offers, in the order of their requests.", page)
        .of_database()
}

/// `GET /v1/offers/{id}`
pub(super) fn offer() -> Operation {
    of_one("getOffer", "Read how far an offer is").answer::<Offer>(200, "The offer.", an_offer())
}

/// `DELETE /v1/offers/{id}`
pub(super) fn end_offer() -> Operation {
    of_one("endOffer", "End an offer early").empty(204, "The offer has ended.")
}

fn of_one(name: &str, summary: &str) -> Operation {
    Operation::new(name, summary)
        .path::<i64>("id", "The number of the offer.", 1)
        .problem(Kind::NotFound, "No such offer is in progress; it may be complete.")
        .of_database()
}

fn an_offer() -> Value {
    json!({"id": 1, "resource": "order", "of": "all", "since": null, "principal": "operator",
        "begun_at": "2026-11-28T09:30:00.120934Z", "offered": 200,
        "place": {"order": "018f6b6e-2f0c-7cc0-8000-3f1f5f2b9a10"},
        "next_at": "2026-11-28T09:30:00.480107Z", "failures": 0, "failure": null})
}
