//! `/v1/sources`: the services outside, their runs, and running one now; and the same in the words of the
//! service that Lockstep replaces.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::web::{self, Data, Path, Query};
use chrono::Utc;
use futures_util::future::join_all;
use program_kit::access::{Caller, Rule};
use program_kit::http::endpoints::{Routes, endpoint, endpoints_of, read_endpoints};
use program_kit::http::problem::{Kind, Problem};
use serde::{Deserialize, Serialize};
use shared_models::runs::{MAX_RUNS, Run, RunState};

use crate::settings::upstream::FIRST;
use crate::side_client::RequestError;
use crate::sources::all::{Sources, run_detached, seconds};
use crate::sources::answers::OldAnswer;
use crate::sources::pull::Pull;
use crate::sources::run::Task;

/// `GET /v1/sources`, `GET /v1/sources/{name}/runs`, `POST /v1/sources/{name}/run`; `/api/…`.
pub(super) fn routes(sources: Sources) -> Routes {
    let writing = |method, route| vec![endpoint(method, Rule::WRITE, route)];
    Routes::default()
        .with(endpoints_of(
            "/v1/sources",
            "use GET; to run one, POST to its run",
            read_endpoints(Rule::READ, || web::to(list)),
        ))
        .with(endpoints_of(
            "/v1/sources/{name}/runs",
            "use GET; to run it, POST to run beside it",
            read_endpoints(Rule::READ, || web::to(runs)),
        ))
        .with(endpoints_of(
            "/v1/sources/{name}/run",
            "use POST, without a body",
            writing(Method::POST, web::to(run)),
        ))
        .with(endpoints_of(
            "/api/syncall",
            "use PATCH, without a body",
            writing(Method::PATCH, web::to(sync_all)),
        ))
        .with(endpoints_of(
            "/api/syncast",
            "use PATCH, without a body",
            writing(Method::PATCH, web::to(sync_cast)),
        ))
        .with(endpoints_of(
            "/api/synlast",
            "use GET",
            read_endpoints(Rule::READ, || web::to(sync_last)),
        ))
        .sharing(Data::new(sources))
}

#[derive(Serialize)]
struct Listing {
    sources: Vec<Listed>,
}

/// A source, and its newest run.
#[derive(Serialize)]
struct Listed {
    name: String,
    kind: &'static str,
    url: String,
    /// The seconds from one run to the next.
    interval: f64,
    last: Option<Run>,
    /// The reason why the newest run is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

async fn list(sources: Data<Sources>) -> HttpResponse {
    let sources = join_all(sources.upstreams().iter().map(|task| listed(task))).await;
    HttpResponse::Ok().json(Listing { sources })
}

async fn listed(task: &Task<Pull>) -> Listed {
    let (last, detail) = match task.side.runs(&task.job, None, 1).await {
        Ok(list) => (list.items.into_iter().next(), None),
        Err(error) => (None, Some(error.to_string())),
    };
    let upstream = &task.work.upstream;
    let interval = seconds(upstream.settings.interval);
    Listed {
        name: task.job.clone(),
        kind: "pull",
        url: upstream.shown_url(),
        interval,
        last,
        detail,
    }
}

/// The query of `GET /v1/sources/{name}/runs`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RunsQuery {
    limit: Option<usize>,
}

async fn runs(
    sources: Data<Sources>,
    name: Path<String>,
    Query(RunsQuery { limit }): Query<RunsQuery>,
) -> Result<HttpResponse, Problem> {
    let limit = limit.unwrap_or(MAX_RUNS);
    if !(1..=MAX_RUNS).contains(&limit) {
        let detail = format!("expected a limit from 1 to {MAX_RUNS}; found {limit}");
        return Err(Problem::new(Kind::Unreadable, detail));
    }
    let task = find(&sources, &name)?;
    let runs = task.side.runs(&task.job, None, limit).await.map_err(unavailable)?;
    Ok(HttpResponse::Ok().json(runs))
}

async fn run(
    sources: Data<Sources>,
    name: Path<String>,
    caller: Caller,
) -> Result<HttpResponse, Problem> {
    let task = find(&sources, &name)?;
    let run = run_detached(task, caller.name().map(str::to_owned)).await;
    let run = run.map_err(|failure| Problem::unavailable(failure.detail))?;
    Ok(HttpResponse::Ok().json(run))
}

fn find<'a>(sources: &'a Sources, name: &str) -> Result<&'a Arc<Task<Pull>>, Problem> {
    sources.upstream(name).ok_or_else(|| {
        let detail =
            format!("there is no source {name}; those that are configured: {}", sources.names());
        Problem::new(Kind::NotFound, detail)
    })
}

fn unavailable(error: RequestError) -> Problem {
    Problem::unavailable(error.to_string())
}

/// Returns the source that clients of the old service mean: it had one.
fn only(sources: &Sources) -> Result<&Arc<Task<Pull>>, Problem> {
    let task = sources.upstream(FIRST).or_else(|| sources.upstreams().first());
    task.ok_or_else(|| {
        let detail = "no upstream is configured; set WORKER__UPSTREAM__URL";
        Problem::new(Kind::NotFound, detail)
    })
}

/// `PATCH /api/syncall`: pulls now and waits. Its status is 200 also where that fails, as it always was.
async fn sync_all(sources: Data<Sources>, caller: Caller) -> Result<HttpResponse, Problem> {
    let answer = match run_detached(only(&sources)?, caller.name().map(str::to_owned)).await {
        Ok(run) => OldAnswer::of(&run),
        Err(failure) => OldAnswer::not_begun(&failure, Utc::now()),
    };
    Ok(HttpResponse::Ok().json(answer))
}

/// `PATCH /api/syncast`: starts a pull.
async fn sync_cast(sources: Data<Sources>, caller: Caller) -> Result<HttpResponse, Problem> {
    let task = Arc::clone(only(&sources)?);
    let principal = caller.name().map(str::to_owned);
    tokio::spawn(async move { run_detached(&task, principal).await });
    Ok(HttpResponse::Ok().json(OldAnswer::started(Utc::now())))
}

/// The query of `GET /api/synlast`.
#[derive(Debug, Deserialize)]
struct LastQuery {
    count: Option<usize>,
}

#[derive(Serialize)]
struct Last {
    data: Vec<OldAnswer>,
}

/// `GET /api/synlast`: the last runs, oldest first.
async fn sync_last(
    sources: Data<Sources>,
    Query(LastQuery { count }): Query<LastQuery>,
) -> Result<HttpResponse, Problem> {
    let task = only(&sources)?;
    let runs = task.side.runs(&task.job, None, MAX_RUNS).await.map_err(unavailable)?.items;
    let over = runs.iter().filter(|run| run.state != RunState::Running);
    let mut data = over.take(count.unwrap_or(MAX_RUNS)).map(OldAnswer::of).collect::<Vec<_>>();
    data.reverse();
    Ok(HttpResponse::Ok().json(Last { data }))
}
