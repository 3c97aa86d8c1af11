#![doc = include_str!("../README.md")]

mod comments;
mod create;
mod describe;
mod domain;
mod mirror;
mod mirrored;
mod placing;
mod posts;
mod settable;
mod void;

use actix_web::http::Method;
use actix_web::web;
use orders::{Domain as _, routes};
use program_kit::access::Rule;
use program_kit::http::endpoints::{Routes, endpoint, endpoints_of};
use program_kit::program::Program;
use program_kit::settings::Layout;
use service_kit::application::ServiceSettings;
use service_kit::records::Records;

pub use domain::{Prices, Store};

/// The program's name, description and layout of settings.
pub const PROGRAM: Program = Program {
    name: "store-svc",
    about: "The store of Lockstep: the shop's orders, and posts and comments",
    layout: Layout {
        prefix: "STORE",
        port: 8001,
        sections: ServiceSettings::SECTIONS,
        aliases: &[],
    },
};

/// Returns the records of the service.
#[must_use]
pub fn records() -> Records {
    let orders = orders::register::<Store>(order_paths);
    Records::new(Store::SIDE, orders, vec![posts::register(), comments::register(mirror::paths)])
}

fn order_paths() -> Routes {
    let place = vec![endpoint(Method::POST, Rule::WRITE, web::to(create::one), describe::place)];
    let batch = vec![endpoint(Method::POST, Rule::WRITE, web::to(create::batch), describe::batch)];
    let void = vec![endpoint(Method::DELETE, Rule::WRITE, web::to(void::void), describe::void)];
    // The most frequent route first: paths are matched one after the other.
    Routes::default()
        .with(routes::collection::<Store>("use GET to list orders, or POST to place one", place))
        .with(endpoints_of("/v1/orders/batch", "use POST with a batch of orders", batch))
        .with(routes::item::<Store>(
            "use GET to read the order, PUT or PATCH to set it, DELETE to void it",
            void,
        ))
        .and(routes::side::<Store>())
}
