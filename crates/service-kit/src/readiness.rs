//! The readiness of a service. The database decides; RabbitMQ is only reported, because orders are
//! accepted while it is down. The database is asked on a connection that no caller uses: many
//! readers are no reason for the worker to stop using the service.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::web::Data;
use program_kit::access::Caller;
use program_kit::http::health::readiness;
use serde_json::{Value, json};

use crate::service::Service;

/// The timeout of the probe: a database that takes longer is not ready.
const TIMEOUT: Duration = Duration::from_secs(2);

/// `GET /health/ready`
pub(crate) async fn ready(service: Data<Service>, caller: Caller) -> HttpResponse {
    let problem = service.database.probe(TIMEOUT).await.err().map(|error| error.to_string());
    let parts = json!({ "database": part(problem.as_deref()), "broker": broker(&service) });
    readiness(problem.is_none(), &parts, &caller)
}

fn part(problem: Option<&str>) -> Value {
    match problem {
        None => json!({"state": "up"}),
        Some(problem) => json!({"state": "down", "detail": problem}),
    }
}

fn broker(service: &Service) -> Value {
    let state = service.relay.state();
    json!({"state": state.as_str(), "detail": state.detail()})
}
