//! The API document of a program (OpenAPI 3.1), made of its endpoints.

use actix_web::http::Method;
use serde_json::{Map, Value, json};

use super::operation::{Answer, Body, Content, Operation, Parameter, Place};
use super::outcomes::{common_of, problem_answers, problem_schema};
use super::schemas::{Schemas, query_fields};
use crate::access::{Role, Rule};

/// A program, as its API document presents it.
#[derive(Clone, Copy, Debug, Default)]
pub struct About {
    /// The title.
    pub title: &'static str,
    /// The purpose of the program.
    pub purpose: &'static str,
}

/// An endpoint and its description.
pub(super) struct Described<'a> {
    pub(super) path: &'a str,
    pub(super) method: &'a Method,
    pub(super) rule: Rule,
    pub(super) operation: Operation,
}

/// What is the same for every endpoint.
const FOR_ALL: &str = "Bodies are JSON objects in UTF-8. A body has at most `http.body_limit` bytes \
    (16 MiB unless that is set), and arrives within `limits.body_timeout`. Every error is a problem \
    (RFC 9457) in `application/problem+json`; an invalid field is named in its `errors`. A caller shows \
    a token, `Authorization: Bearer TOKEN`; where no token is configured, all callers on the machine \
    itself have every role. `admin` includes `write`, which includes `read`. What is read by `GET` can \
    be asked for by `HEAD`, where the document says so. More requests than `limits` allows are answered \
    429. Fields may be added to answers; ignore those that you do not know.";

/// Returns the document.
pub(super) fn document<'a>(about: About, endpoints: impl Iterator<Item = Described<'a>>) -> Value {
    let (mut schemas, mut paths) = (Schemas::new(), Map::new());
    for endpoint in endpoints.filter(|endpoint| !endpoint.operation.is_page) {
        let method = endpoint.method.as_str().to_ascii_lowercase();
        let path = paths.entry(endpoint.path.to_owned()).or_insert_with(|| json!({}));
        path[method] = operation(&endpoint, &mut schemas);
    }
    let problem = problem_schema(&mut schemas.sent);
    let (contents, all) = schemas.put_together(&json!({
        "paths": paths,
        "components": {
            "responses": common_of(&problem),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }));
    let mut document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": about.title,
            "version": env!("CARGO_PKG_VERSION"),
            "description": format!("{}\n\n{FOR_ALL}", about.purpose),
            "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
        },
        "paths": contents["paths"],
        "components": contents["components"],
    });
    document["components"]["schemas"] = Value::Object(all);
    document
}

fn operation(endpoint: &Described<'_>, schemas: &mut Schemas) -> Value {
    let Described { path, method, rule, operation } = endpoint;
    let mut details = operation.details.clone();
    details.push(format!("Role: {}.", rule.role_names()));
    let mut shown = json!({
        "operationId": id(operation, path, method),
        "summary": operation.summary,
        "description": details.join("\n\n"),
        "tags": [tag(path, *rule)],
        "security": security(*rule),
        "responses": responses(endpoint, schemas),
    });
    let parameters = parameters(operation, schemas);
    if !parameters.is_empty() {
        shown["parameters"] = parameters.into();
    }
    if let Some(body) = &operation.body {
        shown["requestBody"] = request_body(body, schemas);
    }
    shown
}

/// Returns the id of an operation: that of a path with a slash at its end differs, and so does `HEAD`'s.
fn id(operation: &Operation, path: &str, method: &Method) -> String {
    let slash = if path.len() > 1 && path.ends_with('/') { "Slash" } else { "" };
    let head = if *method == Method::HEAD { "Head" } else { "" };
    format!("{}{slash}{head}", operation.name)
}

/// Returns the group in which an endpoint is shown.
fn tag(path: &str, rule: Rule) -> &str {
    let only_worker = matches!(rule, Rule::Any(&[Role::Sync]));
    let mut parts = path.split('/').filter(|part| !part.is_empty());
    match parts.next().unwrap_or_default() {
        _ if only_worker => "for the worker",
        "v1" => match parts.next().unwrap_or_default() {
            "sync" if parts.next() == Some("offer") => "offers",
            group => group,
        },
        "health" | "metrics" | "docs" | "openapi.json" => "the program",
        "api" => "earlier names",
        group => group,
    }
}

fn security(rule: Rule) -> Value {
    match rule {
        Rule::Public => json!([{}, {"token": []}]),
        Rule::Any(roles) => roles.iter().map(|role| json!({"token": [role.as_str()]})).collect(),
    }
}

fn parameters(operation: &Operation, schemas: &mut Schemas) -> Vec<Value> {
    let mut all = vec![];
    for Parameter { place, name, about, schema, example } in &operation.parameters {
        let (place, is_required) = match place {
            Place::Path => ("path", true),
            Place::Query => ("query", false),
            Place::Header => ("header", false),
        };
        let schema = schema(&mut schemas.taken).to_value();
        all.push(parameter(place, name, about, is_required, &schema, example.as_ref()));
    }
    for query in &operation.queries {
        for field in query_fields(&query(&mut schemas.taken)) {
            let example = field.example.as_ref();
            let (name, about, required) = (&field.name, &field.about, field.is_required);
            all.push(parameter("query", name, about, required, &field.schema, example));
        }
    }
    all
}

fn parameter(
    place: &str,
    name: &str,
    about: &str,
    is_required: bool,
    schema: &Value,
    example: Option<&Value>,
) -> Value {
    let mut shown = json!({
        "in": place, "name": name, "description": about, "required": is_required, "schema": schema,
    });
    if let Some(example) = example {
        shown["example"] = example.clone();
    }
    shown
}

fn request_body(body: &Body, schemas: &mut Schemas) -> Value {
    let schema = (body.schema)(&mut schemas.taken);
    let examples = body.examples.iter();
    let examples = examples.map(|(name, value)| (name.clone(), json!({"value": value})));
    let content = json!({"schema": schema, "examples": Map::from_iter(examples)});
    let contents = body.media.iter().map(|media| ((*media).to_owned(), content.clone()));
    json!({"required": true, "content": Map::from_iter(contents)})
}

/// Returns the answers of an endpoint by their status. An answer to `HEAD` has no contents.
fn responses(endpoint: &Described<'_>, schemas: &mut Schemas) -> Value {
    let is_head = endpoint.method == Method::HEAD;
    let problem = problem_schema(&mut schemas.sent);
    let mut responses = problem_answers(endpoint, &problem);
    for Answer { status, about, contents, headers } in &endpoint.operation.answers {
        let response = responses.entry(status.to_string()).or_insert_with(|| json!({}));
        let both = response.get("description").and_then(Value::as_str);
        response["description"] =
            both.map_or_else(|| about.clone(), |problem| format!("{about} {problem}")).into();
        for Content { media, schema, example } in contents.iter().filter(|_| !is_head) {
            let mut content = json!({"schema": schema(&mut schemas.sent)});
            if let Some(example) = example {
                content["example"] = example.clone();
            }
            response["content"][*media] = content;
        }
        for (name, about) in headers {
            response["headers"][*name] =
                json!({"description": about, "schema": {"type": "string"}});
        }
    }
    Value::Object(responses)
}
