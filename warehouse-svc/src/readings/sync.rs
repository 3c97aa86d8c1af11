//! `POST /v1/sync`: a client uploads what it has read, and is answered with what it lacks.

use std::collections::{HashMap, HashSet};

use actix_web::HttpResponse;
use actix_web::web::Data;
use diesel_async::AsyncPgConnection;
use program_kit::access::Caller;
use program_kit::http::body::UnparsedBody;
use serde::Serialize;
use service_kit::database::{DatabaseError, now};
use service_kit::error::{Error, internal};
use service_kit::feed::{PartOfChanges, read_changes};
use service_kit::service::Service;
use tokio::time::Instant;

use super::record::{Author, RESOURCE, Seen, Shown, State, wrong};
use super::request::{Since, SyncRequest};
use super::rules::{Outcome, answer_by_cursor, answer_by_date, decide_all};
use super::settings::ReadingSettings;
use super::{listing, storage};

/// The most entries of the log that one answer is chosen from.
const PAGE: usize = 2_000;
/// The most readings in an answer to a client that knows only dates, and so cannot read on.
const MAX_BY_DATE: usize = 50_000;

/// The answer.
#[derive(Debug, Serialize)]
struct Synced {
    data: Vec<Shown>,
    duplicates: Vec<String>,
    cursor: String,
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
    let author = Author { at: now, principal: caller.name(), client: Some(sync.cursor.client) };
    let (answer, has_written) = run(&service, &sync, author).await?;
    if has_written {
        service.relay.wake();
    }
    Ok(HttpResponse::Ok().json(answer))
}

/// Runs a sync until its outcome is known: if it was written already, running it again finds all as it
/// was uploaded, and gives the same answer.
async fn run(
    service: &Service,
    sync: &SyncRequest,
    author: Author<'_>,
) -> Result<(Synced, bool), Error> {
    let (database, began) = (&service.database, Instant::now());
    let attempt = async || {
        database
            .transaction(async |connection| in_transaction(connection, sync, author).await)
            .await
    };
    match attempt().await {
        Err(Error::Database(unknown @ DatabaseError::OutcomeUnknown(_))) => {
            let of_database = |error: &Error| matches!(error, Error::Database(_));
            let (answer, _) = database.ascertain(began, unknown, attempt, of_database).await?;
            Ok((answer, true))
        }
        known => known,
    }
}

/// Writes what is newer, then reads what the client lacks. Locks are taken in a statement before the
/// one that appends changes, so that readers of the log get the versions of a reading in their order.
async fn in_transaction(
    connection: &mut AsyncPgConnection,
    sync: &SyncRequest,
    author: Author<'_>,
) -> Result<(Synced, bool), Error> {
    let outcome = write(connection, &sync.uploaded, author).await?;
    let has_written = !outcome.changed.is_empty();
    let Outcome { changed: _, newer, ties } = outcome;
    let uploaded = sync.uploaded.iter().map(|state| state.gtin.as_str()).collect::<HashSet<_>>();
    let part = read_changes(connection, RESOURCE, sync.cursor.place, PAGE).await?;
    let (cursor, more) = (sync.cursor.next(part.incarnation, part.next), part.more);
    let data = match sync.since {
        Since::Date(date) => {
            let limit = i64::try_from(MAX_BY_DATE + uploaded.len() + 1).unwrap_or(i64::MAX);
            let since = listing::changed_since(connection, date, limit).await?;
            let data = answer_by_date(since, newer, &uploaded);
            if data.len() > MAX_BY_DATE {
                return Err(too_long_ago());
            }
            data
        }
        Since::Cursor => {
            let seen = seen(&part)?;
            answer_by_cursor(seen, newer.into_iter().chain(ties), sync.cursor.client, &uploaded)
        }
    };
    Ok((Synced { data, duplicates: sync.duplicates.clone(), cursor, more }, has_written))
}

fn too_long_ago() -> Error {
    let problem = format!(
        "is so long ago that more than {MAX_BY_DATE} readings have changed since; send \
         \"cursor\": \"start\" instead, and read on with the cursor of each answer"
    );
    Error::Invalid(vec![wrong("last_sync_date", problem)])
}

async fn write(
    connection: &mut AsyncPgConnection,
    uploaded: &[State],
    author: Author<'_>,
) -> Result<Outcome, Error> {
    if uploaded.is_empty() {
        return Ok(Outcome::default());
    }
    let created = storage::create_or_lock(connection, uploaded, author.at).await?;
    let others = uploaded.iter().map(|state| state.gtin.as_str());
    let others = others.filter(|gtin| !created.contains(*gtin)).collect::<Vec<_>>();
    let here = match others.is_empty() {
        true => HashMap::new(),
        false => storage::find_all(connection, &others).await?,
    };
    let outcome = decide_all(here, uploaded.to_vec());
    storage::write(connection, &outcome.changed, author).await?;
    Ok(outcome)
}

/// Parses the events of a part of the log.
fn seen(part: &PartOfChanges) -> Result<Vec<Seen>, Error> {
    let events = part.entries.iter().map(|entry| {
        serde_json::from_str::<Seen>(&entry.body).map_err(|error| {
            tracing::error!(%error, seq = entry.position.seq, "a stored event cannot be parsed");
            Error::Request(internal())
        })
    });
    events.collect()
}
