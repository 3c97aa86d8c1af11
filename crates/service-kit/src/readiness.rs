//! The readiness of a service. The database decides; RabbitMQ is only reported, because orders are
//! accepted while it is down. The database is asked on a connection that no caller uses: many
//! readers are no reason for the worker to stop using the service.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::web::Data;
use program_kit::access::Caller;
use program_kit::http::health::readiness;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::feed;
use crate::service::Service;

/// The timeout of the probe: a database that takes longer is not ready.
const TIMEOUT: Duration = Duration::from_secs(2);

/// The timeout of the query for the lag of the feeds, which is left out if it takes longer.
const LAG_TIMEOUT: Duration = Duration::from_millis(500);

/// The age of a change that feeds hold back from which it is reported.
const HELD_BACK: Duration = Duration::from_secs(5);

/// `GET /health/ready`
pub(crate) async fn ready(service: Data<Service>, caller: Caller) -> HttpResponse {
    let (probed, feed) = tokio::join!(service.database.probe(TIMEOUT), feed(&service));
    let problem = probed.err().map(|error| error.to_string());
    let parts = json!({
        "database": part(problem.as_deref()),
        "broker": broker(&service),
        "feed": feed,
    });
    readiness(problem.is_none(), &parts, &caller)
}

/// Describes the feeds. Their lag is no reason to refuse requests: it ends by itself.
async fn feed(service: &Service) -> Value {
    // Not `observe_within`, which would give up the connection that metrics wait for, too.
    let asking = service.database.observe(async |connection| feed::lag(connection).await);
    match timeout(LAG_TIMEOUT, asking).await {
        Ok(Ok(lag)) if lag < HELD_BACK => json!({"state": "up"}),
        Ok(Ok(lag)) => {
            let seconds = lag.as_secs();
            let detail = format!(
                "changes of the last {seconds} s are held back: a transaction that began before them \
                 is not over; find it with select * from pg_stat_activity where backend_xid is not \
                 null order by xact_start"
            );
            json!({"state": "held back", "detail": detail})
        }
        // If the database does not answer at all, the part `database` says so.
        Ok(Err(_)) | Err(_) => json!({"state": "unknown"}),
    }
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
