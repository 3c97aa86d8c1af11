//! What the worker asks of a site: to take the peer's changes, and to tell again how orders stand.

mod apply;
mod fold;
mod offer;

use actix_web::http::Method;
use actix_web::web;

use crate::access::Rule;
use crate::http::resource::{Routes, on, resource};
use crate::orders::Domain;

/// `POST /v1/sync/orders`, `POST /v1/sync/offer`.
pub(super) fn sync<D: Domain>() -> Routes {
    let take = vec![on(Method::POST, Rule::SYNC, web::to(apply::take::<D>))];
    let ask = vec![on(Method::POST, Rule::SYNC_OR_ADMIN, web::to(offer::ask::<D>))];
    let reason = "post {\"all\": true}, {\"since\": TIME} or {\"ids\": [...]}";
    Routes::default()
        .with(resource("/v1/sync/orders", "the worker posts changes here", take))
        .with(resource("/v1/sync/offer", reason, ask))
}
