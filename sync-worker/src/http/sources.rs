//! `/v1/sources`: the services outside, their runs, and running one now; and the same in the words of the
//! service that Lockstep replaces.

use std::collections::BTreeMap;
use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::web::{self, Data, Path, Query};
use chrono::Utc;
use futures_util::future::join_all;
use program_kit::access::{Caller, Rule};
use program_kit::http::endpoints::{Routes, endpoint, endpoints_of, read_endpoints};
use program_kit::http::operation::Operation;
use program_kit::http::problem::{Kind, Problem};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared_models::runs::{MAX_RUNS, Run, RunState};

use super::describe_sources as describe;
use crate::settings::upstream::FIRST;
use crate::side_client::{RequestError, SideClient};
use crate::sources::all::{MirrorTasks, Sources};
use crate::sources::answers::OldAnswer;
use crate::sources::mirror::flush::FLUSH;
use crate::sources::mirror::load::LOAD;
use crate::sources::pull::{Pull, TASK as PULL};
use crate::sources::run::{Task, Work};

/// `GET /v1/sources`, `GET /v1/sources/{name}/runs`, `POST /v1/sources/{name}/run`, `POST /v1/mirror/flush`,
/// `POST /v1/mirror/load`; `/api/…`.
pub(super) fn routes() -> Routes {
    let writing = |method, route, describe: fn() -> Operation| {
        vec![endpoint(method, Rule::WRITE, route, describe)]
    };
    Routes::default()
        .with(endpoints_of(
            "/v1/sources",
            "use GET; to run one, POST to its run",
            read_endpoints(Rule::READ, || web::to(list), describe::sources),
        ))
        .with(endpoints_of(
            "/v1/sources/{name}/runs",
            "use GET; to run it, POST to run beside it",
            read_endpoints(Rule::READ, || web::to(runs), describe::runs),
        ))
        .with(endpoints_of(
            "/v1/sources/{name}/run",
            "use POST, without a body",
            writing(Method::POST, web::to(run), describe::run),
        ))
        .with(endpoints_of(
            "/v1/mirror/flush",
            "use POST, without a body",
            writing(Method::POST, web::to(flush), describe::flush),
        ))
        .with(endpoints_of(
            "/v1/mirror/load",
            "use POST, without a body",
            writing(Method::POST, web::to(load), describe::load),
        ))
        .with(endpoints_of(
            "/api/syncall",
            "use PATCH, without a body",
            writing(Method::PATCH, web::to(sync_all), describe::sync_all),
        ))
        .with(endpoints_of(
            "/api/syncast",
            "use PATCH, without a body",
            writing(Method::PATCH, web::to(sync_cast), describe::sync_cast),
        ))
        .with(endpoints_of(
            "/api/synlast",
            "use GET",
            read_endpoints(Rule::READ, || web::to(sync_last), describe::sync_last),
        ))
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Sources")]
pub(super) struct Listing {
    sources: Vec<Listed>,
}

/// A source, and its newest run.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Source")]
struct Listed {
    name: String,
    /// `pull` or `mirror`.
    kind: &'static str,
    /// The address, without a name and a password.
    url: String,
    /// The seconds from one run of each task to the next; null where it runs only when it is asked for.
    interval: BTreeMap<&'static str, Option<f64>>,
    /// The newest run.
    last: Option<Run>,
    /// The reason why the newest run is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

impl Listed {
    fn of_pull(task: &Task<Pull>) -> Self {
        let upstream = &task.work.upstream;
        let interval = BTreeMap::from([(PULL, Some(upstream.settings.interval.as_secs_f64()))]);
        Self::new(&task.job, "pull", upstream.shown_url(), interval)
    }

    fn of_mirror(tasks: &MirrorTasks) -> Self {
        let settings = &tasks.remote().settings;
        let flush = settings.interval.as_secs_f64();
        let load = settings.load_interval.map(|interval| interval.as_secs_f64());
        let interval = BTreeMap::from([(FLUSH, Some(flush)), (LOAD, load)]);
        Self::new(&tasks.flush.job, "mirror", tasks.remote().shown_url(), interval)
    }

    fn new(
        name: &str,
        kind: &'static str,
        url: String,
        interval: BTreeMap<&'static str, Option<f64>>,
    ) -> Self {
        Self { name: name.to_owned(), kind, url, interval, last: None, detail: None }
    }

    /// Adds the newest run, which the side keeps.
    async fn with_last(mut self, side: &SideClient) -> Self {
        match side.runs(&self.name, None, 1).await {
            Ok(list) => self.last = list.items.into_iter().next(),
            Err(error) => self.detail = Some(error.to_string()),
        }
        self
    }
}

async fn list(sources: Data<Sources>) -> HttpResponse {
    let pulls = sources.upstreams().iter().map(|task| (Listed::of_pull(task), &task.side));
    let mirror = sources.mirror().map(|tasks| (Listed::of_mirror(tasks), &tasks.flush.side));
    let all = pulls.chain(mirror).map(|(listed, side)| listed.with_last(side));
    HttpResponse::Ok().json(Listing { sources: join_all(all).await })
}

/// The query of `GET /v1/sources/{name}/runs`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RunsQuery {
    /// The task whose runs are listed; those of all tasks where it is left out.
    task: Option<String>,
    /// The most runs.
    #[schemars(range(min = 1, max = MAX_RUNS))]
    limit: Option<usize>,
}

async fn runs(
    sources: Data<Sources>,
    name: Path<String>,
    Query(RunsQuery { task, limit }): Query<RunsQuery>,
) -> Result<HttpResponse, Problem> {
    let limit = limit.unwrap_or(MAX_RUNS);
    if !(1..=MAX_RUNS).contains(&limit) {
        let detail = format!("expected a limit from 1 to {MAX_RUNS}; found {limit}");
        return Err(Problem::new(Kind::Unreadable, detail));
    }
    let side = match sources.mirror().filter(|tasks| tasks.flush.job == *name) {
        Some(tasks) => &tasks.flush.side,
        None => &find(&sources, &name)?.side,
    };
    let runs =
        side.runs(&name, task.as_deref(), limit).await.map_err(|error| unavailable(&error))?;
    Ok(HttpResponse::Ok().json(runs))
}

/// `POST /v1/sources/{name}/run`: pulls, or sends what changed here, and waits.
async fn run(
    sources: Data<Sources>,
    name: Path<String>,
    caller: Caller,
) -> Result<HttpResponse, Problem> {
    if let Some(tasks) = sources.mirror().filter(|tasks| tasks.flush.job == *name) {
        return run_task(&sources, &tasks.flush, &caller).await;
    }
    run_task(&sources, find(&sources, &name)?, &caller).await
}

/// `POST /v1/mirror/flush`: sends what changed here, and waits.
async fn flush(sources: Data<Sources>, caller: Caller) -> Result<HttpResponse, Problem> {
    run_task(&sources, &mirror(&sources)?.flush, &caller).await
}

/// `POST /v1/mirror/load`: loads what the remote has, and waits.
async fn load(sources: Data<Sources>, caller: Caller) -> Result<HttpResponse, Problem> {
    run_task(&sources, &mirror(&sources)?.load, &caller).await
}

/// Runs a task now. The answer is the run, which may have failed.
async fn run_task<W: Work>(
    sources: &Sources,
    task: &Arc<Task<W>>,
    caller: &Caller,
) -> Result<HttpResponse, Problem> {
    let run = sources.run(task, caller.name().map(str::to_owned)).await;
    let run = run.map_err(|failure| Problem::unavailable(failure.detail))?;
    Ok(HttpResponse::Ok().json(run))
}

fn mirror(sources: &Sources) -> Result<&MirrorTasks, Problem> {
    sources.mirror().ok_or_else(|| {
        let detail = "no remote is configured; set WORKER__MIRROR__URL";
        Problem::new(Kind::NotFound, detail)
    })
}

fn find<'a>(sources: &'a Sources, name: &str) -> Result<&'a Arc<Task<Pull>>, Problem> {
    sources.upstream(name).ok_or_else(|| {
        let detail =
            format!("there is no source {name}; those that are configured: {}", sources.names());
        Problem::new(Kind::NotFound, detail)
    })
}

