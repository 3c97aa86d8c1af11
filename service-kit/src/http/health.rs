//! The two questions that whoever runs a program asks it.

use actix_web::http::header::RETRY_AFTER;
use actix_web::{Handler, HttpResponse, Responder, web};
use serde::Serialize;
use serde_json::{Value, json};

use super::resource::{reads, resource};

/// `GET /health/live` (it runs) and `GET /health/ready` (it can do its work), where `ready`
/// answers.
pub fn routes<F, A>(ready: F) -> impl Fn(&mut web::ServiceConfig) + Clone
where
    F: Handler<A> + Clone,
    A: actix_web::FromRequest + 'static,
    F::Output: Responder + 'static,
{
    move |service| {
        let reason = "health is only read";
        service
            .service(resource("/health/live", reason, reads(|| web::to(live))))
            .service(resource("/health/ready", reason, reads(|| web::to(ready.clone()))));
    }
}

async fn live() -> HttpResponse {
    HttpResponse::Ok().json(json!({"status": "live"}))
}

/// The answer to `/health/ready`: 200 or 503, and the state of each part that matters.
#[must_use]
pub fn readiness(ready: bool, parts: &Value) -> HttpResponse {
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
    parts: &'a Value,
}
