//! The HTTP API of a kind of records: listing, creating, reading, setting and removing them.

use std::fmt::Display;

use actix_web::http::Method;
use actix_web::http::header::LOCATION;
use actix_web::web::{self, Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use diesel::QueryResult;
use diesel_async::AsyncPgConnection;
use futures_util::future::BoxFuture;
use program_kit::access::{Caller, Rule};
use program_kit::http::body::Body;
use program_kit::http::conditional::{Precondition, etag, is_known};
use program_kit::http::endpoints::{PathEndpoints, endpoint, endpoints_of, read_endpoints};
use program_kit::http::page::Position;
use program_kit::telemetry::trace;
use serde_json::{Map, Value};
use service_kit::database::now;
use service_kit::error::Error;
use service_kit::service::Service;

use super::input::{Input, id_of, parse_id};
use super::kind::Kind;
use super::record::{Author, Record, Shown, Written};
use super::{describe, listing, pages, rules, storage};

type Parameters = Query<Vec<(String, String)>>;

/// The path of the list, where records are created.
pub(crate) fn collection(kind: &'static Kind) -> PathEndpoints {
    let list =
        || web::to(move |request: HttpRequest, service, query| list(kind, request, service, query));
    let mut endpoints = read_endpoints(Rule::READ, list, move || describe::list(kind));
    let create = move |caller, service, body| create(kind, caller, service, body);
    endpoints
        .push(endpoint(Method::POST, Rule::WRITE, web::to(create), move || describe::create(kind)));
    endpoints_of(kind.path, "use GET or POST", endpoints)
}

/// Removes what refers to a record, in the transaction that removes the record, which is locked.
pub(crate) type Unlink =
    for<'a> fn(&'a mut AsyncPgConnection, i64, Author<'a>) -> BoxFuture<'a, QueryResult<()>>;

/// The path of one record.
pub(crate) fn item(kind: &'static Kind, unlink: Unlink) -> PathEndpoints {
    let one = || web::to(move |request: HttpRequest, service, id| one(kind, request, service, id));
    let mut endpoints = read_endpoints(Rule::READ, one, move || describe::one(kind));
    let put = move |request: HttpRequest, caller, service, id, body| {
        set(kind, request, caller, service, id, body, Setting::Complete)
    };
    let patch = move |request: HttpRequest, caller, service, id, body| {
        set(kind, request, caller, service, id, body, Setting::Patch)
    };
    endpoints.push(endpoint(Method::PUT, Rule::WRITE, web::to(put), move || describe::put(kind)));
    endpoints
        .push(endpoint(Method::PATCH, Rule::WRITE, web::to(patch), move || describe::patch(kind)));
    let remove = move |request: HttpRequest, caller, service, id| {
        remove(kind, unlink, request, caller, service, id)
    };
    endpoints.push(endpoint(Method::DELETE, Rule::WRITE, web::to(remove), move || {
        describe::remove(kind)
    }));
    let path = format!("{}/{{id}}", kind.path);
    endpoints_of(path, "use GET, PUT, PATCH or DELETE", endpoints)
}

async fn list(
    kind: &'static Kind,
    request: HttpRequest,
    service: Data<Service>,
    Query(query): Parameters,
) -> Result<HttpResponse, Error> {
    let page = pages::request(kind, query)?;
    let find = async |connection: &mut AsyncPgConnection| {
        let (filters, after, limit) = (&page.filters, page.after.as_ref(), page.to_read());
        Ok::<_, Error>(listing::page(connection, kind, filters, after, limit).await?)
    };
    let listed = match page.filters.are_covered_by_index() {
        true => service.database.read(find).await?,
        false => service.database.scan(find).await?,
    };
    let position = |record: &Record| Position { at: record.created_at, id: record.id };
    let show = |record| Shown { kind, record };
    Ok(pages::answer_page(request.path(), &page, listed, position, show))
}

async fn one(
    kind: &'static Kind,
    request: HttpRequest,
    service: Data<Service>,
    id: Path<String>,
) -> Result<HttpResponse, Error> {
    let id = known_form(kind, &id)?;
    let found = service.database.ask(async |connection| storage::find(connection, kind, id).await);
    let record = found.await?.filter(|it| !it.deleted).ok_or_else(|| unknown(kind, id))?;
    if is_known(&request, record.version) {
        return Ok(HttpResponse::NotModified().insert_header(etag(record.version)).finish());
    }
    Ok(answer(HttpResponse::Ok(), kind, record))
}

fn answer(mut response: HttpResponseBuilder, kind: &'static Kind, record: Record) -> HttpResponse {
    response.insert_header(etag(record.version)).json(Shown { kind, record })
}

/// Returns the error of a record that does not exist.
pub(crate) fn unknown(kind: &Kind, id: impl Display) -> Error {
    Error::Unknown(kind.resource, id.to_string())
}

/// Returns the id of a path, if it can be that of a record.
pub(crate) fn known_form(kind: &Kind, id: &str) -> Result<i64, Error> {
    parse_id(id).ok_or_else(|| unknown(kind, id))
}

/// Locks a record that is not removed.
pub(crate) async fn lock_one(
    connection: &mut AsyncPgConnection,
    kind: &'static Kind,
    id: i64,
) -> Result<Record, Error> {
    let here = storage::lock(connection, kind, &[id]).await?.remove(&id);
    here.filter(|here| !here.deleted).ok_or_else(|| unknown(kind, id))
}

async fn create(
    kind: &'static Kind,
    caller: Caller,
    service: Data<Service>,
    Body(body): Body<Map<String, Value>>,
) -> Result<HttpResponse, Error> {
    let (id, input) = match (id_of(kind, &body), Input::checked(kind, &body, true)) {
        (Ok(id), Ok(input)) => (id, input),
        (id, input) => {
            let errors = id.err().into_iter().chain(input.err().into_iter().flatten());
            return Err(Error::Invalid(errors.collect()));
        }
    };
    let author = Author { at: now(), principal: caller.name(), trace: trace::current() };
    let creating = service.database.transaction(async |connection| {
        create_one(connection, kind, rules::created(id, input), author).await
    });
    let record = creating.await?;
    service.relay.wake();
    let mut response = HttpResponse::Created();
    response.insert_header((LOCATION, kind.location(id)));
    Ok(answer(response, kind, record))
}

/// Creates a record, unless one with its id exists. One that was removed comes back.
async fn create_one(
    connection: &mut AsyncPgConnection,
    kind: &'static Kind,
    desired: rules::Desired,
    author: Author<'_>,
) -> Result<Record, Error> {
    let id = desired.record.id;
    let mut new = [rules::write(None, desired.clone(), author.at)];
    storage::add_more(connection, kind, &mut new).await?;
    if storage::insert(connection, kind, &new, author).await?.contains(&id) {
        let [Written { record, .. }] = new;
        return Ok(record);
    }
    let here = storage::lock(connection, kind, &[id]).await?.remove(&id).ok_or(Error::Overtaken)?;
    if !here.deleted {
        return Err(Error::Taken(vec![kind.wrong("id", "is taken")]));
    }
    let mut back = [rules::write(Some(&here), desired, author.at)];
    storage::add_more(connection, kind, &mut back).await?;
    storage::overwrite(connection, kind, &back, author).await?;
    let [Written { record, .. }] = back;
    Ok(record)
}

/// How a record is set.
#[derive(Clone, Copy, Debug)]
enum Setting {
    /// Completely: what is left out is empty.
    Complete,
    /// By a merge patch (RFC 7396).
    Patch,
}

async fn set(
    kind: &'static Kind,
    request: HttpRequest,
    caller: Caller,
    service: Data<Service>,
    id: Path<String>,
    Body(body): Body<Map<String, Value>>,
    setting: Setting,
) -> Result<HttpResponse, Error> {
    let (precondition, id) = (Precondition::of(&request)?, known_form(kind, &id)?);
    let complete = match setting {
        // Checked before the record is looked up: an invalid body is invalid for any record.
        Setting::Complete => Some(Input::checked(kind, &body, false).map_err(Error::Invalid)?),
        Setting::Patch => None,
    };
    let author = Author { at: now(), principal: caller.name(), trace: trace::current() };
    let setting = service.database.transaction(async |connection| {
        let here = lock_one(connection, kind, id).await?;
        precondition.check(here.version).map_err(Error::Refused)?;
        let input = match complete {
            Some(input) => input,
            None => Input::patched(kind, &here, body).map_err(Error::Invalid)?,
        };
        let desired = rules::set(&here, input);
        let mut written = Vec::from_iter(rules::written(Some(&here), desired, false, author.at));
        storage::add_more(connection, kind, &mut written).await?;
        storage::overwrite(connection, kind, &written, author).await?;
        let changed = written.pop().map(|it| it.record);
        Ok::<_, Error>((changed.is_some(), changed.unwrap_or(here)))
    });
    let (has_changed, record) = setting.await?;
    if has_changed {
        service.relay.wake();
    }
    Ok(answer(HttpResponse::Ok(), kind, record))
}

async fn remove(
    kind: &'static Kind,
    unlink: Unlink,
    request: HttpRequest,
    caller: Caller,
    service: Data<Service>,
    id: Path<String>,
) -> Result<HttpResponse, Error> {
    let (precondition, id) = (Precondition::of(&request)?, known_form(kind, &id)?);
    let author = Author { at: now(), principal: caller.name(), trace: trace::current() };
    let removing = service.database.transaction(async |connection| {
        let here = lock_one(connection, kind, id).await?;
        precondition.check(here.version).map_err(Error::Refused)?;
        unlink(connection, id, author).await?;
        let removed = rules::write(Some(&here), rules::removed(&here), author.at);
        storage::overwrite(connection, kind, &[removed], author).await?;
        Ok::<_, Error>(())
    });
    removing.await?;
    service.relay.wake();
    Ok(HttpResponse::NoContent().finish())
}
