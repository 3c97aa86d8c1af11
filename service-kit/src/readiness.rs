//! Whether a service can do its work. The database decides; RabbitMQ is reported, because orders
//! are taken while it is down.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::web::Data;
use diesel_async::RunQueryDsl as _;
use serde_json::{Value, json};

use crate::access::Caller;
use crate::database::DatabaseError;
use crate::http::health::readiness;
use crate::service::Service;

/// A database that takes longer for nothing at all is not ready.
const PATIENCE: Duration = Duration::from_secs(2);

/// `GET /health/ready`
pub(crate) async fn ready(service: Data<Service>, caller: Caller) -> HttpResponse {
    let asking = service.database.with::<_, DatabaseError>(async |connection| {
        Ok(diesel::sql_query("select 1").execute(connection).await?)
    });
    let problem = match tokio::time::timeout(PATIENCE, asking).await {
        Ok(Ok(_)) => None,
        Ok(Err(error)) => Some(error.to_string()),
        Err(_) => Some(format!("no answer within {PATIENCE:?}")),
    };
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
