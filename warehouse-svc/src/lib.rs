//! Orders as the warehouse sees them: without prices, with a bin and a picker's note.

mod domain;

use actix_web::web::ServiceConfig;
use service_kit::program::Program;
use service_kit::routes::{self, sync};
use service_kit::settings::{BROKER, DATABASE, HTTP, LOG, Layout, PARKED, RELAY};

pub use domain::{Handling, Warehouse};

/// What the program says of itself.
pub const PROGRAM: Program = Program {
    name: "warehouse-svc",
    about: "Lockstep's warehouse: orders as those see them who pick, pack and ship",
    layout: Layout {
        prefix: "WAREHOUSE",
        port: 8002,
        sections: &[HTTP, DATABASE, BROKER, RELAY, PARKED, LOG],
    },
};

/// What is served.
pub fn routes(config: &mut ServiceConfig) {
    let born = "orders are born at the store and arrive here by themselves";
    let voided = "an order is read or set here; to void it, set its status to voided";
    config
        .service(routes::collection::<Warehouse>(born, vec![]))
        .service(routes::item::<Warehouse>(voided, vec![]))
        .service(routes::history::<Warehouse>())
        .service(sync::orders::<Warehouse>())
        .service(sync::offer::<Warehouse>())
        .configure(routes::relay)
        .configure(routes::parked::<Warehouse>);
}
