//! The list of orders, both sides next to each other.

use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use maud::{Markup, html};
use program_kit::access::Rule;
use shared_models::order::Status;
use shared_models::side::Side;
use uuid::Uuid;

use super::super::guard::Known;
use super::super::page::{Section, page};
use super::super::parts::{Tone, empty, mark, message, none, time};
use super::super::{Sides, login};
use super::asking::{Found, Search, search};
use super::record::{Order, Pair, Standing, differing};

/// `GET /orders`: the list.
pub(super) async fn list(sides: Data<Sides>, known: Known, wanted: Query<Search>) -> HttpResponse {
    if let Ok(id) = wanted.id.trim().parse::<Uuid>() {
        return login::see(format!("/orders/{id}"));
    }
    let found = match wanted.id.trim().is_empty() {
        true => search(&sides, &known, &wanted).await,
        false => Found {
            problems: vec![format!("{:?} is no id; an id is a UUID", wanted.id.trim())],
            ..Found::default()
        },
    };
    page(&known.0, Section::Orders, "Orders", &content(&known, &wanted, &found))
}

fn content(known: &Known, wanted: &Search, found: &Found) -> Markup {
    let may_place = known.0.caller.may(Rule::WRITE);
    html! {
        div.title {
            h1 { "Orders" }
            @if may_place { a.button.main href="/orders/new" { "Place an order" } }
        }
        (filters(wanted))
        @for problem in &found.problems { (message(Tone::Bad, &html! { (problem) })) }
        @if found.pairs.is_empty() && found.problems.is_empty() {
            (nothing(wanted, may_place, found.next.is_some()))
        } @else if !found.pairs.is_empty() {
            (table(&found.pairs))
        }
        @if let Some(next) = &found.next {
            @let query = next.split_once('?').map_or("", |(_, query)| query);
            p { a.button href=(format!("/orders?{}", without_limit(query))) { "Older orders" } }
        }
    }
}

/// Returns a side's query as one of this page, which has its own limit.
fn without_limit(query: &str) -> String {
    let pairs = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name != "limit");
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

fn filters(wanted: &Search) -> Markup {
    html! {
        form.filters method="get" action="/orders" role="search" {
            div.field {
                label for="id" { "Id" }
                input #id name="id" value=(wanted.id) placeholder="018f6b6e-…" autocomplete="off";
            }
            div.field {
                label for="company" { "Company" }
                input #company name="company" value=(wanted.company) autocomplete="off";
            }
            div.field {
                label for="status" { "Status" }
                select #status name="status" {
                    option value="" { "any" }
                    @for status in Status::ALL {
                        option value=(status) selected[wanted.status == status.as_str()] { (status) }
                    }
                }
            }
            button { "Search" }
            @if !(wanted.id.is_empty() && wanted.company.is_empty() && wanted.status.is_empty()) {
                a.button.quiet href="/orders" { "Show all" }
            }
        }
    }
}

fn nothing(wanted: &Search, may_place: bool, has_more: bool) -> Markup {
    if has_more {
        return empty("None among the newest", &html! { "The search goes on below." });
    }
    match wanted.company.is_empty() && wanted.status.is_empty() {
        true if may_place => empty(
            "There is no order yet",
            &html! { a href="/orders/new" { "Place one" } " and watch it appear at the warehouse." },
        ),
        true => empty("There is no order yet", &html! { "Orders are placed at the store." }),
        false => empty(
            "No order is like that",
            &html! { "A company's name has to be given as it is written. " a href="/orders" { "Show all orders" } },
        ),
    }
}

fn table(pairs: &[Pair]) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label="Orders at both sides" {
            table.orders {
                thead {
                    tr {
                        th scope="col" { "Order" } th scope="col" { "Company" }
                        th scope="col" { "At the store" } th scope="col" { "At the warehouse" }
                        th scope="col" { "The two" } th scope="col" { "Changed" }
                    }
                }
                tbody { @for pair in pairs { (row(pair)) } }
            }
        }
    }
}

fn row(pair: &Pair) -> Markup {
    let Some(order) = pair.either() else { return html! {} };
    let id = order.id.to_string();
    let changed =
        [&pair.store, &pair.warehouse].into_iter().flatten().map(|it| it.updated_at).max();
    html! {
        tr.differs[pair.standing() != Standing::Equal] {
            th scope="row" { a.id href=(format!("/orders/{id}")) title=(id) { (short(&id)) } }
            td { (order.company) }
            td { (at_side(pair.store.as_ref())) }
            td { (at_side(pair.warehouse.as_ref())) }
            td { (standing(pair)) }
            td { @if let Some(changed) = changed { (time(changed)) } }
        }
    }
}

/// The last part of an id: the first is the time, and the same for orders of a moment.
fn short(id: &str) -> String {
    format!("…{}", id.rsplit('-').next().unwrap_or(id))
}

fn at_side(order: Option<&Order>) -> Markup {
    match order {
        Some(order) => html! {
            (order.status)
            @if let Some(tracking) = &order.tracking { " " small { (tracking) } }
        },
        None => none(),
    }
}

/// How the two sides stand to each other, in a mark.
pub(super) fn standing(pair: &Pair) -> Markup {
    match pair.standing() {
        Standing::Equal => mark(Tone::Good, "equal"),
        Standing::OnlyAt(Side::Store) => mark(Tone::Busy, "not at the warehouse"),
        Standing::OnlyAt(Side::Warehouse) => mark(Tone::Warn, "not at the store"),
        Standing::OnTheWay { to_store: true, to_warehouse: true } => {
            mark(Tone::Busy, "on the way, both ways")
        }
        Standing::OnTheWay { to_store: true, .. } => mark(Tone::Busy, "on the way to the store"),
        Standing::OnTheWay { .. } => mark(Tone::Busy, "on the way to the warehouse"),
        Standing::Different => {
            let fields = match (&pair.store, &pair.warehouse) {
                (Some(store), Some(warehouse)) => differing(store, warehouse).join(", "),
                _ => String::new(),
            };
            mark(Tone::Bad, &format!("different: {fields}"))
        }
        Standing::Unknown => none(),
    }
}
