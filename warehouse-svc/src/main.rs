//! The warehouse's service. See `warehouse-svc --help`.

use std::process::ExitCode;

use warehouse_svc::{PROGRAM, Warehouse, routes};

#[tokio::main]
async fn main() -> ExitCode {
    PROGRAM.run_service::<Warehouse>(routes).await
}
