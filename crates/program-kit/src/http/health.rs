//! The health routes of a program.

use std::collections::BTreeMap;

use actix_web::http::header::RETRY_AFTER;
use actix_web::{Handler, HttpResponse, Responder, web};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::endpoints::{Routes, endpoints_of, read_endpoints};
use super::operation::Operation;
use crate::access::{Caller, Rule};

/// The routes `GET /health/live` (the program runs) and `GET /health/ready` (it can work), which
/// `ready` answers.
pub fn routes<F, A>(ready: F) -> Routes
where
    F: Handler<A> + Clone,
    A: actix_web::FromRequest + 'static,
    F::Output: Responder + 'static,
{
    let advice = "use GET";
    let live = read_endpoints(Rule::Public, || web::to(live), describe_live);
    let ready = read_endpoints(Rule::Public, move || web::to(ready.clone()), describe_ready);
    Routes::default().with(endpoints_of("/health/live", advice, live)).with(endpoints_of(
        "/health/ready",
        advice,
        ready,
    ))
}

fn describe_live() -> Operation {
    let operation = Operation::new("getLive", "Ask whether the program runs");
    operation.answer::<Live>(200, "The program runs.", json!({"status": "live"}))
}

fn describe_ready() -> Operation {
    let parts = json!({"database": {"state": "up"}});
    Operation::new("getReady", "Ask whether the program can work")
        .saying("The parts are only shown to callers with the role `read` or `sync`.")
        .answer::<Readiness<'_>>(200, "It can work.", json!({"status": "ready", "parts": parts}))
        .answer::<Readiness<'_>>(503, "It cannot work now.", json!({"status": "not ready"}))
        .with_header("Retry-After", "The seconds to wait.")
}

async fn live() -> HttpResponse {
    HttpResponse::Ok().json(Live { status: "live" })
}

/// The answer of a program that runs.
#[derive(Serialize, JsonSchema)]
struct Live {
    status: &'static str,
}

/// Builds the answer to `/health/ready`: 200 or 503, and the state of each relevant part. The parts
/// are only for callers with permission to read, because the reasons name internals.
#[must_use]
pub fn readiness(ready: bool, parts: &Value, caller: &Caller) -> HttpResponse {
    let parts = caller.may(Rule::READ_OR_SYNC).then_some(parts);
    match ready {
        true => HttpResponse::Ok().json(Readiness { status: "ready", parts }),
        false => HttpResponse::ServiceUnavailable()
            .insert_header((RETRY_AFTER, "1"))
            .json(Readiness { status: "not ready", parts }),
    }
}

/// Whether a program can work.
#[derive(Serialize, JsonSchema)]
struct Readiness<'a> {
    /// `ready` or `not ready`.
    status: &'static str,
    /// The state of each part that matters, by its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<BTreeMap<String, PartState>>")]
    parts: Option<&'a Value>,
}

/// The state of a part, for the document.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "the parts are made by the programs, as JSON")]
struct PartState {
    /// The state, such as `up`.
    state: String,
    /// The reason, where something is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}
