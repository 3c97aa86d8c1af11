//! `/v1/parked`: changes of this side that could not be carried.

mod list;
mod report;
mod settle;

use actix_web::http::Method;
use actix_web::web;
use program_kit::access::Rule;
use program_kit::http::resource::{Routes, endpoint, read_endpoints, resource};
use shared_models::parked::ParkedAction;

/// The routes `GET`, `POST /v1/parked`, `POST /v1/parked/replay`, `POST /v1/parked/drop`, `GET
/// /v1/parked/{id}`.
pub(super) fn parked() -> Routes {
    let mut collection = read_endpoints(Rule::ADMIN, || web::to(list::list));
    collection.push(endpoint(Method::POST, Rule::SYNC, web::to(report::take)));
    let replay = web::to(|service, body| settle::settle(ParkedAction::Replay, service, body));
    let drop = web::to(|service, body| settle::settle(ParkedAction::Drop, service, body));
    let deed = |path, route| {
        let endpoints = vec![endpoint(Method::POST, Rule::ADMIN, route)];
        resource(path, "post {\"all\": true} or {\"ids\": [...]}", endpoints)
    };
    let one = read_endpoints(Rule::ADMIN, || web::to(list::one));
    let of_all = "what is parked is listed here, and the worker reports it here";
    let of_one =
        "a parked change is only read; post its id to /v1/parked/replay or /v1/parked/drop";
    Routes::default()
        .with(resource("/v1/parked", of_all, collection))
        .with(deed("/v1/parked/replay", replay))
        .with(deed("/v1/parked/drop", drop))
        .with(resource("/v1/parked/{id}", of_one, one))
}
