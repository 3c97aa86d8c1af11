//! Placing, editing, moving and voiding orders: forms that become requests to a side.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use maud::{Markup, html};
use reqwest::Method;
use serde_json::{Value, json};
use shared_models::side::Side;
use uuid::Uuid;

use super::super::guard::{Known, Posted};
use super::super::page::{Section, page, page_with};
use super::super::parts::{Tone, message};
use super::super::{Sides, login};
use super::asking;
use super::draft::{Draft, Refusal};
use super::form::Form;
use super::record::Order;
use super::show::{self, Trouble};
use crate::side_client::{PersonRequest, Reply};

/// What became of a request.
enum Done {
    /// The action was done to the order with this id.
    Yes(Uuid),
    /// The action was refused.
    No(Refusal),
    /// The outcome cannot be known: the side does not answer, or fails.
    Unknown(String),
}

async fn request(sides: &Sides, known: &Known, side: Side, request: PersonRequest<'_>) -> Done {
    match sides.of(side, known).request_for_person(request).await {
        Ok(reply @ Reply { status: 200 | 201, .. }) => match serde_json::from_slice(&reply.body) {
            Ok(Order { id, .. }) => Done::Yes(id),
            Err(error) => Done::Unknown(format!("the {side}: its answer is invalid: {error}")),
        },
        Ok(reply @ Reply { status: 500.., .. }) => Done::Unknown(Refusal::of(&reply).detail),
        Ok(reply) => Done::No(Refusal::of(&reply)),
        Err(error) => Done::Unknown(error.to_string()),
    }
}

/// `GET /orders/new`: the form for an order. It has the id already, so that sending it twice places
/// one order.
pub(super) async fn new(known: Known) -> HttpResponse {
    let draft = Draft { currency: "EUR".to_owned(), ..Draft::default() };
    let form = placing(&known, Uuid::now_v7().to_string(), draft, Refusal::default());
    page(&known.0, Section::Orders, "Place an order", &form)
}

fn placing(known: &Known, id: String, draft: Draft, refusal: Refusal) -> Markup {
    let form = Form {
        visitor: &known.0,
        side: Side::Store,
        action: "/orders/new",
        hidden: vec![("id", id)],
        draft,
        now: None,
        refusal,
        button: "Place the order",
        back: "/orders",
    };
    html! { h1 { "Place an order" } (form.html()) }
}

/// `POST /orders/new`: places the order at the store.
pub(super) async fn place(sides: Data<Sides>, known: Known, posted: Posted) -> HttpResponse {
    let draft = Draft::posted(&posted);
    let mut body = draft.body(Side::Store);
    body["id"] = json!(posted.text("id"));
    let asked =
        PersonRequest { method: &Method::POST, path: "v1/orders", seen: None, body: Some(&body) };
    let (status, trouble, refusal) = match request(&sides, &known, Side::Store, asked).await {
        Done::Yes(id) => return login::see(format!("/orders/{id}?done=placed")),
        Done::No(refusal) => (status_of(refusal.status), refusal.detail.clone(), refusal),
        Done::Unknown(reason) => {
            let trouble = format!(
                "It is not known whether the order was placed ({reason}). Send it again: it is placed once."
            );
            (StatusCode::BAD_GATEWAY, trouble, Refusal::default())
        }
    };
    let content = html! {
        (message(Tone::Bad, &html! { (trouble) }))
        (placing(&known, posted.text("id").to_owned(), draft, refusal))
    };
    page_with(status, &known.0, Section::Orders, "Place an order", &content)
}

fn status_of(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY)
}

/// `GET /orders/{id}/edit/{side}`: the form with the order as it is there.
pub(super) async fn edit(
    sides: Data<Sides>,
    known: Known,
    path: Path<(Uuid, Side)>,
) -> HttpResponse {
    let (id, side) = path.into_inner();
    let (pair, problems) = asking::pair(&sides, &known, id).await;
    match pair.at(side) {
        Some(order) => {
            let form = editing(&known, (id, side), order.version, Draft::of(order));
            page(&known.0, Section::Orders, "Edit an order", &titled(side, &form.html()))
        }
        None => show::missing(&known, id, &problems),
    }
}

fn editing(known: &Known, (id, side): (Uuid, Side), seen: i64, draft: Draft) -> EditForm<'_> {
    EditForm {
        action: format!("/orders/{id}/edit/{side}"),
        back: format!("/orders/{id}"),
        known,
        side,
        seen,
        draft,
        now: None,
        refusal: Refusal::default(),
    }
}

struct EditForm<'a> {
    known: &'a Known,
    action: String,
    back: String,
    side: Side,
    seen: i64,
    draft: Draft,
    now: Option<Draft>,
    refusal: Refusal,
}

impl EditForm<'_> {
    fn html(self) -> Markup {
        Form {
            visitor: &self.known.0,
            side: self.side,
            action: &self.action,
            hidden: vec![("version", self.seen.to_string())],
            draft: self.draft,
            now: self.now,
            refusal: self.refusal,
            button: "Save",
            back: &self.back,
        }
        .html()
    }
}

fn titled(side: Side, content: &Markup) -> Markup {
    html! { h1 { "Edit at the " (side) } (content) }
}

