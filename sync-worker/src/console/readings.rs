//! Stock readings at the warehouse: the newest, and those that expire soon.

use actix_web::HttpResponse;
use actix_web::web::{self, Data, Query};
use chrono::{DateTime, NaiveDate, SecondsFormat, TimeDelta, Utc};
use maud::{Markup, html};
use program_kit::access::Rule;
use program_kit::http::endpoints::Routes;
use serde::Deserialize;
use shared_models::side::Side;

use super::Sides;
use super::guard::{Known, page as guarded_page};
use super::page::{Section, page};
use super::parts::{Tone, empty, mark, message, none, time};

/// The readings on a page.
const PAGE: &str = "50";
/// The days within which a reading expires soon.
const SOON: i64 = 30;

/// The pages of readings.
pub(super) fn routes() -> Routes {
    Routes::default().with(guarded_page("/readings", Rule::READ, || web::to(list)))
}

/// The query of `GET /readings`.
#[derive(Debug, Deserialize)]
struct ReadingQuery {
    /// Set if only what expires soon is shown.
    soon: Option<String>,
    #[serde(default)]
    gtin: String,
    expires_before: Option<String>,
    cursor: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Reading {
    gtin: String,
    updated_at: DateTime<Utc>,
    expiration_date: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Page {
    data: Vec<Reading>,
    next: Option<String>,
}

/// `GET /readings`.
async fn list(sides: Data<Sides>, known: Known, query: Query<ReadingQuery>) -> HttpResponse {
    let now = Utc::now();
    let soon = (now + TimeDelta::days(SOON)).to_rfc3339_opts(SecondsFormat::Secs, true);
    // A link to the next page repeats the time, which its cursor is for.
    let before = query.expires_before.clone().or_else(|| query.soon.as_ref().map(|_| soon));
    let mut asked = vec![("limit", PAGE)];
    asked.extend(before.as_deref().map(|before| ("expires_before", before)));
    asked.extend(Some(query.gtin.trim()).filter(|it| !it.is_empty()).map(|it| ("gtin", it)));
    asked.extend(query.cursor.as_deref().map(|cursor| ("cursor", cursor)));
    let found = sides.of(Side::Warehouse, &known).find::<Page>("v1/readings", &asked).await;
    let is_soon = before.is_some();
    let content = html! {
        h1 { "Stock readings" }
        p.lead { "At the warehouse, as clients have uploaded them." }
        nav.tabs aria-label="Choice" {
            a href="/readings" aria-current=[(!is_soon).then_some("page")] { "Newest" }
            a href="/readings?soon=1" aria-current=[is_soon.then_some("page")] { "Expiring within " (SOON) " days" }
        }
        form.filters method="get" action="/readings" role="search" {
            div.field { label for="gtin" { "GTIN" } input #gtin name="gtin" value=(query.gtin) autocomplete="off"; }
            button { "Search" }
        }
        @match &found {
            Ok(Some(page)) => (readings(page, now, is_soon)),
            Ok(None) => (message(Tone::Bad, &html! { "The warehouse has no readings." })),
            Err(error) => (message(Tone::Bad, &html! { (error) })),
        }
    };
    page(&known.0, Section::Readings, "Stock readings", &content)
}

fn readings(page: &Page, now: DateTime<Utc>, is_soon: bool) -> Markup {
    let query = page.next.as_deref().and_then(|next| next.split_once('?')).map(|(_, it)| it);
    let query = query.map(|query| {
        let pairs = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name != "limit");
        form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
    });
    html! {
        @if page.data.is_empty() {
            (match is_soon {
                true => empty("Nothing expires soon", &html! { "No reading here expires within " (SOON) " days. " a href="/readings" { "Show the newest" } }),
                false => empty("There is no such reading", &html! { "Clients upload readings to " code { "POST /v1/sync/" } " of the warehouse." }),
            })
        } @else {
            div.scroll tabindex="0" role="region" aria-label="Readings" {
                table {
                    thead { tr { th scope="col" { "GTIN" } th scope="col" { "Expires" } th scope="col" { "" span.out-of-sight { "State" } } th scope="col" { "Taken" } } }
                    tbody {
                        @for reading in &page.data {
                            tr {
                                th scope="row" { span.id { (reading.gtin) } }
                                td { @match &reading.expiration_date { Some(date) => (date), None => (none()) } }
                                td { (state(reading.expiration_date.as_deref(), now)) }
                                td { (time(reading.updated_at)) }
                            }
                        }
                    }
                }
            }
        }
        @if let Some(query) = query { p { a.button href=(format!("/readings?{query}")) { "More" } } }
    }
}

/// Says whether a date is past or soon.
fn state(date: Option<&str>, now: DateTime<Utc>) -> Markup {
    let day = date.and_then(|date| NaiveDate::parse_from_str(date.get(..10)?, "%Y-%m-%d").ok());
    match day.map(|day| (day - now.date_naive()).num_days()) {
        Some(..0) => mark(Tone::Bad, "expired"),
        Some(0) => mark(Tone::Warn, "expires today"),
        Some(days @ 1..=SOON) => mark(Tone::Warn, &format!("in {days} d")),
        Some(_) | None => html! {},
    }
}
