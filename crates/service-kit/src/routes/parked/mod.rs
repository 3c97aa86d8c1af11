//! `/v1/parked`: changes of this side that could not be carried.

mod act;
mod describe;
mod list;
mod report;

use actix_web::http::Method;
use actix_web::web;
use program_kit::access::Rule;
use program_kit::http::endpoints::{Routes, endpoint, endpoints_of, read_endpoints};
use program_kit::http::operation::Operation;
use shared_models::parked::ParkedAction;

/// The routes `GET`, `POST /v1/parked`, `POST /v1/parked/replay`, `POST /v1/parked/drop`, `GET
/// /v1/parked/{id}`.
pub(super) fn parked() -> Routes {
    let mut collection =
        read_endpoints(Rule::ADMIN, || web::to(list::list), describe::parked_changes);
    collection.push(endpoint(
        Method::POST,
        Rule::SYNC,
        web::to(report::receive),
        describe::report_parked,
    ));
    let replay =
        web::to(|service, caller, body| act::act(ParkedAction::Replay, service, caller, body));
    let drop = web::to(|service, caller, body| act::act(ParkedAction::Drop, service, caller, body));
    let action = |path, route, describe: fn() -> Operation| {
        let endpoints = vec![endpoint(Method::POST, Rule::ADMIN, route, describe)];
        endpoints_of(path, "use POST with {\"all\": true} or {\"ids\": [...]}", endpoints)
    };
    let one = read_endpoints(Rule::ADMIN, || web::to(list::one), describe::parked_change);
    let of_all = "use GET to list parked changes; the worker uses POST to report them";
    let of_one = "use GET, or POST its id to /v1/parked/replay or /v1/parked/drop";
    Routes::default()
        .with(endpoints_of("/v1/parked", of_all, collection))
        .with(action("/v1/parked/replay", replay, describe::replay))
        .with(action("/v1/parked/drop", drop, describe::drop))
        .with(endpoints_of("/v1/parked/{id}", of_one, one))
}
