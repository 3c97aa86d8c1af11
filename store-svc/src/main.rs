//! The store's service. See `store-svc --help`.

use std::process::ExitCode;

use service_kit::program::run;
use store_svc::{PROGRAM, Store, routes};

fn main() -> ExitCode {
    run(PROGRAM.run_service::<Store>(routes))
}
