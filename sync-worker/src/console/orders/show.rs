//! The page of an order: both sides' fields in two columns, what is on its way, what can be done, and
//! its life.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Query};
use maud::{Markup, html};
use program_kit::access::Rule;
use serde::Deserialize;
use shared_models::revision::Revision;
use shared_models::side::Side;
use uuid::Uuid;

use super::super::Sides;
use super::super::guard::Known;
use super::super::page::{Section, form_key, page_with};
use super::super::parts::{Tone, count, maybe, message, none, time};
use super::asking;
use super::draft::Refusal;
use super::form::{Field, FieldKind};
use super::list::standing;
use super::record::{Order, Pair, Standing, differing};
use super::timeline::timeline;

/// What was not done, and what had been typed.
pub(super) struct Trouble {
    pub(super) text: Markup,
    pub(super) refusal: Refusal,
    /// Whether it may have been done all the same.
    pub(super) is_unknown: bool,
    /// The carrier that was typed, if any was.
    pub(super) carrier: Option<String>,
    /// The tracking that was typed, if any was.
    pub(super) tracking: Option<String>,
}

/// The query of `GET /orders/{id}`: what was just done.
#[derive(Debug, Deserialize)]
pub(super) struct ShowQuery {
    done: Option<String>,
}

/// `GET /orders/{id}`.
pub(super) async fn show(
    sides: Data<Sides>,
    known: Known,
    id: Path<Uuid>,
    query: Query<ShowQuery>,
) -> HttpResponse {
    let done = match query.done.as_deref() {
        Some("placed") => Some("The order is placed. It is on its way to the warehouse."),
        Some("saved") => Some("It is saved, and on its way to the other side."),
        Some(_) | None => None,
    };
    let done = done.map(|text| message(Tone::Good, &html! { (text) }));
    render(StatusCode::OK, &sides, &known, *id, done, None).await
}

/// Answers with the page of an order after something was not done.
pub(super) async fn answer(
    status: StatusCode,
    sides: &Sides,
    known: &Known,
    id: Uuid,
    trouble: Option<Trouble>,
) -> HttpResponse {
    let text = trouble.as_ref().map(|it| message(Tone::Bad, &it.text));
    render(status, sides, known, id, text, trouble).await
}

async fn render(
    status: StatusCode,
    sides: &Sides,
    known: &Known,
    id: Uuid,
    notice: Option<Markup>,
    trouble: Option<Trouble>,
) -> HttpResponse {
    let (pair, problems) = asking::pair(sides, known, id).await;
    if pair.either().is_none() {
        return missing(known, id, &problems);
    }
    let content = html! {
        @if let Some(notice) = notice { (notice) }
        @for problem in &problems { (message(Tone::Bad, &html! { (problem) })) }
        div.title {
            h1 { "Order " span.id { (id) } }
            // A side that did not answer may have the order all the same.
            @if problems.is_empty() { (standing(&pair)) }
        }
        @if problems.is_empty() { (explain(&pair)) }
        (both(&pair, known))
        @if !trouble.as_ref().is_some_and(|it| it.is_unknown) { (actions(&pair, known, trouble.as_ref())) }
        (timeline(sides, known, id).await)
    };
    page_with(status, &known.0, Section::Orders, "Order", &content)
}

/// Answers that there is no such order, or that nobody could say.
pub(super) fn missing(known: &Known, id: Uuid, problems: &[String]) -> HttpResponse {
    let status = match problems.is_empty() {
        true => StatusCode::NOT_FOUND,
        false => StatusCode::BAD_GATEWAY,
    };
    let content = html! {
        h1 { "Order " span.id { (id) } }
        @for problem in problems { (message(Tone::Bad, &html! { (problem) })) }
        p { @if problems.is_empty() { "Neither side has an order with this id. " } a href="/orders" { "To the orders" } }
    };
    page_with(status, &known.0, Section::Orders, "Order", &content)
}

/// What is on its way, in words.
fn explain(pair: &Pair) -> Markup {
    let text = match pair.standing() {
        Standing::Equal => return html! {},
        Standing::OnlyAt(Side::Store) => {
            "The warehouse does not have it yet. The change waits at the store, in the queue, or is parked; \
             the overview says how the direction is doing."
        }
        Standing::OnlyAt(Side::Warehouse) => {
            "The store does not have it: it was set back to a time before the order was placed. It is given \
             back to the store by the next comparison."
        }
        Standing::OnTheWay { .. } => {
            "One side has counted changes that the other has not seen: they are on their way. The overview \
             says how each direction is doing."
        }
        Standing::Different => {
            "Both sides count the same changes and have different contents: one of them was changed by \
             something else than its service. Edit either side to decide what holds."
        }
        Standing::Unknown => return html! {},
    };
    html! { p.explain { (text) } }
}

