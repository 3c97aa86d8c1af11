//! The warehouse's service: orders without prices, with a bin and a picker's note.

mod domain;

use service_kit::http::resource::Routes;
use service_kit::program::Program;
use service_kit::routes;
use service_kit::settings::{ACCESS, BROKER, DATABASE, HTTP, LIMITS, LOG, Layout, PARKED, RELAY};

pub use domain::{Handling, Warehouse};

/// The program's name, description and layout of settings.
pub const PROGRAM: Program = Program {
    name: "warehouse-svc",
    about: "Lockstep's warehouse: orders as those see them who pick, pack and ship",
    layout: Layout {
        prefix: "WAREHOUSE",
        port: 8002,
        sections: &[HTTP, LIMITS, ACCESS, DATABASE, BROKER, RELAY, PARKED, LOG],
    },
};

/// The routes of the service.
#[must_use]
pub fn routes() -> Routes {
    let born = "orders are born at the store and arrive here by themselves";
    let voided = "an order is read or set here; to void it, set its status to voided";
    // The most frequent route first: paths are matched one after the other.
    Routes::default()
        .with(routes::collection::<Warehouse>(born, vec![]))
        .with(routes::item::<Warehouse>(voided, vec![]))
        .and(routes::site::<Warehouse>())
}
