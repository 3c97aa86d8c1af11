//! The health routes of a program.

use actix_web::http::header::RETRY_AFTER;
use actix_web::{Handler, HttpResponse, Responder, web};
use serde::Serialize;
use serde_json::{Value, json};

use super::endpoints::{Routes, endpoints_of, read_endpoints};
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
    let ready = read_endpoints(Rule::Public, move || web::to(ready.clone()));
    Routes::default()
        .with(endpoints_of("/health/live", advice, read_endpoints(Rule::Public, || web::to(live))))
        .with(endpoints_of("/health/ready", advice, ready))
}

async fn live() -> HttpResponse {
    HttpResponse::Ok().json(json!({"status": "live"}))
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

#[derive(Serialize)]
struct Readiness<'a> {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    parts: Option<&'a Value>,
}
