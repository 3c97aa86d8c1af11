//! The HTTP API that posts and comments have in common: reading, creating, setting and removing one, and
//! showing a page.

use actix_web::http::header::LOCATION;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use diesel_async::AsyncPgConnection;
use program_kit::access::Caller;
use program_kit::http::body::{UnparsedBody, parse_value};
use program_kit::http::conditional::{Precondition, etag, is_known};
use program_kit::http::problem::{FieldError, Kind, Problem};
use program_kit::telemetry::trace;
use serde_json::Value;
use service_kit::database::now;
use service_kit::error::{Error, internal};
use service_kit::service::Service;
use shared_models::mirror::{MirrorEvent, Mirrored};

use super::content::{Content, expectation};
use super::event::{Author, Changed, Source};
use super::page::{Page, PageWanted};
use super::record::{MirrorState, Record};
use super::rules::{self, NO_SUCH_POST, check_owner};
use super::settable::Settable;
use super::storage::{self, Filter, Listed, Selection};

/// Answers with a page of a list.
pub(crate) async fn list(
    request: &HttpRequest,
    service: &Service,
    kind: Mirrored,
    filter: Filter,
    wanted: PageWanted,
) -> Result<HttpResponse, Error> {
    let find = async |connection: &mut AsyncPgConnection| {
        storage::page(connection, kind, &filter, wanted).await
    };
    // To count records is to go through an index: cores are left to others.
    let Listed { records, count, number } = service.database.scan(find).await?;
    let shown = records.iter().map(Record::show).collect();
    Ok(HttpResponse::Ok().json(Page::of(shown, count, (number, wanted.size), request)))
}

/// Reads a record.
pub(crate) async fn one<S: Settable>(
    request: HttpRequest,
    service: Data<Service>,
    id: Path<String>,
) -> Result<HttpResponse, Error> {
    let record = existing(&service, S::KIND, &id).await?;
    // While a change waits, what is told of the mirror changes without a new version.
    if record.mirror_state() == MirrorState::Sent && is_known(&request, record.version) {
        return Ok(HttpResponse::NotModified().insert_header(etag(record.version)).finish());
    }
    Ok(answer(HttpResponse::Ok(), &record))
}

/// Returns the record of a path.
pub(crate) async fn existing(service: &Service, kind: Mirrored, id: &str) -> Result<Record, Error> {
    let key = rules::key(id).ok_or_else(|| unknown(kind, id))?;
    let found = service.database.ask(async |connection| storage::find(connection, kind, key).await);
    found.await?.ok_or_else(|| unknown(kind, id))
}

fn unknown(kind: Mirrored, id: &str) -> Error {
    Error::Unknown(kind.resource(), id.to_owned())
}

fn answer(mut response: HttpResponseBuilder, record: &Record) -> HttpResponse {
    response.insert_header(etag(record.version)).json(record.show())
}

/// Creates a record.
pub(crate) async fn create<S: Settable>(
    caller: Caller,
    service: Data<Service>,
    body: UnparsedBody,
) -> Result<HttpResponse, Error> {
    let (kind, now) = (S::KIND, now());
    let settable: S = body.parse().map_err(Problem::as_bad_request)?;
    let content = settable.content(None).map_err(bad)?;
    let author = Author {
        at: now,
        principal: caller.name(),
        trace: trace::current(),
        source: Source::Local,
    };
    let creating = service.database.transaction(async |connection| {
        check_parent(connection, kind, &content).await?;
        let id = storage::new_ids(connection, kind, 1).await?;
        let id = id.first().copied().ok_or(Error::Request(internal()))?;
        let record = Record::created((kind, id), content, caller.name(), now);
        let created = [Changed::new(record, MirrorEvent::Created)];
        storage::create(connection, kind, &created, author).await?;
        let [Changed { record, .. }] = created;
        Ok::<_, Error>(record)
    });
    let record = creating.await?;
    service.relay.wake();
    let location = (LOCATION, rules::path(kind, record.id));
    Ok(answer(HttpResponse::Created().insert_header(location).take(), &record))
}

/// Fails unless the post of a comment exists; keeps it from being removed until the comment is created.
async fn check_parent(
    connection: &mut AsyncPgConnection,
    kind: Mirrored,
    content: &Content,
) -> Result<(), Error> {
    let Some(post) = content.parent.filter(|_| kind == Mirrored::Comment) else { return Ok(()) };
    let found = storage::look(connection, Mirrored::Post, Selection::Ids(&[post])).await?;
    match found.iter().any(|post| !post.deleted) {
        true => Ok(()),
        false => Err(bad(vec![FieldError::new("postId", NO_SUCH_POST, expectation)])),
    }
}

