//! The HTTP API of orders: reading and setting them, their history, the peer's changes, comparing.

pub mod describe;
mod history;
mod read;
mod sync;
mod write;

use actix_web::http::Method;
use actix_web::{HttpResponse, HttpResponseBuilder, web};
use program_kit::access::Rule;
use program_kit::http::conditional::etag;
use program_kit::http::endpoints::{
    Endpoint, PathEndpoints, Routes, endpoint, endpoints_of, read_endpoints,
};
use uuid::Uuid;

use crate::{Domain, Order};

/// Returns the path of an order.
#[must_use]
pub fn location(id: Uuid) -> String {
    format!("/v1/orders/{id}")
}

/// `/v1/orders`: the list, and the side's own methods.
pub fn collection<D: Domain>(advice: &'static str, more: Vec<Endpoint>) -> PathEndpoints {
    let mut endpoints =
        read_endpoints(Rule::READ, || web::to(read::list::<D>), describe::list::<D>);
    endpoints.extend(more);
    endpoints_of("/v1/orders", advice, endpoints)
}

/// `/v1/orders/{id}`: one order: reading and setting it, and the side's own methods.
pub fn item<D: Domain>(advice: &'static str, more: Vec<Endpoint>) -> PathEndpoints {
    let mut endpoints = read_endpoints(Rule::READ, || web::to(read::one::<D>), describe::one::<D>);
    let (put, patch) = (web::to(write::put::<D>), web::to(write::patch::<D>));
    endpoints.push(endpoint(Method::PUT, Rule::WRITE, put, describe::put::<D>));
    endpoints.push(endpoint(Method::PATCH, Rule::WRITE, patch, describe::patch::<D>));
    endpoints.extend(more);
    endpoints_of("/v1/orders/{id}", advice, endpoints)
}

/// `/v1/orders/{id}/changes`: the history of an order.
fn history<D: Domain>() -> PathEndpoints {
    let endpoints = read_endpoints(Rule::READ, || web::to(history::list::<D>), describe::history);
    endpoints_of("/v1/orders/{id}/changes", "use GET", endpoints)
}

/// The routes of orders that every side has, besides the collection and the item.
#[must_use]
pub fn side<D: Domain>() -> Routes {
    Routes::default().with(history::<D>()).and(sync::sync::<D>())
}

/// Builds a response with an order.
pub fn answer<D: Domain>(
    mut response: HttpResponseBuilder,
    order: &Order<D::Private>,
) -> HttpResponse {
    response.insert_header(etag(order.version)).json(D::show(order))
}
