//! The page of parked changes, grouped by reason.

use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::Value;
use shared_models::parked::{ParkedChange, ParkedState, RecordName};
use shared_models::side::Side;

use super::super::Sides;
use super::super::guard::Known;
use super::super::page::{Section, form_key, page};
use super::super::parts::{Tone, count, empty, mark, maybe_time, message, number_of, time};
use super::super::session::Visitor;
use super::bulk::{Bulk, MAX_RATE};
use super::groups::{Group, groups};
use super::read;
use crate::parked::ParkedAtSide;

/// The most changes of a side that the page shows.
const SHOWN: usize = 500;
/// The changes of a group that are shown at first.
const OF_GROUP: usize = 50;
/// The most letters of a message that are shown.
const BODY: usize = 4_096;

/// The query of `GET /parked`.
#[derive(Debug, Deserialize)]
pub(super) struct ParkedQuery {
    state: Option<ParkedState>,
}

/// `GET /parked`: the changes in a state, those that wait if none is given.
pub(super) async fn list(
    sides: Data<Sides>,
    bulk: Data<Bulk>,
    known: Known,
    query: Query<ParkedQuery>,
) -> HttpResponse {
    let state = query.state.unwrap_or(ParkedState::Parked);
    let (mut items, mut problems, mut is_cut) = (vec![], vec![], false);
    for side in Side::ALL {
        // Of the messages only what is shown is kept: all of them may be more than the memory.
        let take = |change: ParkedChange| {
            let body = Value::String(body(&change.body));
            items.push(ParkedAtSide::new(side, ParkedChange { body, ..change }));
        };
        match read(&sides.of(side, &known), state, SHOWN, take).await {
            Ok(has_more) => is_cut |= has_more,
            Err(problem) => problems.push(problem),
        }
    }
    let groups = groups(items);
    let content = html! {
        h1 { "Parked changes" }
        p.lead { "What could not be carried while the rest went on. It is kept at the side that made it." }
        (states(state))
        @for problem in &problems { (message(Tone::Bad, &html! { (problem) })) }
        @if is_cut { (message(Tone::Plain, &html! { "Only the newest " (SHOWN) " of each side are shown." })) }
        @if groups.is_empty() && problems.is_empty() { (nothing(state)) }
        @if state == ParkedState::Parked && !groups.is_empty() { (all(&known.0)) }
        @for (index, group) in groups.iter().enumerate() { (group_html(index, group, state, &known.0)) }
        (runs(&bulk))
    };
    page(&known.0, Section::Parked, "Parked changes", &content)
}

fn states(current: ParkedState) -> Markup {
    let name = |state| match state {
        ParkedState::Parked => "Waiting",
        ParkedState::Offered => "Replayed",
        ParkedState::Dropped => "Given up",
    };
    html! {
        nav.tabs aria-label="States" {
            @for state in ParkedState::ALL {
                a href=(format!("/parked?state={}", state.as_str())) aria-current=[(state == current).then_some("page")] { (name(state)) }
            }
        }
    }
}

fn nothing(state: ParkedState) -> Markup {
    match state {
        ParkedState::Parked => empty(
            "Nothing is parked",
            &html! { "Every change could be carried, or waits its turn. " a href="/" { "The overview" } " says which." },
        ),
        ParkedState::Offered => empty(
            "Nothing was replayed lately",
            &html! { "What is replayed stays here for a while, also after it has arrived." },
        ),
        ParkedState::Dropped => {
            empty("Nothing was given up", &html! { "What is given up stays on record here." })
        }
    }
}

/// The form that acts on everything.
fn all(visitor: &Visitor) -> Markup {
    html! {
        details.card {
            summary { "Replay or give up all of them" }
            form.row method="post" action="/parked/act" {
                (form_key(visitor))
                input type="hidden" name="scope" value="all";
                (rate("all"))
                (buttons())
            }
        }
    }
}

fn rate(id: &str) -> Markup {
    let id = format!("rate-{id}");
    html! {
        div.field.small {
            label for=(id) { "A second" }
            input id=(id) name="rate" type="number" min="1" max=(MAX_RATE) value="50" required;
        }
    }
}

fn buttons() -> Markup {
    html! {
        button.main name="action" value="replay" { "Replay" }
        button.danger name="action" value="drop" { "Give up" }
    }
}

