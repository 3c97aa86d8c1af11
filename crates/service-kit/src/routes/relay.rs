//! `/v1/relay`: the state of the relay, and its pause.

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::web::{self, Data};
use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;
use program_kit::access::Rule;
use program_kit::http::endpoints::{Routes, endpoint, endpoints_of, read_endpoints};
use program_kit::http::operation::Operation;
use schemars::JsonSchema;
use serde::Serialize;

use super::describe;
use crate::change_log::{Backlog, backlog};
use crate::database::now;
use crate::error::Error;
use crate::service::Service;
use crate::{parked, pause};

/// The state of the relay, as sent.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Relay")]
pub(super) struct Shown {
    /// The state, such as `publishing`.
    state: &'static str,
    /// The reason for the state, if something is wrong.
    detail: Option<String>,
    /// The time since which nothing is published, if that was asked for.
    paused_since: Option<DateTime<Utc>>,
    #[serde(flatten)]
    backlog: Backlog,
    /// The number of parked changes; [`parked::MOST_WAITING`] means that many or more.
    parked: i64,
    /// The time at which a person last dropped a change of an order, while that is on record.
    dropped_at: Option<DateTime<Utc>>,
}

/// `GET /v1/relay`, `POST /v1/relay/pause`, `POST /v1/relay/resume`.
pub(super) fn relay() -> Routes {
    let advice = "use GET, or POST to /v1/relay/pause or /v1/relay/resume";
    let show = read_endpoints(Rule::READ_OR_SYNC, || web::to(show), describe::relay);
    let action = |path, route, describe: fn() -> Operation| {
        let endpoints = vec![endpoint(Method::POST, Rule::ADMIN, route, describe)];
        endpoints_of(path, "use POST without a body", endpoints)
    };
    Routes::default()
        .with(endpoints_of("/v1/relay", advice, show))
        .with(action("/v1/relay/pause", web::to(begin), describe::pause))
        .with(action("/v1/relay/resume", web::to(end), describe::resume))
}

async fn show(service: Data<Service>) -> Result<HttpResponse, Error> {
    let first = service.resources.first().name();
    let asking = service.database.observe(async |connection| {
        let backlog = backlog(connection).await?;
        let parked =
            (parked::waiting(connection).await?, parked::newest_drop(connection, first).await?);
        Ok((pause::since(connection).await?, backlog, parked))
    });
    let (paused_since, backlog, (parked, dropped_at)) = asking.await?;
    let state = service.relay.state();
    let detail = state.detail().map(str::to_owned);
    let shown = Shown { state: state.as_str(), detail, paused_since, backlog, parked, dropped_at };
    Ok(HttpResponse::Ok().json(shown))
}

async fn begin(service: Data<Service>) -> Result<HttpResponse, Error> {
    set(service, async |connection| pause::begin(connection, now()).await).await
}

async fn end(service: Data<Service>) -> Result<HttpResponse, Error> {
    set(service, async |connection| pause::end(connection).await).await
}

/// Pauses or resumes, then sends the new state.
async fn set(
    service: Data<Service>,
    done: impl AsyncFnOnce(&mut AsyncPgConnection) -> diesel::QueryResult<()>,
) -> Result<HttpResponse, Error> {
    service.database.write(done).await?;
    service.relay.wake();
    show(service).await
}
