//! `POST /v1/sync`: a client uploads what it has read, and is answered with what it lacks.

use actix_web::HttpResponse;
use actix_web::http::header::ContentType;
use actix_web::web::Data;
use diesel_async::AsyncPgConnection;
use program_kit::access::Caller;
use program_kit::http::body::UnparsedBody;
use program_kit::telemetry::trace;
use schemars::JsonSchema;
use serde::Serialize;
use service_kit::database::{DatabaseError, now};
use service_kit::error::{Error, internal, unreadable_event};
use service_kit::feed::{PartOfChanges, check_place, read_changes};
use service_kit::service::Service;
use tokio::time::Instant;

use super::record::{Author, RESOURCE, Seen, Shown, wrong};
use super::request::{Since, SyncRequest};
use super::rules::{Outcome, Uploaded, answer_by_cursor, answer_by_date, decide_all};
use super::settings::ReadingSettings;
use super::{listing, storage};

/// The most entries of the log that one answer is chosen from.
const PAGE: usize = 2_000;
/// The most readings in an answer to a client that knows only dates, and so cannot read on.
const MAX_BY_DATE: usize = 200_000;

/// The answer.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "SyncedReadings")]
pub(super) struct Synced<'a> {
    /// The readings that the client lacks.
    data: Vec<Shown<'a>>,
    /// The GTINs that occurred more than once in the upload.
    duplicates: &'a [String],
    /// The cursor of the next sync.
    cursor: String,
    /// Set if more can be read at once, with the cursor.
    more: bool,
}

pub(super) async fn sync(
    caller: Caller,
    service: Data<Service>,
    settings: Data<ReadingSettings>,
    body: UnparsedBody,
) -> Result<HttpResponse, Error> {
    let now = now();
    let sync = SyncRequest::parse(&body, settings.latest(now))?;
    let author = Author {
        at: now,
        principal: caller.name(),
        trace: trace::current(),
        client: Some(sync.cursor.author()),
    };
    let answer = run(&service, &sync, author).await?;
    Ok(HttpResponse::Ok().content_type(ContentType::json()).body(answer))
}

/// Writes what is newer, until the outcome is known; then reads what the client lacks. What was written
/// already is found as it was uploaded, so that a request may be repeated.
async fn run(service: &Service, sync: &SyncRequest, author: Author<'_>) -> Result<Vec<u8>, Error> {
    let (database, began) = (&service.database, Instant::now());
    let attempt = async || {
        database.transaction(async |connection| write(connection, sync, author).await).await
    };
    let (outcome, has_written) = match attempt().await {
        Err(Error::Database(unknown @ DatabaseError::OutcomeUnknown(_))) => {
            let of_database = |error: &Error| matches!(error, Error::Database(_));
            let (outcome, _) = database.ascertain(began, unknown, attempt, of_database).await?;
            (outcome, true)
        }
        known => known?,
    };
    if has_written {
        service.relay.wake();
    }
    let lacking = database.read(async |connection| read(connection, sync, outcome).await);
    lacking.await
}

/// Reads what the client lacks, after its upload was written; returns the answer as JSON.
async fn read(
    connection: &mut AsyncPgConnection,
    sync: &SyncRequest,
    outcome: Outcome,
) -> Result<Vec<u8>, Error> {
    let Outcome { overwritten: _, newer, ties } = outcome;
    let uploaded = sync.uploaded.iter().map(|state| (state.gtin.as_str(), state.updated_at));
    let uploaded = uploaded.collect::<Uploaded<'_>>();
    let part = read_changes(connection, RESOURCE, sync.cursor.place, PAGE).await?;
    let (cursor, more) = (sync.cursor.next(part.incarnation, part.next), part.more);
    let data = match sync.since {
        Since::Date(date) => {
            let limit = i64::try_from(MAX_BY_DATE + uploaded.len() + 1).unwrap_or(i64::MAX);
            let since = listing::dated_after(connection, date, limit).await?;
            let data = answer_by_date(since, newer, &uploaded);
            if data.len() > MAX_BY_DATE {
                return Err(too_long_ago());
            }
            data
        }
        Since::Cursor => {
            let standing = newer.into_iter().chain(ties);
            answer_by_cursor(seen(&part)?, standing, sync.cursor.author(), &uploaded)
        }
    };
    let answer = Synced { data, duplicates: &sync.duplicates, cursor, more };
    serde_json::to_vec(&answer).map_err(|error| {
        tracing::error!(%error, "an answer to a sync cannot be written as JSON");
        internal().into()
    })
}

fn too_long_ago() -> Error {
    let problem = format!(
        "is so long ago that more than {MAX_BY_DATE} readings are dated after it; what was uploaded is \
         kept; send \"cursor\": \"start\" instead, and read on with the cursor of each answer"
    );
    Error::Invalid(vec![wrong("last_sync_date", problem)])
}

/// Writes what is newer, unless the client's cursor is to be refused; returns whether anything was.
async fn write(
    connection: &mut AsyncPgConnection,
    sync: &SyncRequest,
    author: Author<'_>,
) -> Result<(Outcome, bool), Error> {
    let uploaded = &sync.uploaded;
    if uploaded.is_empty() {
        return Ok((Outcome::default(), false));
    }
    check_place(connection, sync.cursor.place).await?;
    let created = storage::create_or_lock(connection, uploaded, author).await?;
    let others = uploaded.iter().map(|state| state.gtin.as_str());
    let others = others.filter(|gtin| !created.contains(*gtin)).collect::<Vec<_>>();
    if others.is_empty() {
        return Ok((Outcome::default(), true));
    }
    let here = storage::find_all(connection, &others).await?;
    if here.len() < others.len() {
        tracing::error!("a reading that exists, and is locked, cannot be read");
        return Err(internal().into());
    }
    let outcome = decide_all(here, uploaded);
    storage::overwrite(connection, &outcome.overwritten, author).await?;
    let has_written = !created.is_empty() || !outcome.overwritten.is_empty();
    Ok((outcome, has_written))
}

/// Parses the events of a part of the log.
fn seen(part: &PartOfChanges) -> Result<Vec<Seen<'_>>, Error> {
    let events = part.events.iter().map(|event| {
        serde_json::from_str::<Seen<'_>>(&event.body)
            .map_err(|error| unreadable_event(event.position.seq, &error))
    });
    events.collect()
}
