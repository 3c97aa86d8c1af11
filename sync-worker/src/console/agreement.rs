//! Agreement: comparing all orders of both sides now, the receipts of such audits, and what they found.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{self, Data, Path};
use maud::{Markup, html};
use program_kit::access::Rule;
use program_kit::http::endpoints::Routes;
use shared_models::runs::{MAX_RUNS, Run, RunState};

use super::guard::{Known, Posted, page as guarded_page, page_and_action};
use super::login;
use super::page::{Section, form_key, page, page_with};
use super::parts::{Tone, count, empty, length, mark, maybe_time, message, none, number_of, time};
use super::session::Visitor;
use crate::audit::{
    Audits, Began, DetailedAudit, Difference, Ending, Kind, ShownAudit, ShownReport, audits,
    numbered,
};

/// The pages of agreement.
pub(super) fn routes() -> Routes {
    Routes::default()
        .with(guarded_page("/agreement/{number}", Rule::READ, || web::to(show)))
        .with(page_and_action("/agreement", Rule::READ, || web::to(list), web::to(begin)))
}

async fn runs(audits: &Audits) -> Result<Vec<Run>, String> {
    let runs = audits.runs(MAX_RUNS).await;
    runs.map(|list| list.items).map_err(|error| error.to_string())
}

/// `GET /agreement`: the audits, newest first.
async fn list(of: Data<Audits>, known: Known) -> HttpResponse {
    let runs = runs(&of).await;
    let content = content(&of, &known.0, runs.as_deref().map_err(String::as_str));
    page(&known.0, Section::Agreement, "Agreement", &content)
}

fn content(of: &Audits, visitor: &Visitor, runs: Result<&[Run], &str>) -> Markup {
    let shown = runs.map(audits);
    let under_way = shown.as_deref().ok().and_then(|all| all.first()).filter(|it| is_running(it));
    html! {
        div data-poll=[under_way.map(|_| "")] {
            div.title {
                h1 { "Agreement" }
                @if visitor.caller.may(Rule::WRITE) && of.is_enabled() && under_way.is_none() {
                    form method="post" action="/agreement" {
                        (form_key(visitor))
                        button.main { "Compare now" }
                    }
                }
            }
            p.lead {
                "All orders of both sides are compared"
                @match of.interval() { Some(interval) => { " every " (length(interval)) "," } None => " when somebody asks for it," }
                " what differs is published again, and a receipt is kept. What changed lately is compared all the time."
            }
            @match &shown {
                Err(problem) => (message(Tone::Bad, &html! { (problem) })),
                Ok(all) if all.is_empty() => (empty("Nothing was compared yet", &html! { "Compare now: it takes seconds for some thousands of orders." })),
                Ok(all) => {
                    @if let Some(audit) = under_way { (progress(audit)) }
                    (table(all))
                }
            }
        }
    }
}

fn is_running(audit: &ShownAudit) -> bool {
    audit.state == RunState::Running
}

fn progress(audit: &ShownAudit) -> Markup {
    let report = audit.progress.as_ref();
    let compared = report.map_or(0, |it| it.compared);
    let expected = report.and_then(|it| it.expected).map(|it| it.max(compared));
    html! {
        section.card {
            h2 { "Comparing since " (time(audit.began_at)) }
            progress max=[expected] value=[expected.map(|_| compared)] aria-label="Compared" {}
            p {
                (number_of(compared, "order", "orders")) " compared"
                @if let Some(expected) = expected { " of about " (count(expected)) }
                ", " (number_of(report.map_or(0, |it| it.differences), "difference", "differences")) " so far."
            }
        }
    }
}

fn table(all: &[ShownAudit]) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label="Audits" {
            table {
                thead { tr {
                    th scope="col" { "Receipt" } th scope="col" { "Result" } th.n scope="col" { "Orders" }
                    th.n scope="col" { "Differences" } th.n scope="col" { "Healed" } th.n scope="col" { "Left" }
                    th scope="col" { "Ended" } th scope="col" { "Requested by" }
                } }
                tbody { @for audit in all { (row(audit)) } }
            }
        }
    }
}

fn row(audit: &ShownAudit) -> Markup {
    let report = audit.receipt.as_ref().or(audit.progress.as_ref());
    let number = |of: fn(&ShownReport) -> u64| match report {
        Some(report) => html! { (count(of(report))) },
        None => none(),
    };
    html! {
        tr {
            th scope="row" {
                @match audit.number {
                    Some(number) => a href=(format!("/agreement/{number}")) { (number) },
                    None => (none()),
                }
            }
            td { (result(audit)) }
            td.n { (number(|it| it.compared)) }
            td.n { (number(|it| it.differences)) }
            td.n { (number(|it| it.healed)) }
            td.n { (number(|it| it.left)) }
            td { (maybe_time(audit.ended_at)) }
            td { (requested_by(audit)) }
        }
    }
}

fn requested_by(audit: &ShownAudit) -> &str {
    match (&audit.principal, audit.requested) {
        (Some(name), _) => name,
        (None, true) => "somebody",
        (None, false) => "the schedule",
    }
}

