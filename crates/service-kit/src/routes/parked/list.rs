//! `GET /v1/parked`, `GET /v1/parked/{id}`: the changes that could not be carried.

use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use diesel::QueryResult;
use diesel_async::AsyncPgConnection;
use program_kit::http::page::{MAX_LIMIT, Page, PageRequest, Position};
use program_kit::http::problem::{Kind, Problem};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared_models::parked::{ParkedChange, ParkedState, RecordName};
use uuid::Uuid;

use crate::error::Error;
use crate::parked::{Parked, find, overtaken, page};
use crate::service::Service;

/// The query of `GET /v1/parked`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ParkedQuery {
    /// The state of the changes.
    #[serde(default)]
    state: StateFilter,
    /// The most changes on the page; 50 where it is left out.
    #[schemars(range(min = 1, max = MAX_LIMIT))]
    limit: Option<u16>,
    /// The cursor of the page, from `next` of the page before.
    cursor: Option<String>,
}

/// The states by which the list can be filtered.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum StateFilter {
    #[default]
    Parked,
    Offered,
    Dropped,
    All,
}

impl StateFilter {
    const fn state(self) -> Option<ParkedState> {
        match self {
            Self::Parked => Some(ParkedState::Parked),
            Self::Offered => Some(ParkedState::Offered),
            Self::Dropped => Some(ParkedState::Dropped),
            Self::All => None,
        }
    }
}

#[derive(Serialize)]
struct Filters {
    state: StateFilter,
}

pub(super) async fn list(
    request: HttpRequest,
    service: Data<Service>,
    query: Query<ParkedQuery>,
) -> Result<HttpResponse, Error> {
    let ParkedQuery { state, limit, cursor } = query.into_inner();
    let page_request = PageRequest::new(Filters { state }, limit, cursor.as_deref())?;
    let reading = service.database.read::<_, Error>(async |connection| {
        let mut rows =
            page(connection, state.state(), page_request.after, page_request.to_read()).await?;
        let next = page_request.cut(&mut rows, |last| Position { at: last.first_at, id: last.id });
        Ok((show(connection, rows).await?, next))
    });
    let (changes, next) = reading.await?;
    Ok(Page::of(changes, &page_request, next, request.path()).answer())
}

pub(super) async fn one(service: Data<Service>, id: Path<Uuid>) -> Result<HttpResponse, Error> {
    let reading = service.database.read::<_, Error>(async |connection| {
        let found = find(connection, *id).await?;
        Ok(show(connection, found.into_iter().collect()).await?)
    });
    let found = reading.await?.pop();
    let change = found
        .ok_or_else(|| Problem::new(Kind::NotFound, format!("no parked change {id} exists")))?;
    Ok(HttpResponse::Ok().json(change))
}

async fn show(
    connection: &mut AsyncPgConnection,
    rows: Vec<Parked>,
) -> QueryResult<Vec<ParkedChange>> {
    let ids = rows.iter().map(|row| row.id).collect::<Vec<_>>();
    let overtaken = overtaken(connection, &ids).await?;
    let show = |row: Parked| ParkedChange {
        id: row.id,
        event_id: row.event_id,
        record: RecordName { resource: row.resource, key: row.key },
        state: row.state.0,
        reason: row.reason,
        attempts: row.attempts.unsigned_abs(),
        first_at: row.first_at,
        last_at: row.last_at,
        offer_at: row.offer_at,
        overtaken: overtaken.contains(&row.id),
        acted_by: row.acted_by,
        acted_at: row.acted_at,
        body: readable(&row.body),
    };
    Ok(rows.into_iter().map(show).collect())
}

/// Converts a message to JSON, or to text, for a person.
fn readable(body: &[u8]) -> Value {
    serde_json::from_slice(body)
        .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(body).into_owned()))
}