/// Sets a record completely.
pub(crate) async fn put<S: Settable>(
    request: HttpRequest,
    caller: Caller,
    service: Data<Service>,
    id: Path<String>,
    body: UnparsedBody,
) -> Result<HttpResponse, Error> {
    let body: Value = body.parse().map_err(Problem::as_bad_request)?;
    // Checked before the record is looked up: an invalid body is invalid for any.
    parse_value::<S>(body.clone(), expectation).map_err(|error| bad(vec![error]))?;
    set::<S>(&request, &caller, &service, &id, |_| Ok(body)).await
}

/// Sets the fields of a record that are given (a merge patch, RFC 7396).
pub(crate) async fn patch<S: Settable>(
    request: HttpRequest,
    caller: Caller,
    service: Data<Service>,
    id: Path<String>,
    body: UnparsedBody,
) -> Result<HttpResponse, Error> {
    let patch: Value = body.parse().map_err(Problem::as_bad_request)?;
    let patched = |content: &Content| {
        let mut values = serde_json::to_value(S::of(content)).map_err(|error| {
            tracing::error!(%error, "a record cannot be serialized");
            Error::Request(internal())
        })?;
        json_patch::merge(&mut values, &patch);
        Ok(values)
    };
    set::<S>(&request, &caller, &service, &id, patched).await
}

async fn set<S: Settable>(
    request: &HttpRequest,
    caller: &Caller,
    service: &Service,
    id: &str,
    values: impl FnOnce(&Content) -> Result<Value, Error>,
) -> Result<HttpResponse, Error> {
    let (kind, now) = (S::KIND, now());
    let precondition = Precondition::of(request)?;
    let key = rules::key(id).ok_or_else(|| unknown(kind, id))?;
    let author = Author {
        at: now,
        principal: caller.name(),
        trace: trace::current(),
        source: Source::Local,
    };
    let setting = service.database.transaction(async |connection| {
        let record = storage::lock_one(connection, kind, key).await?;
        let record = record.ok_or_else(|| unknown(kind, id))?;
        check_owner(&record, caller).map_err(Error::Refused)?;
        precondition.check(record.version).map_err(Error::Refused)?;
        let settable = parse_value::<S>(values(&record.content)?, expectation);
        let settable = settable.map_err(|error| bad(vec![error]))?;
        let content = settable.content(Some(&record.content)).map_err(bad)?;
        let Some(changed) = rules::set(&record, content, caller.name(), now) else {
            return Ok((record, false));
        };
        storage::overwrite(connection, kind, std::slice::from_ref(&changed), author).await?;
        Ok::<_, Error>((changed.record, true))
    });
    let (record, is_changed) = setting.await?;
    if is_changed {
        service.relay.wake();
    }
    Ok(answer(HttpResponse::Ok(), &record))
}

/// Removes a record; a post with its comments.
pub(crate) async fn remove<S: Settable>(
    request: HttpRequest,
    caller: Caller,
    service: Data<Service>,
    id: Path<String>,
) -> Result<HttpResponse, Error> {
    let (kind, now) = (S::KIND, now());
    let precondition = Precondition::of(&request)?;
    let key = rules::key(&id).ok_or_else(|| unknown(kind, &id))?;
    let author = Author {
        at: now,
        principal: caller.name(),
        trace: trace::current(),
        source: Source::Local,
    };
    let removing = service.database.transaction(async |connection| {
        let record = storage::lock_one(connection, kind, key).await?;
        let record = record.ok_or_else(|| unknown(kind, &id))?;
        check_owner(&record, &caller).map_err(Error::Refused)?;
        precondition.check(record.version).map_err(Error::Refused)?;
        let removed = [rules::removed(&record, caller.name(), now)];
        storage::overwrite(connection, kind, &removed, author).await?;
        if kind == Mirrored::Post {
            let remove = |comment: &Record| rules::removed(comment, author.principal, author.at);
            storage::remove_comments(connection, &[key], remove, author).await?;
        }
        Ok::<_, Error>(())
    });
    removing.await?;
    service.relay.wake();
    Ok(HttpResponse::NoContent().finish())
}

/// Returns the error of fields that do not fit: 400, as the contract of these paths has it.
fn bad(errors: Vec<FieldError>) -> Error {
    Error::Request(Problem::of_fields(Kind::Unreadable, errors))
}