fn group_html(index: usize, group: &Group, state: ParkedState, visitor: &Visitor) -> Markup {
    let Some(first) = group.items.first() else { return html! {} };
    let many = u64::try_from(group.items.len()).unwrap_or(u64::MAX);
    html! {
        section.card.group {
            header {
                h2 { (group.reason) }
                p { (number_of(many, "change", "changes")) " at the " (first.side) ", " (first.direction.replace('-', " ")) }
            }
            @if state == ParkedState::Parked {
                form.row method="post" action="/parked/act" {
                    (form_key(visitor))
                    input type="hidden" name="scope" value="ids";
                    @for item in &group.items { input type="hidden" name="id" value=(format!("{}.{}", item.side, item.change.id)); }
                    (rate(&index.to_string()))
                    (buttons())
                }
            }
            @for item in group.items.iter().take(OF_GROUP) { (entry(item, state, visitor)) }
            @if group.items.len() > OF_GROUP {
                details {
                    summary { "The other " (count(group.items.len() - OF_GROUP)) }
                    @for item in group.items.iter().skip(OF_GROUP) { (entry(item, state, visitor)) }
                }
            }
        }
    }
}

fn entry(item: &ParkedAtSide, state: ParkedState, visitor: &Visitor) -> Markup {
    let change = &item.change;
    html! {
        details.entry id=(change.id) {
            summary {
                (record(&change.record)) " " span.hint { "last " (time(change.last_at)) }
                @if change.attempts > 1 { " " (mark(Tone::Warn, &number_of(change.attempts.into(), "attempt", "attempts"))) }
                @if change.overtaken { " " (mark(Tone::Plain, "overtaken")) }
            }
            dl.facts {
                (link(&change.record))
                div { dt { "Reason" } dd { (change.reason) } }
                div { dt { "First parked" } dd { (time(change.first_at)) } }
                div { dt { "Parked last" } dd { (time(change.last_at)) " (" (number_of(change.attempts.into(), "time", "times")) ")" } }
                @if change.offer_at.is_some() { div { dt { "Tried again" } dd { (maybe_time(change.offer_at)) } } }
                @if let Some(at) = change.acted_at {
                    div { dt { "Replayed or given up" } dd { (time(at)) @if let Some(name) = &change.acted_by { " by " strong { (name) } } } }
                }
                div { dt { "Parked change" } dd { span.id { (change.id) } } }
            }
            @if change.overtaken { p.hint { "A newer change of the same record was published, and includes this one." } }
            pre tabindex="0" role="region" aria-label=(format!("Message {}", change.id)) { (change.body.as_str().unwrap_or_default()) }
            @if state == ParkedState::Parked {
                form.row method="post" action="/parked/act" {
                    (form_key(visitor))
                    input type="hidden" name="scope" value="ids";
                    input type="hidden" name="id" value=(format!("{}.{}", item.side, change.id));
                    (buttons())
                }
            }
        }
    }
}

fn record(record: &RecordName) -> Markup {
    match (&record.resource, &record.key) {
        (Some(resource), Some(key)) => html! { (resource) " " span.id { (key) } },
        (_, _) => html! { "A message that names no record" },
    }
}

/// The page of the record, if it has one. It is no part of the summary, which is a button itself.
fn link(record: &RecordName) -> Markup {
    match (record.resource.as_deref(), &record.key) {
        (Some("order"), Some(key)) => html! {
            div { dt { "Order" } dd { a.id href=(format!("/orders/{key}")) { (key) } } }
        },
        (_, _) => html! {},
    }
}

/// Returns a message as it is shown.
fn body(body: &Value) -> String {
    let pretty = || serde_json::to_string_pretty(body).unwrap_or_default();
    let mut text = body.as_str().map_or_else(pretty, str::to_owned);
    if let Some((end, _)) = text.char_indices().nth(BODY) {
        let bytes = text.len();
        text.truncate(end);
        text.push_str(&format!(
            "… ({bytes} bytes; the rest is in the answer of GET /v1/parked/{{id}})"
        ));
    }
    text
}

/// The runs of this worker, which people have begun.
fn runs(bulk: &Bulk) -> Markup {
    let runs = bulk.runs();
    html! {
        @if !runs.is_empty() {
            section.card {
                h2 { "Done from here since the worker began" }
                ul.runs {
                    @for run in &runs {
                        @let progress = run.progress();
                        li {
                            a href=(format!("/parked/runs/{}", run.id)) {
                                (super::run::name(run.action)) " " (number_of(u64::try_from(progress.of).unwrap_or(u64::MAX), "change", "changes"))
                            }
                            " " (time(run.began))
                            @if let Some(principal) = &run.principal { " by " strong { (principal) } }
                            @if progress.ended.is_none() { " " (mark(Tone::Busy, "under way")) }
                        }
                    }
                }
            }
        }
    }
}
