//! Beginning a run over parked changes, and the page that says how far it has come.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use maud::{Markup, html};
use shared_models::parked::{ParkedAction, ParkedChange, ParkedState};
use shared_models::side::Side;
use uuid::Uuid;

use super::super::guard::{Known, Posted};
use super::super::page::{Section, page, page_with};
use super::super::parts::{Tone, count, mark, message, number_of, time};
use super::super::{Sides, login};
use super::bulk::{Begin, Bulk, MAX_CHANGES, MAX_RATE, Outcome, Run};
use super::read;
use crate::side_client::SideClient;

/// The most results of a kind that the page shows: it is made anew each second.
const SHOWN: usize = 500;

/// Returns what an action does, as shown to people.
pub(super) const fn name(action: ParkedAction) -> &'static str {
    match action {
        ParkedAction::Replay => "Replay of",
        ParkedAction::Drop => "Giving up",
    }
}

/// `POST /parked/act`: begins a run over one change, a group, or all.
pub(super) async fn act(
    sides: Data<Sides>,
    bulk: Data<Bulk>,
    known: Known,
    posted: Posted,
) -> HttpResponse {
    match begin(&sides, &bulk, &known, &posted).await {
        Ok(id) => login::see(format!("/parked/runs/{id}")),
        Err(problem) => {
            let content = html! {
                h1 { "Not done" }
                (message(Tone::Bad, &html! { (problem) }))
                p { a href="/parked" { "Back to the parked changes" } }
            };
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            page_with(status, &known.0, Section::Parked, "Not done", &content)
        }
    }
}

async fn begin(sides: &Sides, bulk: &Bulk, known: &Known, posted: &Posted) -> Result<Uuid, String> {
    let action = match posted.text("action") {
        "replay" => ParkedAction::Replay,
        "drop" => ParkedAction::Drop,
        _ => return Err("Expected to replay or to give up.".to_owned()),
    };
    let rate = match posted.text("rate") {
        "" => MAX_RATE,
        text => {
            text.parse().ok().filter(|rate| (1..=MAX_RATE).contains(rate)).ok_or_else(|| {
                format!("The rate {text:?} is none; expected a whole number from 1 to {MAX_RATE}.")
            })?
        }
    };
    let clients = Side::ALL.map(|side| sides.of(side, known));
    let (changes, is_cut) = match posted.text("scope") {
        "all" => all(&clients).await?,
        _ => {
            let named = posted.all("id").map(named).collect::<Option<_>>();
            (named.ok_or("An id cannot be read.")?, false)
        }
    };
    let principal = known.0.caller.name().map(str::to_owned);
    let run = bulk.begin(Begin { action, principal, rate, sides: clients, changes, is_cut });
    let run = run.ok_or("Too many runs are under way; wait until one has ended.")?;
    Ok(run.id)
}

/// Parses `store.018f…`.
fn named(text: &str) -> Option<(Side, Uuid)> {
    let (side, id) = text.split_once('.')?;
    let side = Side::ALL.into_iter().find(|known| known.as_str() == side)?;
    Some((side, id.parse().ok()?))
}

/// Returns the changes that wait at both sides, and whether there are more than a run is about.
async fn all(clients: &[SideClient; 2]) -> Result<(Vec<(Side, Uuid)>, bool), String> {
    let (mut all, mut is_cut) = (vec![], false);
    for client in clients {
        let take = |change: ParkedChange| all.push((client.side(), change.id));
        is_cut |= read(client, ParkedState::Parked, MAX_CHANGES, take).await?;
    }
    Ok((all, is_cut))
}

/// `GET /parked/runs/{id}`: how far a run has come, with a result for each change.
pub(super) async fn show(bulk: Data<Bulk>, known: Known, id: Path<Uuid>) -> HttpResponse {
    let Some(run) = bulk.run(*id) else {
        let content = html! {
            h1 { "No such run" }
            p { "This worker keeps the last ones since it began. " a href="/parked" { "To the parked changes" } }
        };
        let status = StatusCode::NOT_FOUND;
        return page_with(status, &known.0, Section::Parked, "No such run", &content);
    };
    page(&known.0, Section::Parked, "Parked changes", &content(&run))
}

fn content(run: &Run) -> Markup {
    let progress = run.progress();
    let of = u64::try_from(progress.of).unwrap_or(u64::MAX);
    let (done, left): (Vec<_>, Vec<_>) = progress.results.iter().partition(|it| it.left.is_none());
    let word = match run.action {
        ParkedAction::Replay => "replayed",
        ParkedAction::Drop => "given up",
    };
    html! {
        div data-poll=[progress.ended.is_none().then_some("")] {
            h1 { (name(run.action)) " " (number_of(of, "parked change", "parked changes")) }
            p {
                "Begun " (time(run.began))
                @if let Some(principal) = &run.principal { " by " strong { (principal) } }
                ", up to " (run.rate) " a second. "
                @match progress.ended {
                    Some(ended) => { "Ended " (time(ended)) "." }
                    None => (mark(Tone::Busy, "under way")),
                }
            }
            progress max=(progress.of.max(1)) value=(progress.results.len()) aria-label="Progress" {}
            @if let Some(failure) = &progress.failure {
                (message(Tone::Bad, &html! { "It ended early: " (failure) ". What is not listed below was not touched, or its outcome is unknown." }))
            }
            p { (count(done.len())) " " (word) ", " (count(left.len())) " left alone." }
            @if run.is_cut {
                (message(Tone::Warn, &html! { "A run is about the newest " (count(MAX_CHANGES)) " of each side: there are more. Do it again once this has ended." }))
            }
            @if run.action == ParkedAction::Replay && !done.is_empty() {
                p.hint { "A replayed change is published again at once. If it fails again, it is parked again, and stands on the list." }
            }
            @if !progress.results.is_empty() { (results(&left, &done, word)) }
            p { a.button href="/parked" { "To the parked changes" } }
        }
    }
}

fn results(left: &[&Outcome], done: &[&Outcome], word: &str) -> Markup {
    let newest = |results: &[&Outcome]| results.len().saturating_sub(SHOWN);
    let shown = left[newest(left)..].iter().chain(&done[newest(done)..]);
    html! {
        @if left.len().max(done.len()) > SHOWN { p.hint { "The newest " (SHOWN) " of each result:" } }
        div.scroll tabindex="0" role="region" aria-label="Results" {
            table {
                thead { tr { th scope="col" { "Parked change" } th scope="col" { "Side" } th scope="col" { "Result" } } }
                tbody {
                    @for Outcome { id, side, left } in shown {
                        tr {
                            th scope="row" { span.id { (id) } }
                            td { (side) }
                            td { @match left {
                                None => (mark(Tone::Good, word)),
                                Some(reason) => { (mark(Tone::Warn, "left alone")) " " (reason) }
                            } }
                        }
                    }
                }
            }
        }
    }
}
