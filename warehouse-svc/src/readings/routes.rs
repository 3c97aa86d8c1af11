//! The HTTP API of readings: listing, reading, setting and removing them. Each path is served with a
//! trailing slash, too.

use actix_web::http::Method;
use actix_web::http::header::{IF_MATCH, LINK, LOCATION};
use actix_web::web::{self, Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;
use program_kit::access::{Caller, Rule};
use program_kit::http::body::Body;
use program_kit::http::conditional::{Precondition, etag, is_known};
use program_kit::http::endpoints::{Routes, endpoint, endpoints_of, read_endpoints};
use program_kit::http::page::{MAX_LIMIT, Page, PageRequest, unreadable};
use program_kit::http::problem::{Kind, Problem};
use program_kit::telemetry::trace;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use service_kit::database::now;
use service_kit::error::Error;
use service_kit::service::Service;

use super::record::{
    Author, Expiration, RESOURCE, Reading, Shown, TIME, checked_time, expectation, expiration,
    is_gtin, wrong,
};
use super::rules::{Put, Wanted};
use super::settings::ReadingSettings;
use super::{describe, listing, rules, storage, sync};

/// Returns the paths of readings.
pub(super) fn paths() -> Routes {
    let mut routes = Routes::default();
    for slash in ["", "/"] {
        let list = read_endpoints(Rule::READ, || web::to(list), describe::list);
        let mut one = read_endpoints(Rule::READ, || web::to(one), describe::one);
        one.push(endpoint(Method::PUT, Rule::WRITE, web::to(put), describe::put));
        one.push(endpoint(Method::DELETE, Rule::WRITE, web::to(remove), describe::remove));
        let syncing =
            vec![endpoint(Method::POST, Rule::WRITE, web::to(sync::sync), describe::sync)];
        let to_list =
            "use GET; readings are written by PUT to their own paths, or by POST to /v1/sync";
        routes = routes
            .with(endpoints_of(format!("/v1/sync{slash}"), "use POST", syncing))
            .with(endpoints_of(format!("/v1/readings{slash}"), to_list, list))
            .with(endpoints_of(
                format!("/v1/readings/{{gtin}}{slash}"),
                "use GET, PUT or DELETE",
                one,
            ));
    }
    routes.expecting(expectation)
}

/// The query of `GET /v1/readings`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ListQuery {
    /// The GTIN: the page has one reading, or none.
    #[schemars(schema_with = "describe::gtin")]
    #[serde(default)]
    gtin: Option<String>,
    /// The date, or the time, before which they expire.
    expires_before: Option<String>,
    /// The most on the page; 50 where it is left out.
    #[schemars(range(min = 1, max = MAX_LIMIT))]
    limit: Option<u16>,
    /// The cursor of the page, from `next` of the page before.
    cursor: Option<String>,
}

/// The filters of a list of readings, as they came.
#[derive(Debug, Serialize)]
struct Filters {
    gtin: Option<String>,
    expires_before: Option<String>,
}

/// A page, as sent. The list is named as clients of the old protocol know it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ReadingsPage")]
pub(super) struct Listed {
    data: Vec<Shown<'static>>,
    /// The path of the next page.
    next: Option<String>,
    /// `false`, and only then sent, if the page ends early, as [`Page::complete`] says.
    #[serde(skip_serializing_if = "Option::is_none")]
    complete: Option<bool>,
}

async fn list(
    request: HttpRequest,
    service: Data<Service>,
    Query(query): Query<ListQuery>,
) -> Result<HttpResponse, Error> {
    let ListQuery { gtin, expires_before, limit, cursor } = query;
    if gtin.as_deref().is_some_and(|gtin| !is_gtin(gtin)) {
        return Err(unreadable("expected a gtin of 1 to 64 characters without spaces").into());
    }
    let before = expires_before.map(instant).transpose()?;
    let filters = Filters { gtin, expires_before: before.as_ref().map(|it| it.text.clone()) };
    let page = PageRequest::<_, String>::new(filters, limit, cursor.as_deref())?;
    if page.after.as_ref().is_some_and(|after| !is_gtin(&after.id)) {
        return Err(unreadable("the cursor is not one from a page's next link").into());
    }
    let before = before.map(|it| it.at);
    let find = async |connection: &mut AsyncPgConnection| {
        let (after, limit) = (page.after.as_ref(), page.to_read());
        Ok::<_, Error>(match &page.filters.gtin {
            Some(gtin) => listing::page_of(connection, gtin, before).await?,
            None => listing::page(connection, before, after, limit).await?,
        })
    };
    let listing::Listed { mut readings, scanned_to } = match before {
        Some(_) if page.filters.gtin.is_none() => service.database.scan(find).await?,
        Some(_) | None => service.database.read(find).await?,
    };
    let cut = page.cut(&mut readings, |last| listing::position(&last.state));
    let complete = (cut.is_none() && scanned_to.is_some()).then_some(false);
    let shown = readings.into_iter().map(|it| Shown::from(it.state)).collect();
    let Page { items: data, next, .. } = Page::of(shown, &page, cut.or(scanned_to), request.path());
    let mut response = HttpResponse::Ok();
    if let Some(next) = &next {
        response.insert_header((LINK, format!("<{next}>; rel=\"next\"")));
    }
    Ok(response.json(Listed { data, next, complete }))
}

