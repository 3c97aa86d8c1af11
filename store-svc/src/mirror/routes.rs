//! The paths of the mirror, for the worker: `/v1/sync/mirror/{posts,comments}/…`.

use std::collections::HashSet;

use actix_web::http::Method;
use actix_web::web::{self, Data, Query};
use actix_web::{HttpResponse, Route};
use diesel_async::AsyncPgConnection;
use program_kit::access::{Caller, Rule};
use program_kit::http::body::{Body, parse_value};
use program_kit::http::endpoints::{Routes, endpoint, endpoints_of, read_endpoints};
use program_kit::http::operation::Operation;
use program_kit::http::page::unreadable;
use program_kit::http::problem::FieldError;
use program_kit::telemetry::trace;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use service_kit::database::now;
use service_kit::error::Error;
use service_kit::service::Service;
use shared_models::mirror::{
    DueRecord, Gone, GoneResult, Listed, Load, MAX_FOUND, MAX_LISTED, MAX_LOADED, MAX_PREPARED,
    Mirrored, Only, Outcome, Outstanding, Prepare, RefusedRecord, RemoteComment, RemotePost,
    Settle,
};

use super::{describe, loading, sending};
use crate::mirrored::content::{Content, expectation as of_content};
use crate::mirrored::event::{Author, Source};
use crate::mirrored::storage::{self, Due};
use loading::Sent;

/// The most records that the remote has no more, and that one transaction removes. A post goes with its
/// comments, and a transaction has a deadline.
const GONE_AT_ONCE: usize = 100;

/// Returns the paths of the mirror.
pub(crate) fn paths() -> Routes {
    let mut routes = Routes::default();
    for kind in Mirrored::ALL {
        let post = |name: &str, route: Route, describe: fn(Mirrored) -> Operation| {
            let path = format!("/v1/sync/mirror/{}/{name}", kind.plural());
            let describe = move || describe(kind);
            endpoints_of(
                path,
                "use POST",
                vec![endpoint(Method::POST, Rule::SYNC, route, describe)],
            )
        };
        let get = |name: &str, route: &dyn Fn() -> Route, describe: fn(Mirrored) -> Operation| {
            let path = format!("/v1/sync/mirror/{}/{name}", kind.plural());
            let describe = move || describe(kind);
            endpoints_of(path, "use GET", read_endpoints(Rule::SYNC, route, describe))
        };
        routes = routes
            .with(post("load", web::to(move |a, b, c| load(kind, a, b, c)), describe::load))
            .with(post("gone", web::to(move |a, b, c| gone(kind, a, b, c)), describe::gone))
            .with(post(
                "prepare",
                web::to(move |a, b, c| prepare(kind, a, b, c)),
                describe::prepare,
            ))
            .with(post("settle", web::to(move |a, b, c| settle(kind, a, b, c)), describe::settle))
            .with(get("listed", &|| web::to(move |a, b| listed(kind, a, b)), describe::listed))
            .with(get(
                "outstanding",
                &|| web::to(move |a, b| outstanding(kind, a, b)),
                describe::outstanding,
            ));
    }
    routes.expecting(expectation)
}

/// Returns what the fields of the bodies may be.
fn expectation(field: &str) -> Option<&'static str> {
    match field {
        "run" => Some("the id of the run of the job mirror that is under way"),
        "records" => Some("a list of up to 1,000 records of the remote"),
        "remote_ids" => Some("a list of up to 1,000 ids at the remote"),
        "ids" => Some("a list of up to 500 ids"),
        "results" => Some("a list of up to 500 results, one for each record"),
        "remote_id" | "post_remote_id" => Some("a whole number from 0: the id at the remote"),
        "user_id" => of_content("userId"),
        "outcome" => Some("one of sent, found, not_created, failed, gone"),
        other => of_content(other),
    }
}

fn author<'a>(caller: &'a Caller) -> Author<'a> {
    Author { at: now(), principal: caller.name(), trace: trace::current(), source: Source::Remote }
}

/// Fails if a list is longer than it may be.
fn check_length(field: &str, length: usize, most: usize) -> Result<(), Error> {
    match length > most {
        true => Err(invalid(field, format!("has {length} entries"))),
        false => Ok(()),
    }
}

fn invalid(field: impl Into<String>, problem: impl Into<String>) -> Error {
    Error::Invalid(vec![FieldError::new(field, problem, expectation)])
}

async fn load(
    kind: Mirrored,
    service: Data<Service>,
    caller: Caller,
    Body(body): Body<Load<Value>>,
) -> Result<HttpResponse, Error> {
    check_length("records", body.records.len(), MAX_LOADED)?;
    let (mut sent, mut refused) = (vec![], vec![]);
    for (index, value) in body.records.into_iter().enumerate() {
        let remote_id = value.get("remote_id").and_then(Value::as_i64);
        match read(kind, value) {
            Ok(record) => sent.push(record),
            Err(error) => {
                let detail = match remote_id {
                    Some(_) => error.to_string(),
                    None => format!("records[{index}].{error}"),
                };
                refused.push(RefusedRecord { remote_id, detail });
            }
        }
    }
    let author = author(&caller);
    let loading = service.database.transaction(async |connection| {
        loading::load(connection, (kind, body.run), sent, refused, author).await
    });
    Ok(HttpResponse::Ok().json(loading.await?))
}

