#![doc = include_str!("../README.md")]

mod domain;
mod operators;
mod owned;
mod pulled;
mod readings;
mod sites;

use orders::{Domain as _, routes};
use program_kit::http::endpoints::Routes;
use program_kit::program::Program;
use program_kit::settings::Layout;
use service_kit::application::ServiceSettings;
use service_kit::records::Records;

pub use domain::{Handling, Warehouse};

/// The program's name, description and layout of settings.
pub const PROGRAM: Program = Program {
    name: "warehouse-svc",
    about: "The warehouse of Lockstep: the orders to pick, pack and ship, readings, sites, operators",
    layout: Layout { prefix: "WAREHOUSE", port: 8002, sections: &SECTIONS, aliases: &[] },
};

const SECTIONS: [&str; ServiceSettings::SECTIONS.len() + 1] =
    ServiceSettings::sections_and(&[readings::DEFAULTS]);

/// Returns the records of the service.
#[must_use]
pub fn records() -> Records {
    let orders = orders::register::<Warehouse>(order_paths);
    // Operators refer to sites: the table of these is made first.
    let others = vec![
        readings::register(),
        sites::register(operators::unlink_site),
        operators::register(pulled::paths),
    ];
    Records::new(Warehouse::SIDE, orders, others)
}

fn order_paths() -> Routes {
    let list_only = "use GET; orders are created at the store, and copied here";
    let no_delete = "use GET, PUT or PATCH; to void the order, set its status to voided";
    // The most frequent route first: paths are matched one after the other.
    Routes::default()
        .with(routes::collection::<Warehouse>(list_only, vec![]))
        .with(routes::item::<Warehouse>(no_delete, vec![]))
        .and(routes::side::<Warehouse>())
}
