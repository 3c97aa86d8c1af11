//! What the API document says of the paths of a kind of records.

use program_kit::http::operation::{Operation, Parameter, schema_of};
use program_kit::http::page::MAX_LIMIT;
use program_kit::http::problem::Kind as ProblemKind;
use program_kit::http::schemas::named;
use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use super::input::{NOTE, TEXT};
use super::kind::{Field, Kind};

/// Returns the name of a kind in names of types and operations.
fn name(kind: &Kind) -> String {
    let (first, rest) = kind.resource.split_at(1);
    format!("{}{rest}", first.to_ascii_uppercase())
}

/// Returns the schema of the id of a record.
pub(crate) fn id_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "integer", "format": "int64", "minimum": 1})
}

/// Returns the schemas of what a caller may set, by name, and the names of what is required.
fn settable(kind: &Kind) -> (Map<String, Value>, Vec<Value>) {
    let schema = |field: &Field| match field.is_required {
        true => json!({"type": "string", "minLength": 1, "maxLength": TEXT, "pattern": "\\S"}),
        false => json!({"type": ["string", "null"], "maxLength": TEXT}),
    };
    let note = json!({"type": ["string", "null"], "maxLength": NOTE,
        "description": "A note of the warehouse, which no upstream touches."});
    let fields = kind.fields.iter().map(|field| (field.name.to_owned(), schema(field)));
    let fields = fields.chain([("note".to_owned(), note)]).collect();
    let required = kind.fields.iter().filter(|field| field.is_required);
    (fields, required.map(|field| field.name.into()).collect())
}

/// Returns the schema of what a caller may set of a record.
fn fields(kind: &Kind, generator: &mut SchemaGenerator) -> Schema {
    let (properties, required) = settable(kind);
    let schema = json_schema!({"type": "object", "additionalProperties": false,
        "properties": properties, "required": required});
    named(generator, &format!("{}Fields", name(kind)), schema.to_value())
}

/// Returns the schema of a record that is to be created.
fn new(kind: &Kind, generator: &mut SchemaGenerator) -> Schema {
    let (mut properties, mut required) = settable(kind);
    properties.insert("id".to_owned(), id_schema(generator).to_value());
    required.push("id".into());
    let schema = json_schema!({"type": "object", "additionalProperties": false,
        "properties": properties, "required": required});
    named(generator, &format!("New{}", name(kind)), schema.to_value())
}

/// Returns the schema of a record, as sent to a caller.
pub(crate) fn shown(kind: &Kind, generator: &mut SchemaGenerator) -> Schema {
    let (mut properties, _) = settable(kind);
    let time = json!({"type": "string", "format": "date-time"});
    let about = [
        ("id", id_schema(generator).to_value()),
        (
            "active",
            json!({"type": "boolean",
            "description": "`false` if the upstream that owns it lists it no more."}),
        ),
        (
            "source",
            json!({"type": ["string", "null"],
            "description": "The name of the upstream that owns it."}),
        ),
        (
            "version",
            json!({"type": "integer", "format": "int64",
            "description": "How often it has changed; also its `ETag`."}),
        ),
        ("created_at", time.clone()),
        ("updated_at", time),
    ];
    properties.extend(about.map(|(name, schema)| (name.to_owned(), schema)));
    let required = properties.keys().cloned().collect::<Vec<_>>();
    let schema = json_schema!({"type": "object", "properties": properties, "required": required});
    named(generator, &name(kind), schema.to_value())
}

/// Returns the schema of a page of records of this schema.
pub(crate) fn page(item: &Schema) -> Schema {
    json_schema!({
        "type": "object",
        "required": ["items", "next"],
        "properties": {
            "items": {"type": "array", "items": item, "maxItems": MAX_LIMIT},
            "next": {"type": ["string", "null"], "description": "The path of the next page."},
            "complete": {"const": false,
                "description": "Sent if the page ends early, at the limit of what one request reads."},
        },
    })
}

