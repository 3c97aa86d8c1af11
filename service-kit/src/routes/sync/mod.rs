//! What the worker asks of a site: to take the peer's changes, and to tell again how orders stand.

mod apply;
mod fold;
mod offer;

use actix_web::http::Method;
use actix_web::{Resource, web};

use crate::http::resource::resource;
use crate::orders::Domain;

/// `/v1/sync/orders`
pub fn orders<D: Domain>() -> Resource {
    let reason = "the worker posts changes here";
    resource("/v1/sync/orders", reason, vec![(Method::POST, web::to(apply::take::<D>))])
}

/// `/v1/sync/offer`
pub fn offer<D: Domain>() -> Resource {
    let reason = "post {\"all\": true}, {\"since\": TIME} or {\"ids\": [...]}";
    resource("/v1/sync/offer", reason, vec![(Method::POST, web::to(offer::ask::<D>))])
}