/// Reads a record of the remote: one that does not fit does not stop the others.
fn read(kind: Mirrored, value: Value) -> Result<Sent, FieldError> {
    let (remote_id, content, marker) = match kind {
        Mirrored::Post => {
            let RemotePost { remote_id, user_id, title, body, marker } =
                parse_value(value, expectation)?;
            let content = Content { parent: user_id, name: title, email: None, body };
            (remote_id, content, marker)
        }
        Mirrored::Comment => {
            let RemoteComment { remote_id, post_remote_id, name, email, body, marker } =
                parse_value(value, expectation)?;
            let parent = Some(post_remote_id);
            (remote_id, Content { parent, name, email: Some(email), body }, marker)
        }
    };
    if remote_id < 0 {
        return Err(FieldError::new("remote_id", format!("is {remote_id}"), expectation));
    }
    // What is no id of an attempt is no marker of ours.
    let marker = marker.and_then(|marker| marker.parse().ok());
    Ok(Sent { remote_id, content, marker })
}

async fn gone(
    kind: Mirrored,
    service: Data<Service>,
    caller: Caller,
    Body(body): Body<Gone>,
) -> Result<HttpResponse, Error> {
    check_length("remote_ids", body.remote_ids.len(), MAX_LOADED)?;
    let author = author(&caller);
    let mut result = GoneResult::default();
    for some in body.remote_ids.chunks(GONE_AT_ONCE) {
        let gone = Gone { run: body.run, remote_ids: some.to_vec() };
        let removing = service
            .database
            .transaction(async |connection| loading::remove(connection, kind, gone, author).await);
        let GoneResult { removed, kept } = removing.await?;
        result.removed += removed;
        result.kept += kept;
    }
    Ok(HttpResponse::Ok().json(result))
}

async fn prepare(
    kind: Mirrored,
    service: Data<Service>,
    caller: Caller,
    Body(body): Body<Prepare>,
) -> Result<HttpResponse, Error> {
    check_length("ids", body.ids.len(), MAX_PREPARED)?;
    let author = author(&caller);
    let preparing = service
        .database
        .transaction(async |connection| sending::prepare(connection, kind, body, author).await);
    Ok(HttpResponse::Ok().json(preparing.await?))
}

async fn settle(
    kind: Mirrored,
    service: Data<Service>,
    caller: Caller,
    Body(body): Body<Settle>,
) -> Result<HttpResponse, Error> {
    check_length("results", body.results.len(), MAX_PREPARED)?;
    let mut ids = HashSet::new();
    for (index, result) in body.results.iter().enumerate() {
        if !ids.insert(result.id) {
            return Err(invalid(format!("results[{index}].id"), "occurs twice"));
        }
        let needs_id = result.attempt.is_some();
        let wrong = match &result.outcome {
            Outcome::Sent { remote_id: None } if needs_id => "sent.remote_id",
            Outcome::Sent { remote_id: Some(id) } if *id < 0 => "sent.remote_id",
            Outcome::Found { remote_ids, .. }
                if remote_ids.len() > MAX_FOUND || remote_ids.iter().any(|id| *id < 0) =>
            {
                "found.remote_ids"
            }
            Outcome::Sent { .. } | Outcome::Found { .. } => continue,
            Outcome::NotCreated {} | Outcome::Gone {} => continue,
            Outcome::Failed { .. } | Outcome::Undecided { .. } => continue,
        };
        let field = format!("results[{index}].outcome.{wrong}");
        return Err(invalid(field, "is not the id that the remote gave"));
    }
    let author = author(&caller);
    let settling = service
        .database
        .transaction(async |connection| sending::settle(connection, kind, body, author).await);
    Ok(HttpResponse::Ok().json(settling.await?))
}

/// The query of a list.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AfterQuery {
    /// The last id of the page before.
    after: Option<i64>,
    /// The most ids.
    #[schemars(range(min = 1, max = MAX_LISTED))]
    limit: Option<usize>,
}

impl AfterQuery {
    /// Returns the last id of the page before, and the most on this one.
    fn checked(&self, most: usize) -> Result<(i64, i64), Error> {
        let limit = self.limit.unwrap_or(most);
        if !(1..=most).contains(&limit) {
            return Err(unreadable(format!("expected a limit from 1 to {most}")).into());
        }
        Ok((self.after.unwrap_or(-1), i64::try_from(limit).unwrap_or(i64::MAX)))
    }
}

async fn listed(
    kind: Mirrored,
    service: Data<Service>,
    Query(query): Query<AfterQuery>,
) -> Result<HttpResponse, Error> {
    let (after, limit) = query.checked(MAX_LISTED)?;
    let reading = service.database.read(async |connection: &mut AsyncPgConnection| {
        Ok::<_, Error>(storage::listed(connection, kind, after, limit).await?)
    });
    let found = reading.await?;
    let removed = found.iter().filter(|it| it.deleted).filter_map(|it| it.remote_id).collect();
    let remote_ids = found.iter().filter_map(|it| it.remote_id).collect();
    Ok(HttpResponse::Ok().json(Listed { remote_ids, removed }))
}

/// The query of the records at which the mirror has to look.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OutstandingQuery {
    /// The last id of the page before.
    after: Option<i64>,
    /// The most records.
    #[schemars(range(min = 1, max = MAX_PREPARED))]
    limit: Option<usize>,
    /// Which of them are listed.
    only: Option<Only>,
}

async fn outstanding(
    kind: Mirrored,
    service: Data<Service>,
    Query(OutstandingQuery { after, limit, only }): Query<OutstandingQuery>,
) -> Result<HttpResponse, Error> {
    let (after, limit) = AfterQuery { after, limit }.checked(MAX_PREPARED)?;
    let reading = service.database.read(async |connection: &mut AsyncPgConnection| {
        Ok::<_, Error>(storage::due(connection, kind, only.map(Only::as_str), after, limit).await?)
    });
    let due = |Due { id, version, attempt, failures }| DueRecord {
        id,
        version,
        attempt,
        failures: failures.unsigned_abs(),
    };
    let items = reading.await?.into_iter().map(due).collect();
    Ok(HttpResponse::Ok().json(Outstanding { items }))
}