fn unavailable(error: &RequestError) -> Problem {
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
    let answer = match sources.run(only(&sources)?, caller.name().map(str::to_owned)).await {
        Ok(run) => OldAnswer::of(&run),
        Err(failure) => OldAnswer::not_begun(&failure, Utc::now()),
    };
    Ok(HttpResponse::Ok().json(answer))
}

/// `PATCH /api/syncast`: starts a pull.
async fn sync_cast(sources: Data<Sources>, caller: Caller) -> Result<HttpResponse, Problem> {
    // Nobody waits for it.
    drop(sources.start(only(&sources)?, caller.name().map(str::to_owned)));
    Ok(HttpResponse::Ok().json(OldAnswer::started(Utc::now())))
}

/// The query of `GET /api/synlast`.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct LastQuery {
    /// The most runs.
    count: Option<usize>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "EarlierAnswers")]
pub(super) struct Last {
    data: Vec<OldAnswer>,
}

/// `GET /api/synlast`: the last runs, oldest first.
async fn sync_last(
    sources: Data<Sources>,
    Query(LastQuery { count }): Query<LastQuery>,
) -> Result<HttpResponse, Problem> {
    let task = only(&sources)?;
    let runs =
        task.side.runs(&task.job, None, MAX_RUNS).await.map_err(|error| unavailable(&error))?.items;
    let over = runs.iter().filter(|run| run.state != RunState::Running);
    let mut data = over.take(count.unwrap_or(MAX_RUNS)).map(OldAnswer::of).collect::<Vec<_>>();
    data.reverse();
    Ok(HttpResponse::Ok().json(Last { data }))
}
