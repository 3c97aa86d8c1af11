//! What a service serves: the same at both sites, and what a site adds to it.

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
use serde::Serialize;
use uuid::Uuid;

use crate::access::Rule;
use crate::http::conditional::etag;
use crate::http::page::{PageRequest, Position};
use crate::http::resource::{Resource, Routes, Served, on, reads, resource};
use crate::http::{self, health};
use crate::orders::{Domain, Order};
use crate::{metrics, readiness};

/// Where an order stands.
#[must_use]
pub fn location(id: Uuid) -> String {
    format!("/v1/orders/{id}")
}

/// `/v1/orders`: the list, and what a site can do there besides.
pub fn collection<D: Domain>(reason: &'static str, more: Vec<Served>) -> Resource {
    let mut served = reads(Rule::READ, || web::to(read::list::<D>));
    served.extend(more);
    resource("/v1/orders", reason, served)
}

/// `/v1/orders/{id}`: one order, and what a site can do with it besides reading and setting it.
pub fn item<D: Domain>(reason: &'static str, more: Vec<Served>) -> Resource {
    let mut served = reads(Rule::READ, || web::to(read::one::<D>));
    served.push(on(Method::PUT, Rule::WRITE, web::to(write::put::<D>)));
    served.push(on(Method::PATCH, Rule::WRITE, web::to(write::patch::<D>)));
    served.extend(more);
    resource("/v1/orders/{id}", reason, served)
}

/// `/v1/orders/{id}/changes`: what happened to an order.
fn history<D: Domain>() -> Resource {
    let served = reads(Rule::READ, || web::to(history::list::<D>));
    resource("/v1/orders/{id}/changes", "the history of an order is only read", served)
}

/// What every site serves besides its orders.
#[must_use]
pub fn site<D: Domain>() -> Routes {
    Routes::default()
        .with(history::<D>())
        .and(sync::sync::<D>())
        .and(offers::offers())
        .and(relay::relay())
        .and(parked::parked::<D>())
        .and(health::routes(readiness::ready))
        .and(http::metrics::routes(metrics::tell))
}

/// One order as an answer.
pub fn answer<D: Domain>(
    mut response: HttpResponseBuilder,
    order: &Order<D::Private>,
) -> HttpResponse {
    response.insert_header(etag(order.version)).json(D::show(order))
}

/// A page as an answer.
#[derive(Debug, Serialize)]
struct Page<T> {
    /// What is on it.
    items: Vec<T>,
    /// Where the next one is; null on the last.
    next: Option<String>,
    /// `false`, and only then shown: it ends early, because as many items were looked at as may be
    /// in one request. The next one leads on, also from a page with nothing on it.
    #[serde(skip_serializing_if = "is_true")]
    complete: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it so")]
const fn is_true(complete: &bool) -> bool {
    *complete
}

impl<T: Serialize> Page<T> {
    /// The page of the list at `path` that was asked for; `last` is given where there is a next
    /// one.
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
