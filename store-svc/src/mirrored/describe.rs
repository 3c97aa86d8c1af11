//! What the API document says of the paths that posts and comments have in common.

use program_kit::http::operation::Operation;
use program_kit::http::problem::Kind;
use program_kit::http::schemas::named;
use schemars::{JsonSchema as _, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};
use shared_models::mirror::Mirrored;

use super::record::Shown;
use super::settable::Settable;

/// The cause of a refusal of somebody else's record.
const NOT_THEIRS: &str = "Another caller has created the record.";

/// Returns the name of a kind in names of operations.
pub(crate) const fn name(kind: Mirrored) -> &'static str {
    match kind {
        Mirrored::Post => "Post",
        Mirrored::Comment => "Comment",
    }
}

fn operation<S: Settable>(verb: &str, summary: &str) -> Operation {
    let summary = format!("{summary} a {}", S::KIND.resource());
    Operation::new(format!("{verb}{}", name(S::KIND)), summary).of_database()
}

fn of_one<S: Settable>(verb: &str, summary: &str) -> Operation {
    let about = format!("The id of the {}.", S::KIND.resource());
    operation::<S>(verb, summary).path::<u64>("id", about, 1)
}

/// Adds the answer with a page.
pub(crate) fn with_page<S: Settable>(operation: Operation) -> Operation {
    let page =
        json!({"count": 1, "next": null, "previous": null, "results": [shown_example::<S>()]});
    operation
        .answer_of(200, "A page, newest first.", page_schema::<S>, page)
        .problem(Kind::NotFound, "There is no such page.")
        .of_database()
}

/// `POST /posts`, `POST /comments`
pub(crate) fn create<S: Settable>() -> Operation {
    operation::<S>("create", "Create")
        .body::<S>(S::example())
        .invalid_is_bad_request()
        .answer_of(201, "The record.", shown::<S>, shown_example::<S>())
        .with_etag()
        .with_location()
}

/// `GET /posts/{id}`, `GET /comments/{id}`
pub(crate) fn one<S: Settable>() -> Operation {
    with_record::<S>(of_one::<S>("get", "Read")).unless_known()
}

/// `PUT /posts/{id}`, `PUT /comments/{id}`
pub(crate) fn put<S: Settable>() -> Operation {
    let operation = of_one::<S>("set", "Set").body::<S>(S::example());
    with_record::<S>(operation.invalid_is_bad_request().if_unchanged())
        .problem(Kind::Forbidden, NOT_THEIRS)
}

/// `PATCH /posts/{id}`, `PATCH /comments/{id}`
pub(crate) fn patch<S: Settable>() -> Operation {
    let operation =
        of_one::<S>("change", "Set some fields of").patch::<S>(json!({"body": "Low water."}));
    with_record::<S>(operation.invalid_is_bad_request().if_unchanged())
        .problem(Kind::Forbidden, NOT_THEIRS)
}

/// `DELETE /posts/{id}`, `DELETE /comments/{id}`
pub(crate) fn remove<S: Settable>() -> Operation {
    let with_comments = match S::KIND {
        Mirrored::Post => "Its comments are removed with it.",
        Mirrored::Comment => "Its post stays.",
    };
    of_one::<S>("remove", "Remove")
        .saying(with_comments)
        .empty(204, "The record is removed.")
        .if_unchanged()
        .problem(Kind::Forbidden, NOT_THEIRS)
}

fn with_record<S: Settable>(operation: Operation) -> Operation {
    operation.answer_of(200, "The record.", shown::<S>, shown_example::<S>()).with_etag()
}

/// Returns the schema of a record: what a caller may set of it, and what is known of it.
fn shown<S: Settable>(generator: &mut SchemaGenerator) -> Schema {
    let mut schema = Shown::json_schema(generator).to_value();
    let fields = S::json_schema(generator).to_value();
    if let (Some(all), Some(fields)) =
        (schema["properties"].as_object_mut(), fields["properties"].as_object())
    {
        all.extend(fields.clone());
        schema["required"] = all.keys().cloned().collect();
    }
    named(generator, name(S::KIND), schema)
}

fn page_schema<S: Settable>(generator: &mut SchemaGenerator) -> Schema {
    let (record, link) = (shown::<S>(generator), json!({"type": ["string", "null"]}));
    let page = json_schema!({
        "type": "object",
        "required": ["count", "next", "previous", "results"],
        "properties": {
            "count": {"type": "integer", "minimum": 0, "description": "The records of all pages."},
            "next": link,
            "previous": link,
            "results": {"type": "array", "items": record, "maxItems": 100},
        },
    });
    named(generator, &format!("{}Page", name(S::KIND)), page.to_value())
}

fn shown_example<S: Settable>() -> Value {
    let about = json!({"id": 1, "remote_id": null, "creator": "shop", "modifier": "shop",
        "created_time": "2026-11-28T09:30:00.120934Z", "modified_time": "2026-11-28T09:30:00.120934Z",
        "mirror": {"state": "waiting", "detail": null}});
    let both = [about, S::example()].into_iter().filter_map(|value| match value {
        Value::Object(fields) => Some(fields),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            None
        }
    });
    Value::Object(both.flatten().collect::<Map<_, _>>())
}
