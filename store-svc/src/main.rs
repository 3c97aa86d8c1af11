//! The store's service. See `store-svc --help`.

use std::process::ExitCode;

use store_svc::{PROGRAM, Store, routes};

#[tokio::main]
async fn main() -> ExitCode {
    PROGRAM.run_service::<Store>(routes).await
}