fn both(pair: &Pair, known: &Known) -> Markup {
    let differs = match (&pair.store, &pair.warehouse) {
        (Some(store), Some(warehouse)) => differing(store, warehouse),
        _ => vec![],
    };
    let row = |name: &str, field: &str, value: &dyn Fn(&Order) -> Markup| {
        let cell = |side| pair.at(side).map_or_else(none, value);
        html! {
            tr.differs[differs.contains(&field)] {
                th scope="row" { (name) }
                td { (cell(Side::Store)) }
                td { (cell(Side::Warehouse)) }
            }
        }
    };
    html! {
        div.scroll tabindex="0" role="region" aria-label="The order at both sides" {
            table.both {
                thead { tr { th scope="col" { "Field" } @for side in Side::ALL { th scope="col" { (head(pair, side, known)) } } } }
                tbody {
                    (row("Status", "status", &|it| html! { (it.status) }))
                    (row("Company", "company", &|it| html! { (it.company) }))
                    (row("Address", "address", &|it| html! { span.lines { (it.address) } }))
                    (row("Deliver by", "deliver_by", &|it| maybe(it.deliver_by.as_deref())))
                    (row("Comment", "comment", &|it| maybe(it.comment.as_deref())))
                    (row("Lines", "lines", &lines))
                    (row("Carrier", "carrier", &|it| maybe(it.carrier.as_deref())))
                    (row("Tracking", "tracking", &|it| maybe(it.tracking.as_deref())))
                    (row("Total", "", &|it| money(it.total, it.currency.as_deref())))
                    (row("Bin", "", &|it| maybe(it.bin.as_deref())))
                    (row("Pickers' note", "", &|it| maybe(it.picker_note.as_deref())))
                    (row("Changes of the delivery", "", &|it| revision(it.revisions.delivery)))
                    (row("Changes of the progress", "", &|it| revision(it.revisions.progress)))
                    (row("Version", "", &|it| html! { (it.version) }))
                    (row("Here since", "", &|it| time(it.created_at)))
                    (row("Changed", "", &|it| time(it.updated_at)))
                }
            }
        }
    }
}

fn head(pair: &Pair, side: Side, known: &Known) -> Markup {
    let name = match side {
        Side::Store => "Store",
        Side::Warehouse => "Warehouse",
    };
    let editable = pair.at(side).filter(|order| !order.status.is_closed());
    html! {
        (name)
        @if let Some(order) = editable.filter(|_| known.0.caller.may(Rule::WRITE)) {
            " " a.button.small href=(format!("/orders/{}/edit/{side}", order.id)) aria-label=(format!("Edit at the {side}")) { "Edit" }
        }
    }
}

fn lines(order: &Order) -> Markup {
    html! {
        ul.order-lines {
            @for line in &order.lines {
                li {
                    (count(line.quantity)) " × " (line.sku)
                    @if line.unit_price.is_some() { " at " (money(line.unit_price, order.currency.as_deref())) }
                }
            }
        }
    }
}

/// An amount of money; the script shows it in the reader's way.
fn money(amount: Option<i64>, currency: Option<&str>) -> Markup {
    match (amount, currency) {
        (Some(amount), Some(currency)) => html! {
            data value=(amount) data-currency=(currency) title=(format!("{amount} minor units of {currency}")) {
                (count(amount)) " minor units of " (currency)
            }
        },
        (Some(amount), None) => html! { (count(amount)) " minor units" },
        (None, _) => none(),
    }
}

fn revision(revision: Revision) -> Markup {
    html! { (revision.store) " at the store, " (revision.warehouse) " at the warehouse" }
}

/// Moving its status and voiding it, for those who may.
fn actions(pair: &Pair, known: &Known, trouble: Option<&Trouble>) -> Markup {
    if !known.0.caller.may(Rule::WRITE) {
        return html! {};
    }
    let voidable = pair.store.as_ref().filter(|it| !it.status.moves(Side::Store).is_empty());
    let movable = pair.warehouse.as_ref().filter(|it| !it.status.moves(Side::Warehouse).is_empty());
    html! {
        div.actions {
            @if let Some(order) = movable { (moving(order, known, trouble)) }
            @if let Some(order) = voidable {
                details.card {
                    summary { "Void it at the store" }
                    p { "It will not be delivered. That cannot be undone; a voided order stays on record." }
                    form method="post" action=(format!("/orders/{}/void", order.id)) {
                        (form_key(&known.0))
                        input type="hidden" name="version" value=(order.version);
                        button.danger { "Void the order" }
                    }
                }
            }
        }
    }
}

fn moving(order: &Order, known: &Known, trouble: Option<&Trouble>) -> Markup {
    let is = |text: &Option<String>| text.clone().unwrap_or_default();
    let was = (is(&order.carrier), is(&order.tracking));
    let typed = |of: fn(&Trouble) -> &Option<String>| trouble.and_then(|it| of(it).clone());
    let carrier = typed(|it| &it.carrier).unwrap_or_else(|| was.0.clone());
    let tracking = typed(|it| &it.tracking).unwrap_or_else(|| was.1.clone());
    let problem = |name: &str| trouble.and_then(|trouble| trouble.refusal.with(name));
    let field = |name: &str, label: &str, value: &str| {
        let (problem, kind) = (problem(name), FieldKind::Line);
        Field { id: name, name, label, hint: "", value, now: None, problem, kind }.html()
    };
    html! {
        section.card {
            h2 { "Move it on at the warehouse" }
            form.row method="post" action=(format!("/orders/{}/move", order.id)) novalidate {
                (form_key(&known.0))
                input type="hidden" name="version" value=(order.version);
                input type="hidden" name="carrier_was" value=(was.0);
                input type="hidden" name="tracking_was" value=(was.1);
                div.field {
                    label for="to-status" { "Status" }
                    select #to-status name="status" {
                        @for status in order.status.moves(Side::Warehouse) { option value=(status) { (status) } }
                    }
                }
                (field("carrier", "Carrier", &carrier))
                (field("tracking", "Tracking", &tracking))
                button.main { "Move" }
            }
        }
    }
}
