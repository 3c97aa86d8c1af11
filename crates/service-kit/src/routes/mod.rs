//! The routes of a service: those of both sides, and what a side adds to them.

mod history;
mod offers;
mod parked;
mod read;
mod relay;
mod sync;
mod write;

use actix_web::http::Method;
use actix_web::http::header::LINK;
use actix_web::{HttpResponse, HttpResponseBuilder, web};
use program_kit::access::Rule;
use program_kit::http::conditional::etag;
use program_kit::http::page::{PageRequest, Position};
use program_kit::http::resource::{Resource, Routes, Served, on, reads, resource};
use program_kit::http::{self, health};
use serde::Serialize;
use uuid::Uuid;

use crate::orders::{Domain, Order};
use crate::{metrics, readiness};

/// Returns the path of an order.
#[must_use]
pub fn location(id: Uuid) -> String {
    format!("/v1/orders/{id}")
}

/// `/v1/orders`: the list, and the side's own methods.
pub fn collection<D: Domain>(reason: &'static str, more: Vec<Served>) -> Resource {
    let mut served = reads(Rule::READ, || web::to(read::list::<D>));
    served.extend(more);
    resource("/v1/orders", reason, served)
}

/// `/v1/orders/{id}`: one order: reading and setting it, and the side's own methods.
pub fn item<D: Domain>(reason: &'static str, more: Vec<Served>) -> Resource {
    let mut served = reads(Rule::READ, || web::to(read::one::<D>));
    served.push(on(Method::PUT, Rule::WRITE, web::to(write::put::<D>)));
    served.push(on(Method::PATCH, Rule::WRITE, web::to(write::patch::<D>)));
    served.extend(more);
    resource("/v1/orders/{id}", reason, served)
}

/// `/v1/orders/{id}/changes`: the history of an order.
fn history<D: Domain>() -> Resource {
    let served = reads(Rule::READ, || web::to(history::list::<D>));
    resource("/v1/orders/{id}/changes", "the history of an order is only read", served)
}

/// The routes of every side, except those of its orders.
#[must_use]
pub fn side<D: Domain>() -> Routes {
    Routes::default()
        .with(history::<D>())
        .and(sync::sync::<D>())
        .and(offers::offers())
        .and(relay::relay())
        .and(parked::parked::<D>())
        .and(health::routes(readiness::ready))
        .and(http::metrics::routes(metrics::tell))
}

/// Builds a response with an order.
pub fn answer<D: Domain>(
    mut response: HttpResponseBuilder,
    order: &Order<D::Private>,
) -> HttpResponse {
    response.insert_header(etag(order.version)).json(D::show(order))
}

/// A page, as sent.
#[derive(Debug, Serialize)]
struct Page<T> {
    /// The items on the page.
    items: Vec<T>,
    /// The link to the next page; null on the last.
    next: Option<String>,
    /// `false`, and only then sent, if the page ends early, at the limit of items that one request
    /// may read. `next` continues from there, even from an empty page.
    #[serde(skip_serializing_if = "is_true")]
    complete: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it so")]
const fn is_true(complete: &bool) -> bool {
    *complete
}

impl<T: Serialize> Page<T> {
    /// Builds the requested page of the list at `path`; `last` is set if there is a next one.
    fn of<F: Serialize>(
        items: Vec<T>,
        asked: &PageRequest<F>,
        last: Option<Position>,
        path: &str,
    ) -> Self {
        let next = last.map(|last| format!("{path}?{}", asked.query_after(last)));
        Self { items, next, complete: true }
    }

    fn answer(&self) -> HttpResponse {
        let mut response = HttpResponse::Ok();
        if let Some(next) = &self.next {
            response.insert_header((LINK, format!("<{next}>; rel=\"next\"")));
        }
        response.json(self)
    }
}
