//! `/v1/sync/compared`, `/v1/sync/changed`, `/v1/sync/revisions`, `/v1/sync/states`: comparing this side with the
//! peer. What reads many rows takes a reader's permit, so that writers keep their connections.

use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use program_kit::http::body::Body;
use program_kit::http::problem::FieldError;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use service_kit::error::Error;
use service_kit::service::Service;
use shared_models::comparison::{Compared, MAX_COMPARED, RevisionsRequest};
use uuid::Uuid;

use crate::comparison::{self, advance, log_state};

/// The requested range of the log.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LogRange {
    /// The place after which the range begins.
    #[schemars(example = 0)]
    after: i64,
    /// The last place of the range.
    #[schemars(example = 100)]
    upto: i64,
}

/// The place up to which unpublished changes are looked for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Published {
    /// The place up to which unpublished changes are looked for, and whose event is asked about.
    #[serde(default)]
    upto: i64,
}

/// `GET /v1/sync/compared`: the end of the log, and how far it has been compared.
pub(super) async fn show(
    service: Data<Service>,
    published: Query<Published>,
) -> Result<HttpResponse, Error> {
    let reading = service
        .database
        .with::<_, Error>(async |connection| Ok(log_state(connection, published.upto).await?));
    Ok(HttpResponse::Ok().json(reading.await?))
}

/// `POST /v1/sync/compared`: records that the worker has compared a range.
pub(super) async fn set(
    service: Data<Service>,
    compared: Body<Compared>,
) -> Result<HttpResponse, Error> {
    let noting = service.database.write(async |connection| advance(connection, compared.0).await);
    Ok(HttpResponse::Ok().json(json!({"noted": noting.await?})))
}

/// `GET /v1/sync/changed`: the orders that were changed here in a range of the log.
pub(super) async fn changed(
    service: Data<Service>,
    range: Query<LogRange>,
) -> Result<HttpResponse, Error> {
    let LogRange { after, upto } = range.into_inner();
    let reading = service.database.read::<_, Error>(async |connection| {
        Ok(comparison::changed(connection, service.side, (after, upto)).await?)
    });
    Ok(HttpResponse::Ok().json(reading.await?))
}

/// The order after which a page of all orders begins.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AfterOrder {
    /// The last order of the page before.
    after: Option<Uuid>,
}

/// `GET /v1/sync/states`: the states of all orders here, page by page.
pub(super) async fn states(
    service: Data<Service>,
    page: Query<AfterOrder>,
) -> Result<HttpResponse, Error> {
    let reading = service.database.read::<_, Error>(async |connection| {
        Ok(comparison::states(connection, service.side, page.after).await?)
    });
    Ok(HttpResponse::Ok().json(reading.await?))
}

/// `POST /v1/sync/revisions`: the states of some orders here.
pub(super) async fn revisions(
    service: Data<Service>,
    request: Body<RevisionsRequest>,
) -> Result<HttpResponse, Error> {
    let ids = request.0.ids;
    if ids.len() > MAX_COMPARED {
        let problem = format!("has {} ids; at most {MAX_COMPARED} are allowed", ids.len());
        return Err(Error::Invalid(vec![FieldError::new("ids", problem, |_| None)]));
    }
    let reading = service.database.read::<_, Error>(async |connection| {
        Ok(comparison::revisions(connection, service.side, &ids).await?)
    });
    Ok(HttpResponse::Ok().json(reading.await?))
}