/// `POST /orders/{id}/edit/{side}`: sets the order there, unless it has changed meanwhile.
pub(super) async fn save(
    sides: Data<Sides>,
    known: Known,
    path: Path<(Uuid, Side)>,
    posted: Posted,
) -> HttpResponse {
    let (id, side) = path.into_inner();
    let draft = Draft::posted(&posted);
    let seen = version(&posted);
    let there = async || asking::one(&sides.of(side, &known), id).await.ok().flatten();
    let was = there().await.filter(|order| order.version == seen);
    let was = was.as_ref().map(Draft::of).unwrap_or_default();
    let body = draft.clone().keeping(&was).body(side);
    let target = format!("v1/orders/{id}");
    let asked = PersonRequest {
        method: &Method::PATCH,
        path: &target,
        seen: Some(seen),
        body: Some(&body),
    };
    let mut form = editing(&known, (id, side), seen, draft);
    let (status, trouble) = match request(&sides, &known, side, asked).await {
        Done::Yes(_) => return login::see(format!("/orders/{id}?done=saved")),
        Done::No(refusal) if refusal.status == 412 => {
            if let Some(order) = there().await {
                form.seen = order.version;
                form.now = Some(Draft::of(&order));
            }
            (StatusCode::PRECONDITION_FAILED, faster(side))
        }
        Done::No(refusal) => {
            let answer = (status_of(refusal.status), html! { (refusal.detail) });
            form.refusal = refusal;
            answer
        }
        Done::Unknown(reason) => (StatusCode::BAD_GATEWAY, unknown_edit(&reason)),
    };
    let content = html! { (message(Tone::Bad, &trouble)) (titled(side, &form.html())) };
    page_with(status, &known.0, Section::Orders, "Edit an order", &content)
}

fn faster(side: Side) -> Markup {
    html! {
        strong { "Somebody else was faster." } " The order was changed at the " (side)
        " while you were at it, and nothing of yours is saved. Below is what you wrote; where something \
         else stands there now, it says so. Saving sets it to what you wrote."
    }
}

fn unknown_edit(reason: &str) -> Markup {
    html! {
        "It is not known whether that was saved (" (reason) "). Save it again: if it was, it says that \
         somebody was faster, and shows what stands there."
    }
}

/// The version that a form was made of; without one the side refuses the change.
fn version(posted: &Posted) -> i64 {
    posted.text("version").parse().unwrap_or_default()
}

/// `POST /orders/{id}/move`: moves the status at the warehouse.
pub(super) async fn advance(
    sides: Data<Sides>,
    known: Known,
    id: Path<Uuid>,
    posted: Posted,
) -> HttpResponse {
    let mut body = json!({"status": posted.text("status")});
    for name in ["carrier", "tracking"] {
        if let Some(text) = typed(&posted, name) {
            body[name] = if text.is_empty() { Value::Null } else { json!(text) };
        }
    }
    change(&sides, &known, (*id, Side::Warehouse), (&Method::PATCH, Some(&body)), &posted).await
}

/// Returns the text of a field, if it is another one than the page had: what nobody has touched is not sent,
/// and not shown again in place of what somebody else has written meanwhile.
fn typed<'a>(posted: &'a Posted, name: &str) -> Option<&'a str> {
    Some(posted.text(name)).filter(|text| *text != posted.text(&format!("{name}_was")))
}

/// `POST /orders/{id}/void`: voids the order at the store.
pub(super) async fn void(
    sides: Data<Sides>,
    known: Known,
    id: Path<Uuid>,
    posted: Posted,
) -> HttpResponse {
    change(&sides, &known, (*id, Side::Store), (&Method::DELETE, None), &posted).await
}

/// A form below this would be of the order as it is by now, and do what was done a second time.
fn unknown(id: Uuid, reason: &str) -> Markup {
    html! {
        "It is not known whether that was done (" (reason) "). Below is what stood there a moment later. "
        a href=(format!("/orders/{id}")) { "Open the order again" } " to go on from there."
    }
}

/// Changes an order from its page, which says what became of it.
async fn change(
    sides: &Sides,
    known: &Known,
    (id, side): (Uuid, Side),
    (method, body): (&Method, Option<&Value>),
    posted: &Posted,
) -> HttpResponse {
    let path = format!("v1/orders/{id}");
    let asked = PersonRequest { method, path: &path, seen: Some(version(posted)), body };
    let mut is_unknown = false;
    let (status, text, refusal) = match request(sides, known, side, asked).await {
        Done::Yes(_) => return login::see(format!("/orders/{id}?done=saved")),
        Done::No(refusal) if refusal.status == 412 => {
            let text = html! {
                strong { "Somebody else was faster." } " The order was changed at the " (side)
                " since this page was opened, and yours was not done. This is how it stands now."
            };
            (StatusCode::PRECONDITION_FAILED, text, Refusal::default())
        }
        Done::No(refusal) => (status_of(refusal.status), html! { (refusal.detail) }, refusal),
        Done::Unknown(reason) => {
            is_unknown = true;
            (StatusCode::BAD_GATEWAY, unknown(id, &reason), Refusal::default())
        }
    };
    let [carrier, tracking] =
        ["carrier", "tracking"].map(|name| typed(posted, name).map(str::to_owned));
    let trouble = Trouble { text, refusal, is_unknown, carrier, tracking };
    show::answer(status, sides, known, id, Some(trouble)).await
}
