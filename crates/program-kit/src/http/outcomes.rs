//! The problems with which an endpoint answers, for the API document: those that follow from its method,
//! its rule and what it takes, and its own.

use std::collections::BTreeMap;

use actix_web::http::Method;
use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use super::openapi::Described;
use super::operation::Place;
use super::problem::{FieldError, Kind};
use super::schemas::named;

/// The problems that every endpoint has, or that follow from what it takes.
const COMMON: [Kind; 10] = [
    Kind::Unreadable,
    Kind::Unauthenticated,
    Kind::Forbidden,
    Kind::NotFound,
    Kind::TooSlow,
    Kind::TooLarge,
    Kind::UnsupportedMedia,
    Kind::Invalid,
    Kind::TooMany,
    Kind::Unavailable,
];

/// Returns the schema of every problem.
pub(super) fn problem_schema(generator: &mut SchemaGenerator) -> Schema {
    let errors = generator.subschema_for::<Vec<FieldError>>();
    let schema = json_schema!({
        "type": "object",
        "description": "A problem with a request, and how to correct it (RFC 9457).",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": {"type": "string", "pattern": "^urn:lockstep:problem:[a-z-]+$"},
            "title": {"type": "string", "description": "The name of the status."},
            "status": {"type": "integer", "minimum": 400, "maximum": 599},
            "detail": {"type": "string", "description": "What is wrong, and how to correct it."},
            "errors": errors,
        },
    });
    named(generator, "Problem", schema.to_value())
}

/// Returns the answers that several endpoints have, for the components of the document.
pub(super) fn common_of(problem: &Schema) -> Value {
    let common =
        COMMON.map(|kind| (name(kind), answer(&[(kind, kind.cause().to_owned())], problem)));
    Value::Object(Map::from_iter(common))
}

/// Returns the name of a kind of problem among the components of the document.
fn name(kind: Kind) -> String {
    format!("{kind:?}")
}

/// Returns the answers with problems, by their status.
pub(super) fn problem_answers(endpoint: &Described<'_>, problem: &Schema) -> Map<String, Value> {
    let is_head = *endpoint.method == Method::HEAD;
    let mut by_status = BTreeMap::<u16, Vec<(Kind, String)>>::new();
    for (kind, cause) in all(endpoint) {
        let of_status = by_status.entry(kind.status().as_u16()).or_default();
        if !of_status.contains(&(kind, cause.clone())) {
            of_status.push((kind, cause));
        }
    }
    let has_answer =
        |status: u16| endpoint.operation.answers.iter().any(|answer| answer.status == status);
    let shown = by_status.into_iter().map(|(status, problems)| {
        let response = match problems.as_slice() {
            [(kind, cause)] if *cause == kind.cause() && !is_head && !has_answer(status) => {
                json!({"$ref": format!("#/components/responses/{}", name(*kind))})
            }
            problems => {
                let mut answer = answer(problems, problem);
                if let Some(fields) = answer.as_object_mut().filter(|_| is_head) {
                    fields.remove("content");
                }
                answer
            }
        };
        (status.to_string(), response)
    });
    shown.collect()
}

/// Returns all problems of an endpoint: its own, and those that follow.
fn all(endpoint: &Described<'_>) -> Vec<(Kind, String)> {
    let operation = &endpoint.operation;
    let own = operation.problems.iter().cloned();
    // A path says itself what it does not find.
    let said = |kind: &Kind| {
        *kind == Kind::NotFound && operation.problems.iter().any(|(own, _)| own == kind)
    };
    let following = following(endpoint).into_iter().filter(|kind| !said(kind));
    own.chain(following.map(|kind| (kind, kind.cause().to_owned()))).collect()
}

fn following(endpoint: &Described<'_>) -> Vec<Kind> {
    let Described { method, operation, .. } = endpoint;
    let has = |place| operation.parameters.iter().any(|parameter| parameter.place == place);
    // Where no token is configured, a request that names another host is refused; and an unknown token
    // is refused also where none is needed.
    let mut kinds = vec![Kind::Unauthenticated, Kind::Forbidden, Kind::TooMany];
    if has(Place::Path) {
        kinds.push(Kind::NotFound);
    }
    if has(Place::Query) || !operation.queries.is_empty() {
        kinds.push(Kind::Unreadable);
    }
    if operation.body.is_some() {
        let of_body = [Kind::TooSlow, Kind::TooLarge, Kind::UnsupportedMedia, operation.invalid];
        kinds.push(Kind::Unreadable);
        kinds.extend(of_body);
    }
    if operation.asks_database {
        kinds.push(Kind::Unavailable);
        if ![Method::GET, Method::HEAD].contains(method) {
            kinds.push(Kind::OutcomeUnknown);
        }
    }
    kinds
}

/// Returns an answer with one of these problems.
fn answer(problems: &[(Kind, String)], schema: &Schema) -> Value {
    let causes = problems.iter().map(|(kind, cause)| format!("`{}`: {cause}", kind.name()));
    let kind = problems.first().map_or(Kind::Internal, |(kind, _)| *kind);
    let example = json!({
        "type": format!("urn:lockstep:problem:{}", kind.name()),
        "title": kind.status().canonical_reason(),
        "status": kind.status().as_u16(),
        "detail": problems.first().map(|(_, cause)| cause),
    });
    let mut answer = json!({
        "description": causes.collect::<Vec<_>>().join("\n\n"),
        "content": {"application/problem+json": {"schema": schema, "example": example}},
    });
    for (header, about) in problems.iter().filter_map(|(kind, _)| kind.header()) {
        answer["headers"][header] = json!({"description": about, "schema": {"type": "string"}});
    }
    answer
}
