//! Orders as the shop sees them: with prices. Orders are born here.

mod create;
mod domain;
mod placing;
mod settable;
mod void;

use actix_web::http::Method;
use actix_web::web::{self, ServiceConfig};
use service_kit::http::resource::resource;
use service_kit::program::Program;
use service_kit::routes::{self, sync};
use service_kit::settings::{BROKER, DATABASE, HTTP, LOG, Layout, PARKED, RELAY};

pub use domain::{Prices, Store};

/// What the program says of itself.
pub const PROGRAM: Program = Program {
    name: "store-svc",
    about: "Lockstep's store: orders as the shop sees them",
    layout: Layout {
        prefix: "STORE",
        port: 8001,
        sections: &[HTTP, DATABASE, BROKER, RELAY, PARKED, LOG],
    },
};

/// What is served.
pub fn routes(config: &mut ServiceConfig) {
    let post = vec![(Method::POST, web::to(create::one))];
    let batch = vec![(Method::POST, web::to(create::batch))];
    let delete = vec![(Method::DELETE, web::to(void::void))];
    config
        .service(routes::collection::<Store>("orders are listed and placed here", post))
        .service(resource("/v1/orders/batch", "batches of orders are posted here", batch))
        .service(routes::item::<Store>("an order is read, set or voided here", delete))
        .service(routes::history::<Store>())
        .service(sync::orders::<Store>())
        .service(sync::offer::<Store>())
        .configure(routes::relay)
        .configure(routes::parked::<Store>);
}
