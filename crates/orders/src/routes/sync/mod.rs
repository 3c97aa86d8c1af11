//! The worker's requests to a side: to take the peer's changes, to offer orders, and to be compared
//! with the peer.

mod comparison;
mod describe;
mod receive;

use actix_web::http::Method;
use actix_web::web;
use program_kit::access::Rule;
use program_kit::http::endpoints::{Routes, endpoint, endpoints_of, read_endpoints};

use crate::Domain;

/// `POST /v1/sync/orders`, and the routes for comparing.
pub(super) fn sync<D: Domain>() -> Routes {
    let take = vec![endpoint(
        Method::POST,
        Rule::SYNC,
        web::to(receive::receive::<D>),
        describe::take::<D>,
    )];
    Routes::default()
        .with(endpoints_of(
            "/v1/sync/orders",
            "use POST with the peer's changes; only the worker does",
            take,
        ))
        .and(comparing())
}

/// `GET`, `POST /v1/sync/compared`, `GET /v1/sync/changed`, `GET /v1/sync/states`,
/// `POST /v1/sync/revisions`.
fn comparing() -> Routes {
    let mut compared = read_endpoints(Rule::SYNC, || web::to(comparison::show), describe::compared);
    compared.push(endpoint(
        Method::POST,
        Rule::SYNC,
        web::to(comparison::set),
        describe::set_compared,
    ));
    let changed = read_endpoints(Rule::SYNC, || web::to(comparison::changed), describe::changed);
    let states = read_endpoints(Rule::SYNC, || web::to(comparison::states), describe::states);
    let route = web::to(comparison::revisions);
    let revisions = vec![endpoint(Method::POST, Rule::SYNC, route, describe::revisions)];
    let of_compared = "use GET to read how far the log is compared, or POST to set it";
    Routes::default()
        .with(endpoints_of("/v1/sync/compared", of_compared, compared))
        .with(endpoints_of("/v1/sync/changed", "use GET", changed))
        .with(endpoints_of("/v1/sync/states", "use GET", states))
        .with(endpoints_of("/v1/sync/revisions", "use POST with {\"ids\": [...]}", revisions))
}
