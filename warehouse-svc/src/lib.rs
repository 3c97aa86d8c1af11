//! Orders as the warehouse sees them: without prices, with a bin and a picker's note.

mod domain;

use service_kit::http::resource::Routes;
use service_kit::program::Program;
use service_kit::routes;
use service_kit::settings::{ACCESS, BROKER, DATABASE, HTTP, LIMITS, LOG, Layout, PARKED, RELAY};

pub use domain::{Handling, Warehouse};

/// What the program says of itself.
pub const PROGRAM: Program = Program {
    name: "warehouse-svc",
    about: "Lockstep's warehouse: orders as those see them who pick, pack and ship",
    layout: Layout {
        prefix: "WAREHOUSE",
        port: 8002,
        sections: &[HTTP, LIMITS, ACCESS, DATABASE, BROKER, RELAY, PARKED, LOG],
    },
};

/// What is served.
#[must_use]
pub fn routes() -> Routes {
    let born = "orders are born at the store and arrive here by themselves";
    let voided = "an order is read or set here; to void it, set its status to voided";
    // First what is asked for most: paths are tried one after the other.
    Routes::default()
        .with(routes::collection::<Warehouse>(born, vec![]))
        .with(routes::item::<Warehouse>(voided, vec![]))
        .and(routes::site::<Warehouse>())
}
