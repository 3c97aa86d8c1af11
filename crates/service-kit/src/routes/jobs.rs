//! `/v1/jobs`: the runs of the jobs that the worker does for this side.

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::web::{self, Data, Path, Query};
use program_kit::access::Rule;
use program_kit::http::body::Body;
use program_kit::http::endpoints::{Routes, endpoint, endpoints_of, read_endpoints};
use program_kit::http::operation::Operation;
use program_kit::http::problem::{FieldError, Kind, Problem};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared_models::runs::{
    BeginRun, EndRun, MAX_HOLD, MAX_REFUSED, MAX_RUNS, RenewRun, Run, RunList, RunState,
    SetCursors, is_name,
};
use uuid::Uuid;

use super::{describe_jobs, expectation};
use crate::error::{Error, internal};
use crate::runs;
use crate::service::Service;

/// The paths of jobs.
pub(super) fn jobs() -> Routes {
    let sync =
        |method, route, describe: fn() -> Operation| endpoint(method, Rule::SYNC, route, describe);
    let mut all = read_endpoints(Rule::READ_OR_SYNC, || web::to(list), describe_jobs::runs);
    all.push(sync(Method::POST, web::to(begin), describe_jobs::begin_run));
    let mut one = read_endpoints(Rule::READ_OR_SYNC, || web::to(find), describe_jobs::run);
    one.push(sync(Method::PUT, web::to(end), describe_jobs::end_run));
    let renew = vec![sync(Method::POST, web::to(renew), describe_jobs::renew_run)];
    let cursors = vec![sync(Method::PUT, web::to(set_cursors), describe_jobs::set_cursors)];
    let (of_all, of_one) = ("use GET, or POST to begin a run", "use GET, or PUT to end the run");
    Routes::default()
        .with(endpoints_of("/v1/jobs/{job}/runs", of_all, all))
        .with(endpoints_of("/v1/jobs/{job}/runs/{id}", of_one, one))
        .with(endpoints_of("/v1/jobs/{job}/runs/{id}/renew", "use POST", renew))
        .with(endpoints_of("/v1/jobs/{job}/cursors", "use PUT", cursors))
}

/// The query of `GET /v1/jobs/{job}/runs`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RunsQuery {
    /// The task whose runs are listed; those of all tasks where it is left out.
    task: Option<String>,
    /// The state of the runs that are listed; those of all states where it is left out.
    state: Option<RunState>,
    /// The most runs.
    #[schemars(range(min = 1, max = MAX_RUNS))]
    limit: Option<usize>,
}

async fn list(
    service: Data<Service>,
    job: Path<String>,
    Query(query): Query<RunsQuery>,
) -> Result<HttpResponse, Error> {
    let limit = query.limit.unwrap_or(MAX_RUNS);
    if !(1..=MAX_RUNS).contains(&limit) {
        let detail = format!("expected a limit from 1 to {MAX_RUNS}; found {limit}");
        return Err(Problem::new(Kind::Unreadable, detail).into());
    }
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    // PostgreSQL cannot even compare with some of what is no name.
    if ![job.as_str()].into_iter().chain(query.task.as_deref()).all(is_name) {
        return Ok(HttpResponse::Ok().json(RunList { items: vec![] }));
    }
    let listing = service.database.observe(async |connection| {
        runs::list(connection, &job, query.task.as_deref(), query.state, limit).await
    });
    Ok(HttpResponse::Ok().json(RunList { items: listing.await? }))
}

async fn find(service: Data<Service>, path: Path<(String, Uuid)>) -> Result<HttpResponse, Error> {
    let (job, id) = named(path)?;
    let finding =
        service.database.observe(async |connection| runs::find(connection, &job, id).await);
    let run = finding.await?.ok_or_else(|| not_kept(&job, id))?;
    Ok(HttpResponse::Ok().json(run))
}

/// Returns the job and the run that a path names.
fn named(path: Path<(String, Uuid)>) -> Result<(String, Uuid), Problem> {
    let (job, id) = path.into_inner();
    if is_name(&job) { Ok((job, id)) } else { Err(not_kept(&job, id)) }
}

fn not_kept(job: &str, id: Uuid) -> Problem {
    Problem::new(Kind::NotFound, format!("no run {id} of {job} is kept here"))
}

async fn begin(
    service: Data<Service>,
    job: Path<String>,
    Body(request): Body<BeginRun>,
) -> Result<HttpResponse, Error> {
    check_hold(request.hold)?;
    for (field, name) in [("job", job.as_str()), ("task", &request.task)] {
        if !is_name(name) {
            return Err(invalid(field, "is no such name"));
        }
    }
    let beginning = service
        .database
        .transaction(async |connection| runs::begin(connection, &job, &request).await);
    Ok(HttpResponse::Ok().json(beginning.await?))
}

async fn renew(
    service: Data<Service>,
    path: Path<(String, Uuid)>,
    Body(RenewRun { hold }): Body<RenewRun>,
) -> Result<HttpResponse, Error> {
    check_hold(hold)?;
    let (job, id) = named(path)?;
    let renewing = service
        .database
        .transaction(async |connection| runs::renew(connection, &job, id, hold).await);
    renewing.await?;
    Ok(HttpResponse::NoContent().finish())
}

async fn set_cursors(
    service: Data<Service>,
    job: Path<String>,
    Body(request): Body<SetCursors>,
) -> Result<HttpResponse, Error> {
    let request = storable(request)?;
    if !is_name(&job) {
        return Err(Error::Refused(runs::not_under_way(&job, request.run)));
    }
    let setting = service
        .database
        .transaction(async |connection| runs::set_cursors(connection, &job, request).await);
    setting.await?;
    Ok(HttpResponse::NoContent().finish())
}

async fn end(
    service: Data<Service>,
    path: Path<(String, Uuid)>,
    Body(end): Body<EndRun>,
) -> Result<HttpResponse, Error> {
    if end.refused.len() > MAX_REFUSED {
        return Err(invalid("refused", format!("has {}", end.refused.len())));
    }
    let ((job, id), end) = (named(path)?, storable(end)?);
    let ending = service
        .database
        .transaction::<Run, Error>(async |connection| runs::end(connection, &job, id, end).await);
    Ok(HttpResponse::Ok().json(ending.await?))
}

/// Returns the same with no NUL in any text, which PostgreSQL cannot store. A failure or a refused record
/// quotes what a source sent, and a run whose end is refused would seem to go on.
fn storable<T: Serialize + DeserializeOwned>(said: T) -> Result<T, Error> {
    let storable = serde_json::to_value(said).map(without_nul).and_then(serde_json::from_value);
    storable.map_err(|error| {
        tracing::error!(%error, "what was said of a run cannot be read again");
        Error::Request(internal())
    })
}

fn without_nul(value: Value) -> Value {
    let plain = |text: String| text.replace('\0', "\u{fffd}");
    match value {
        Value::String(text) => Value::String(plain(text)),
        Value::Array(items) => items.into_iter().map(without_nul).collect(),
        Value::Object(fields) => {
            fields.into_iter().map(|(name, value)| (plain(name), without_nul(value))).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value,
    }
}

fn check_hold(seconds: u32) -> Result<(), Error> {
    match (1..=MAX_HOLD).contains(&seconds) {
        true => Ok(()),
        false => Err(invalid("hold", format!("is {seconds}"))),
    }
}

fn invalid(field: &str, problem: impl Into<String>) -> Error {
    Error::Invalid(vec![FieldError::new(field, problem, expectation)])
}
