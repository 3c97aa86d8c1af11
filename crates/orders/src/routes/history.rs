//! The history of an order: every change of it here, whichever side made it.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path, Query};
use program_kit::http::page::{MAX_LIMIT, Page};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use service_kit::change_log::{Entry, entries_of};
use service_kit::error::{Error, unreadable_event};
use service_kit::service::Service;
use uuid::Uuid;

use super::location;
use crate::{Domain, RESOURCE, storage, unknown};

/// The query of `GET /v1/orders/{id}/changes`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct HistoryQuery {
    /// The last change that the caller has.
    #[serde(default)]
    after: i64,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "HistoryEntry")]
pub(super) struct Shown {
    /// The place in the log of this side.
    seq: i64,
    kind: String,
    /// The side that made the change.
    origin: String,
    version: i64,
    at: chrono::DateTime<chrono::Utc>,
    /// The event, as it is published.
    #[schemars(with = "Map<String, Value>")]
    event: Box<RawValue>,
    /// What only this side has, where that was changed.
    private: Option<Value>,
    /// What was decided between two values.
    #[schemars(with = "Vec<Map<String, Value>>")]
    conflicts: Value,
    /// The principal that requested the change here, if known.
    principal: Option<String>,
    /// The trace that the change is a part of, if it has one.
    trace: Option<String>,
}

pub(super) async fn list<D: Domain>(
    service: Data<Service>,
    id: Path<Uuid>,
    query: Query<HistoryQuery>,
) -> Result<HttpResponse, Error> {
    let limit = i64::from(MAX_LIMIT) + 1;
    let mut entries = service
        .database
        .read::<_, Error>(async |connection| {
            let known = storage::find::<D::Private>(connection, *id).await?;
            known.ok_or(unknown(*id))?;
            Ok(entries_of(connection, (RESOURCE, &id.to_string()), query.after, limit).await?)
        })
        .await?;
    let more = entries.len() > usize::from(MAX_LIMIT);
    entries.truncate(MAX_LIMIT.into());
    let last = entries.last().filter(|_| more).map(|entry| entry.seq);
    let next = last.map(|seq| format!("{}/changes?after={seq}", location(*id)));
    let items = entries.into_iter().map(show).collect::<Result<Vec<_>, _>>()?;
    Ok(HttpResponse::Ok().json(Page { items, next, complete: true }))
}

fn show(entry: Entry) -> Result<Shown, Error> {
    Ok(Shown {
        event: RawValue::from_string(entry.body)
            .map_err(|error| unreadable_event(entry.seq, &error))?,
        seq: entry.seq,
        kind: entry.kind,
        origin: entry.origin,
        version: entry.version,
        at: entry.at,
        private: entry.private.map(|private| private.0),
        principal: entry.principal,
        trace: entry.trace,
        conflicts: entry.conflicts.map_or_else(|| Value::Array(vec![]), |conflicts| conflicts.0),
    })
}
