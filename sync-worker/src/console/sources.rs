//! The services outside: their runs, and running one now.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::web::{self, Data, Path, Query};
use maud::{Markup, html};
use program_kit::access::Rule;
use program_kit::http::endpoints::Routes;
use serde::Deserialize;
use shared_models::runs::{Run, RunState};

use super::guard::{Known, Posted, action, page as guarded_page};
use super::login;
use super::page::{Section, form_key, page};
use super::parts::{Tone, count, empty, length, mark, maybe_time, message, none, time};
use super::session::Visitor;
use crate::side_client::SideClient;
use crate::sources::all::Sources;
use crate::sources::mirror::flush::FLUSH;
use crate::sources::mirror::load::LOAD;
use crate::sources::pull::TASK as PULL;

/// The runs of a source that are shown.
const RUNS: usize = 20;

/// The pages of sources.
pub(super) fn routes() -> Routes {
    Routes::default().with(guarded_page("/sources", Rule::READ, || web::to(list))).with(action(
        "/sources/{name}/{task}",
        Rule::WRITE,
        web::to(run),
    ))
}

/// A source, as the page shows it.
struct Shown<'a> {
    name: &'a str,
    what: &'static str,
    url: String,
    /// The tasks, with the time from one run to the next, if a schedule begins them.
    tasks: Vec<(&'static str, &'static str, Option<Duration>)>,
    side: &'a SideClient,
}

/// The query of `GET /sources`: what was just begun.
#[derive(Debug, Deserialize)]
struct ListQuery {
    begun: Option<String>,
}

fn shown(sources: &Sources) -> Vec<Shown<'_>> {
    let pulls = sources.upstreams().iter().map(|task| Shown {
        name: &task.job,
        what: "Operators and sites are pulled from it to the warehouse",
        url: task.work.upstream.shown_url(),
        tasks: vec![(PULL, "Pull now", Some(task.work.upstream.settings.interval))],
        side: &task.side,
    });
    let mirror = sources.mirror().map(|tasks| {
        let settings = &tasks.remote().settings;
        Shown {
            name: &tasks.flush.job,
            what: "Posts and comments of the store are mirrored with it",
            url: tasks.remote().shown_url(),
            tasks: vec![
                (FLUSH, "Send now", Some(settings.interval)),
                (LOAD, "Load now", settings.load_interval),
            ],
            side: &tasks.flush.side,
        }
    });
    pulls.chain(mirror).collect()
}

/// `GET /sources`: each source with its last runs.
async fn list(sources: Data<Sources>, known: Known, query: Query<ListQuery>) -> HttpResponse {
    let mut parts = vec![];
    for source in shown(&sources) {
        let runs = source.side.runs(source.name, None, RUNS).await;
        let runs = runs.map(|list| list.items).map_err(|error| error.to_string());
        parts.push(card(&source, runs, &known.0));
    }
    let content = html! {
        h1 { "Sources" }
        p.lead { "Services outside, from which records come and with which they are mirrored." }
        @if let Some(begun) = query.begun.as_deref().filter(|it| sources.names().contains(it)) {
            (message(Tone::Good, &html! { "A run of " (begun) " was begun; it stands on top of its list." }))
        }
        @if parts.is_empty() {
            (empty("No source is configured", &html! {
                "Set " code { "WORKER__UPSTREAM__URL" } " to pull operators and sites, " code { "WORKER__MIRROR__URL" }
                " to mirror posts and comments; " code { "deploy/up --with-sources" } " starts one of each to try it with."
            }))
        }
        @for part in &parts { (part) }
    };
    page(&known.0, Section::Sources, "Sources", &content)
}

fn card(source: &Shown<'_>, runs: Result<Vec<Run>, String>, visitor: &Visitor) -> Markup {
    let may_run = visitor.caller.may(Rule::WRITE);
    html! {
        section.card {
            header {
                h2 { (source.name) }
                @if may_run {
                    div.buttons {
                        @for (task, label, _) in &source.tasks {
                            form method="post" action=(format!("/sources/{}/{task}", source.name)) {
                                (form_key(visitor))
                                button { (label) }
                            }
                        }
                    }
                }
            }
            p { (source.what) ": " span.id { (source.url) } }
            p.hint {
                @for (task, _, interval) in &source.tasks {
                    (task) ": "
                    @match interval { Some(interval) => { "every " (length(*interval)) ". " } None => "only when asked for. " }
                }
            }
            @match runs {
                Ok(runs) if runs.is_empty() => p { "It has not run yet." },
                Ok(runs) => (table(source.name, &runs)),
                Err(problem) => (message(Tone::Bad, &html! { (problem) })),
            }
        }
    }
}

fn table(name: &str, runs: &[Run]) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label=(format!("Runs of {name}")) {
            table {
                thead { tr {
                    th scope="col" { "Began" } th scope="col" { "Task" } th scope="col" { "State" }
                    th scope="col" { "Took" } th scope="col" { "Requested by" } th scope="col" { "Figures" }
                } }
                tbody { @for run in runs { (row(run)) } }
            }
        }
    }
}

fn row(run: &Run) -> Markup {
    let tone = match run.state {
        RunState::Running => Tone::Busy,
        RunState::Succeeded => Tone::Good,
        RunState::Failed => Tone::Bad,
        RunState::Abandoned => Tone::Warn,
    };
    let took = run.ended_at.and_then(|ended| (ended - run.began_at).to_std().ok());
    html! {
        tr {
            th scope="row" { (time(run.began_at)) }
            td { (run.task) }
            td { (mark(tone, run.state.as_str())) }
            td { @match took { Some(took) => (length(took)), None => (none()) } }
            td { @match (&run.principal, run.requested) { (Some(name), _) => (name), (None, true) => "somebody", (None, false) => "the schedule" } }
            td {
                @for (name, number) in run.counts.iter().filter(|(_, number)| **number > 0) {
                    span.count { (name.replace('_', " ")) " " b { (count(*number)) } } " "
                }
                @if let Some(failure) = &run.failure { p.reason { (failure.detail) } }
                @if run.again_at.is_some() { p.hint { "again " (maybe_time(run.again_at)) } }
                @if !run.refused.is_empty() {
                    details {
                        summary { "What did not fit" }
                        ul { @for it in &run.refused { li { (it.resource) " " (it.id) ": " (it.detail) } } }
                    }
                }
            }
        }
    }
}

/// `POST /sources/{name}/{task}`: begins a run, and waits for nothing: the list shows it.
async fn run(
    sources: Data<Sources>,
    known: Known,
    path: Path<(String, String)>,
    _posted: Posted,
) -> HttpResponse {
    let (name, task) = path.into_inner();
    let principal = known.0.caller.name().map(str::to_owned);
    let mirror = sources.mirror().filter(|tasks| tasks.flush.job == name);
    match (mirror, sources.upstream(&name), task.as_str()) {
        (Some(tasks), _, FLUSH) => drop(sources.start(&tasks.flush, principal)),
        (Some(tasks), _, LOAD) => drop(sources.start(&tasks.load, principal)),
        (_, Some(pull), PULL) => drop(sources.start(pull, principal)),
        (_, _, _) => return HttpResponse::NotFound().finish(),
    }
    let query =
        form_urlencoded::Serializer::new(String::new()).append_pair("begun", &name).finish();
    login::see(format!("/sources?{query}"))
}
