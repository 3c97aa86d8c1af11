//! The store's service: orders with prices. Orders are placed here.

mod create;
mod domain;
mod placing;
mod settable;
mod void;

use actix_web::http::Method;
use actix_web::web;
use service_kit::access::Rule;
use service_kit::http::resource::{Routes, on, resource};
use service_kit::program::Program;
use service_kit::routes;
use service_kit::settings::{ACCESS, BROKER, DATABASE, HTTP, LIMITS, LOG, Layout, PARKED, RELAY};

pub use domain::{Prices, Store};

/// The program's name, description and layout of settings.
pub const PROGRAM: Program = Program {
    name: "store-svc",
    about: "Lockstep's store: orders as the shop sees them",
    layout: Layout {
        prefix: "STORE",
        port: 8001,
        sections: &[HTTP, LIMITS, ACCESS, DATABASE, BROKER, RELAY, PARKED, LOG],
    },
};

/// The routes of the service.
#[must_use]
pub fn routes() -> Routes {
    let place = vec![on(Method::POST, Rule::WRITE, web::to(create::one))];
    let batch = vec![on(Method::POST, Rule::WRITE, web::to(create::batch))];
    let void = vec![on(Method::DELETE, Rule::WRITE, web::to(void::void))];
    // The most frequent route first: paths are matched one after the other.
    Routes::default()
        .with(routes::collection::<Store>("orders are listed and placed here", place))
        .with(resource("/v1/orders/batch", "batches of orders are posted here", batch))
        .with(routes::item::<Store>("an order is read, set or voided here", void))
        .and(routes::site::<Store>())
}