/// Returns an example of a record, as sent to a caller.
pub(crate) fn shown_example(kind: &Kind) -> Value {
    let mut shown = example(kind);
    let texts = kind.fields.iter().map(|field| field.name).chain(["note"]);
    if let Some(fields) = shown.as_object_mut() {
        texts.for_each(|name| _ = fields.entry(name).or_insert(Value::Null));
        let about = json!({"id": 1, "active": true, "source": null, "version": 1,
            "created_at": "2026-11-28T09:30:00.120934Z", "updated_at": "2026-11-28T09:30:00.120934Z"});
        fields.extend(about.as_object().into_iter().flatten().map(|(k, v)| (k.clone(), v.clone())));
    }
    shown
}

/// Returns an example of what a caller sets: each field that is required, and a note.
fn example(kind: &Kind) -> Value {
    let required = kind.fields.iter().filter(|field| field.is_required);
    let texts = required.map(|field| (field.name.to_owned(), field.example.into()));
    Value::Object(texts.chain([("note".to_owned(), "Ring at the back".into())]).collect())
}

fn operation(kind: &Kind, verb: &str, summary: &str) -> Operation {
    let article = if kind.resource.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    let summary = format!("{summary} {article} {}", kind.resource);
    Operation::new(format!("{verb}{}", name(kind)), summary).of_database()
}

fn of_one(kind: &'static Kind, verb: &str, summary: &str) -> Operation {
    let about = format!("The id of the {}.", kind.resource);
    operation(kind, verb, summary).path_of("id", about, id_schema, 1)
}

fn with_record(kind: &'static Kind, operation: Operation) -> Operation {
    let schema = |generator: &mut SchemaGenerator| shown(kind, generator);
    operation.answer_of(200, "The record.", schema, shown_example(kind)).with_etag()
}

/// Describes the list.
pub(super) fn list(kind: &'static Kind) -> Operation {
    let limit = |_: &mut SchemaGenerator| json_schema!({"type": "integer", "minimum": 1, "maximum": MAX_LIMIT});
    let text = |name: &str, about: String| Parameter::query(name, about, schema_of::<String>);
    let operation =
        Operation::new(format!("list{}s", name(kind)), format!("List {}s", kind.resource));
    let filters = kind.fields.iter().filter(|field| field.is_filter);
    let operation = filters.fold(operation, |operation, field| {
        operation.parameter(text(field.name, format!("The {}, letter by letter.", field.name)))
    });
    let schema = |generator: &mut SchemaGenerator| page(&shown(kind, generator));
    let page = json!({"items": [shown_example(kind)], "next": null});
    operation
        .parameter(text("source", "The name of the upstream that owns them.".into()))
        .parameter(Parameter::query("active", "Whether they are active.", schema_of::<bool>))
        .parameter(Parameter::query(
            "limit",
            "The most on the page; 50 where it is left out.",
            limit,
        ))
        .parameter(text("cursor", "The cursor of the page, from `next` of the page before.".into()))
        .answer_of(200, "The records, newest first.", schema, page)
        .with_header("Link", "The path of the next page, as `rel=\"next\"`.")
        .of_database()
}

/// Describes creating a record.
pub(super) fn create(kind: &'static Kind) -> Operation {
    let mut request = example(kind);
    request["id"] = json!(1);
    let schema = |generator: &mut SchemaGenerator| shown(kind, generator);
    operation(kind, "create", "Create")
        .body_of(|generator| new(kind, generator), request)
        .answer_of(201, "The record.", schema, shown_example(kind))
        .with_etag()
        .with_location()
        .problem(ProblemKind::Conflict, "The id is taken.")
}

/// Describes reading a record.
pub(super) fn one(kind: &'static Kind) -> Operation {
    with_record(kind, of_one(kind, "get", "Read")).unless_known()
}

/// Describes setting a record.
pub(super) fn put(kind: &'static Kind) -> Operation {
    let operation =
        of_one(kind, "set", "Set").body_of(|generator| fields(kind, generator), example(kind));
    with_record(kind, operation.saying("What is left out is empty.").if_unchanged())
}

/// Describes setting some fields of a record.
pub(super) fn patch(kind: &'static Kind) -> Operation {
    let schema = |generator: &mut SchemaGenerator| fields(kind, generator);
    let operation = of_one(kind, "change", "Set some fields of");
    with_record(kind, operation.patch_of(schema, json!({"note": null})).if_unchanged())
}

/// Describes removing a record.
pub(super) fn remove(kind: &'static Kind) -> Operation {
    of_one(kind, "remove", "Remove").empty(204, "The record is removed.").if_unchanged()
}
