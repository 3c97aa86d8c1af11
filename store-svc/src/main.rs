//! The store's service. See `store-svc --help`.

use std::process::ExitCode;

use mimalloc::MiMalloc;
use program_kit::program::run;
use service_kit::program::run_service;
use store_svc::{PROGRAM, records};

/// The allocator: a request allocates hundreds of small objects, and frees some of them on another
/// thread.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    run(run_service(&PROGRAM, records()))
}
