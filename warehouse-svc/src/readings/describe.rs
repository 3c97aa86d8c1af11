//! What the API document says of the paths of readings.

use program_kit::http::operation::Operation;
use program_kit::http::problem::Kind;
use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

use super::record::{Sent, Shown};
use super::request::SyncBody;
use super::routes::{ListQuery, Listed, PutBody};
use super::sync::Synced;

/// Returns the schema of a GTIN.
pub(super) fn gtin(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "minLength": 1, "maxLength": 64, "pattern": r"^\S+$"})
}

fn reading() -> Value {
    json!({"gtin": "04012345678901", "updated_at": "2026-11-28T09:30:00Z",
        "expiration_date": "2027-03-31"})
}

fn of_one(name: &str, summary: &str) -> Operation {
    Operation::new(name, summary)
        .path_of("gtin", "The GTIN of the article.", gtin, "04012345678901")
        .of_database()
}

/// `GET /v1/readings`
pub(super) fn list() -> Operation {
    Operation::new("listReadings", "List stock readings")
        .query::<ListQuery>()
        .answer::<Listed>(200, "The readings.", json!({"data": [reading()], "next": null}))
        .with_header("Link", "The path of the next page, as `rel=\"next\"`.")
        .of_database()
}

/// `GET /v1/readings/{gtin}`
pub(super) fn one() -> Operation {
    of_one("getReading", "Read a stock reading")
        .answer::<Shown<'static>>(200, "The reading.", reading())
        .with_etag()
        .unless_known()
}

/// `PUT /v1/readings/{gtin}`
pub(super) fn put() -> Operation {
    of_one("setReading", "Set a stock reading")
        .body::<PutBody>(json!({"expiration_date": "2027-03-31"}))
        .answer::<Shown<'static>>(201, "The reading is new.", reading())
        .with_etag()
        .with_location()
        .answer::<Shown<'static>>(200, "The reading that stands.", reading())
        .with_etag()
        .if_unchanged()
        .problem(Kind::Conflict, "A reading of a later time stands.")
}

/// `DELETE /v1/readings/{gtin}`
pub(super) fn remove() -> Operation {
    of_one("removeReading", "Remove a stock reading")
        .empty(204, "The reading is removed.")
        .if_unchanged()
}

/// `POST /v1/sync`
pub(super) fn sync() -> Operation {
    let cursor = "EjRWeBI0VngSNFZ4EjRWeAAAAAAAAAAAAAAAAAAAAuUAAAAAAAAAAQA";
    let answer = json!({"data": [reading()], "duplicates": [], "cursor": cursor, "more": false});
    Operation::new("syncReadings", "Upload stock readings, and get those that the client lacks")
        .saying(
            "Of two readings of an article the later one stands. A client sends the `cursor` of its last \
             answer, or `start`; one that knows only dates sends `last_sync_date`.",
        )
        .body::<SyncBody<Sent>>(json!({"cursor": "start", "newly_created_records": [reading()]}))
        .example("by date", json!({"last_sync_date": "2026-11-28T09:30:00Z"}))
        .answer::<Synced<'static>>(200, "What the client lacks.", answer)
        .problem(Kind::Unreadable, "The cursor belongs to another client or log.")
        .problem(Kind::Gone, "Changes after the cursor are not kept any more.")
        .of_database()
}
