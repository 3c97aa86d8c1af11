//! The warehouse's service. See `warehouse-svc --help`.

use std::process::ExitCode;

use service_kit::program::run;
use warehouse_svc::{PROGRAM, Warehouse, routes};

fn main() -> ExitCode {
    run(PROGRAM.run_service::<Warehouse>(routes))
}