fn result(audit: &ShownAudit) -> Markup {
    match (audit.state, &audit.receipt) {
        (RunState::Succeeded, Some(receipt)) if receipt.left > 0 => {
            mark(Tone::Bad, "differences left")
        }
        (RunState::Succeeded, Some(receipt)) if receipt.differences > 0 => {
            mark(Tone::Warn, "healed")
        }
        (RunState::Succeeded, Some(receipt)) if receipt.dropped > 0 => {
            mark(Tone::Plain, "except what was given up")
        }
        (RunState::Succeeded, Some(receipt)) if receipt.agrees => mark(Tone::Good, "in agreement"),
        (RunState::Succeeded, _) => mark(Tone::Plain, "ended"),
        (RunState::Running, _) => mark(Tone::Busy, "under way"),
        (RunState::Failed, _) => html! {
            (mark(Tone::Bad, "failed"))
            @if let Some(failure) = &audit.failure { p.reason { (failure.detail) } }
        },
        (RunState::Abandoned, _) => mark(Tone::Warn, "abandoned"),
    }
}

/// `GET /agreement/{number}`: an audit, with what it found.
async fn show(of: Data<Audits>, known: Known, number: Path<u64>) -> HttpResponse {
    let found = runs(&of).await.map(|runs| numbered(&runs, *number));
    let (status, content) = match found {
        Ok(Some(audit)) => (StatusCode::OK, receipt(*number, &audit)),
        Ok(None) => (
            StatusCode::NOT_FOUND,
            html! { p { "There is no such audit among the newest " (MAX_RUNS) ". " a href="/agreement" { "To the audits" } } },
        ),
        Err(problem) => (StatusCode::BAD_GATEWAY, message(Tone::Bad, &html! { (problem) })),
    };
    let content = html! { h1 { "Receipt " (number) } (content) };
    page_with(status, &known.0, Section::Agreement, "Receipt", &content)
}

fn receipt(number: u64, found: &DetailedAudit) -> Markup {
    let DetailedAudit { audit, differences } = found;
    let report = audit.receipt.as_ref().or(audit.progress.as_ref());
    html! {
        section.card data-receipt=(number) {
            p { (result(audit)) " requested by " (requested_by(audit)) }
            @if let Some(report) = report {
                dl.facts {
                    div { dt { "From" } dd { (time(report.from)) } }
                    div { dt { "To" } dd { (maybe_time(report.to)) } }
                    div { dt { "Orders compared" } dd { (count(report.compared)) } }
                    div { dt { "Differences" } dd { (count(report.differences)) } }
                    div { dt { "Healed" } dd { (count(report.healed)) } }
                    div { dt { "Left" } dd { (count(report.left)) @if report.parked > 0 { ", of which " (count(report.parked)) " have a parked change" } } }
                    @if report.dropped > 0 {
                        div { dt { "Given up" } dd { (number_of(report.dropped, "order differs", "orders differ")) " because a change was given up" } }
                    }
                    div { dt { "Changed all the while" } dd { (count(report.moving)) } }
                    div { dt { "Digest of the store" } dd { span.id { (String::from(report.digests.store)) } } }
                    div { dt { "Digest of the warehouse" } dd { span.id { (String::from(report.digests.warehouse)) } } }
                }
            }
        }
        @if !differences.is_empty() { (table_of(differences)) }
        p { a.button href="/agreement" { "To the audits" } }
    }
}

fn table_of(differences: &[Difference]) -> Markup {
    let what = |kind| match kind {
        Kind::MissingAtStore => "the store lacked it",
        Kind::MissingAtWarehouse => "the warehouse lacked it",
        Kind::StoreBehind => "the store lacked a change",
        Kind::WarehouseBehind => "the warehouse lacked a change",
        Kind::BothBehind => "each lacked a change of the other",
        Kind::Different => "one revision with different contents",
        Kind::Parked => "a change of it is parked",
        Kind::Dropped => "a change of it was given up",
    };
    html! {
        div.scroll tabindex="0" role="region" aria-label="Differences" {
            table {
                thead { tr { th scope="col" { "Order" } th scope="col" { "Difference" } th scope="col" { "What came of it" } } }
                tbody {
                    @for Difference { order, kind, outcome } in differences {
                        tr {
                            th scope="row" { a.id href=(format!("/orders/{order}")) { (order) } }
                            td { (what(*kind)) }
                            td { @match (outcome, kind) {
                                (Ending::Healed, _) => (mark(Tone::Good, "healed")),
                                (Ending::Left, Kind::Dropped) => (mark(Tone::Plain, "left as it is")),
                                (Ending::Left, _) => (mark(Tone::Bad, "left")),
                            } }
                        }
                    }
                }
            }
        }
    }
}

/// `POST /agreement`: begins an audit, for those who may.
async fn begin(of: Data<Audits>, known: Known, _posted: Posted) -> HttpResponse {
    if !known.0.caller.may(Rule::WRITE) {
        let content = html! { h1 { "Not permitted" } p { "Comparing now needs the role write." } };
        return page_with(
            StatusCode::FORBIDDEN,
            &known.0,
            Section::Agreement,
            "Not permitted",
            &content,
        );
    }
    match of.begin(known.0.caller.name().map(str::to_owned)).await {
        Ok(Began::Begun(_) | Began::Busy(_)) => login::see("/agreement"),
        Ok(Began::Off) => {
            let text = "Nothing is compared: compare.enabled is false in this worker's settings.";
            let content = html! { h1 { "Not begun" } p { (text) } };
            page_with(StatusCode::CONFLICT, &known.0, Section::Agreement, "Not begun", &content)
        }
        Err(failure) => {
            let content =
                html! { h1 { "Not begun" } (message(Tone::Bad, &html! { (failure.detail) })) };
            page_with(StatusCode::BAD_GATEWAY, &known.0, Section::Agreement, "Not begun", &content)
        }
    }
}
