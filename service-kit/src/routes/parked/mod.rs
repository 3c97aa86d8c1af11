//! `/v1/parked`: changes of this site that could not be carried.

mod list;
mod report;
mod settle;

use actix_web::http::Method;
use actix_web::web::{self, ServiceConfig};
use shared_models::parked::Deed;

use crate::http::resource::{reads, resource};
use crate::orders::Domain;

/// `GET`, `POST /v1/parked`, `POST /v1/parked/replay`, `POST /v1/parked/drop`,
/// `GET /v1/parked/{id}`.
pub fn parked<D: Domain>(config: &mut ServiceConfig) {
    let mut collection = reads(|| web::to(list::list::<D>));
    collection.push((Method::POST, web::to(report::take)));
    let reason = "what is parked is listed here, and the worker reports it here";
    config.service(resource("/v1/parked", reason, collection));
    let deeds = [
        ("/v1/parked/replay", web::to(|service, body| settle::settle(Deed::Replay, service, body))),
        ("/v1/parked/drop", web::to(|service, body| settle::settle(Deed::Drop, service, body))),
    ];
    for (path, route) in deeds {
        let reason = "post {\"all\": true} or {\"ids\": [...]}";
        config.service(resource(path, reason, vec![(Method::POST, route)]));
    }
    let reason =
        "a parked change is only read; post its id to /v1/parked/replay or /v1/parked/drop";
    config.service(resource("/v1/parked/{id}", reason, reads(|| web::to(list::one::<D>))));
}