fn instant(text: String) -> Result<Expiration, Problem> {
    let expected = "expected a date or a time as expires_before, such as 2027-03-31";
    expiration(text).map_err(|_| unreadable(expected))
}

async fn one(
    request: HttpRequest,
    service: Data<Service>,
    gtin: Path<String>,
) -> Result<HttpResponse, Error> {
    let gtin = known_form(gtin.into_inner())?;
    let found = service.database.ask(async |connection| storage::find(connection, &gtin).await);
    let reading = found.await?.filter(|it| !it.state.deleted).ok_or_else(|| unknown(&gtin))?;
    if is_known(&request, reading.version) {
        return Ok(HttpResponse::NotModified().insert_header(etag(reading.version)).finish());
    }
    Ok(answer(HttpResponse::Ok(), reading))
}

fn answer(mut response: HttpResponseBuilder, reading: Reading) -> HttpResponse {
    response.insert_header(etag(reading.version)).json(Shown::from(reading.state))
}

fn unknown(gtin: &str) -> Error {
    Error::Unknown(RESOURCE, gtin.to_owned())
}

/// Returns the GTIN of a path, if it can be that of a reading.
fn known_form(gtin: String) -> Result<String, Error> {
    if is_gtin(&gtin) { Ok(gtin) } else { Err(unknown(&gtin)) }
}

/// The body of a `PUT`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ReadingFields")]
pub(super) struct PutBody {
    /// The time of the reading, such as 2026-11-28T09:30:00Z; now where it is left out.
    #[schemars(length(max = TIME))]
    updated_at: Option<String>,
    /// A date such as 2027-03-31, or a time.
    #[schemars(length(max = TIME))]
    expiration_date: String,
}

async fn put(
    request: HttpRequest,
    caller: Caller,
    service: Data<Service>,
    settings: Data<ReadingSettings>,
    gtin: Path<String>,
    Body(body): Body<PutBody>,
) -> Result<HttpResponse, Error> {
    let precondition = Precondition::of(&request)?;
    let must_exist = request.headers().contains_key(IF_MATCH);
    let now = now();
    let wanted = checked(gtin.into_inner(), body, settings.latest(now))?;
    let location = format!("/v1/readings/{}", encoded(&wanted.gtin));
    let author =
        Author { at: now, principal: caller.name(), trace: trace::current(), client: None };
    let setting = service.database.transaction(async |connection| {
        let provisional = rules::wanted(wanted.clone(), None, now);
        let created = storage::create_or_lock(connection, &[provisional], author).await?;
        let here = match created.is_empty() {
            true => storage::find(connection, &wanted.gtin).await?,
            false => None,
        };
        match here.as_ref().filter(|here| !here.state.deleted) {
            Some(here) => precondition.check(here.version).map_err(Error::Refused)?,
            None if must_exist => return Err(Error::Refused(does_not_exist())),
            None => {}
        }
        let put = rules::put(wanted, here, now).map_err(Error::Refused)?;
        if created.is_empty() {
            storage::overwrite(connection, put.changed.as_slice(), author).await?;
        }
        Ok(put)
    });
    let Put { reading, is_new, changed } = setting.await?;
    if changed.is_some() {
        service.relay.wake();
    }
    let response = match is_new {
        true => HttpResponse::Created().insert_header((LOCATION, location)).take(),
        false => HttpResponse::Ok(),
    };
    Ok(answer(response, reading))
}

/// Checks a request to set a reading, and collects the errors.
fn checked(gtin: String, body: PutBody, latest: DateTime<Utc>) -> Result<Wanted, Error> {
    let PutBody { updated_at, expiration_date } = body;
    let gtin = if is_gtin(&gtin) { Ok(gtin) } else { Err(wrong("gtin", "is not a GTIN")) };
    let updated_at = updated_at.map(|text| checked_time(&text, latest)).transpose();
    match (gtin, updated_at, expiration(expiration_date)) {
        (Ok(gtin), Ok(updated_at), Ok(expiration)) => Ok(Wanted { gtin, updated_at, expiration }),
        (gtin, updated_at, expiration) => {
            let errors = [gtin.err(), updated_at.err(), expiration.err()];
            Err(Error::Invalid(errors.into_iter().flatten().collect()))
        }
    }
}

fn does_not_exist() -> Problem {
    Problem::new(
        Kind::Stale,
        "If-Match is given, but there is no such reading; omit it to create one",
    )
}

/// Returns a GTIN as a part of a path.
fn encoded(gtin: &str) -> String {
    let encode = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(byte).to_string()
        }
        other => format!("%{other:02X}"),
    };
    gtin.bytes().map(encode).collect()
}

async fn remove(
    request: HttpRequest,
    caller: Caller,
    service: Data<Service>,
    gtin: Path<String>,
) -> Result<HttpResponse, Error> {
    let precondition = Precondition::of(&request)?;
    let (gtin, now) = (known_form(gtin.into_inner())?, now());
    let author =
        Author { at: now, principal: caller.name(), trace: trace::current(), client: None };
    let removing = service.database.transaction(async |connection| {
        let here = storage::lock(connection, &gtin).await?.filter(|here| !here.state.deleted);
        let here = here.ok_or_else(|| unknown(&gtin))?;
        precondition.check(here.version).map_err(Error::Refused)?;
        storage::overwrite(connection, &[rules::removed(here, now)], author).await?;
        Ok::<_, Error>(())
    });
    removing.await?;
    service.relay.wake();
    Ok(HttpResponse::NoContent().finish())
}
