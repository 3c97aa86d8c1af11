//! Walks through Lockstep in containers; see `deploy/test --compose`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use compose_walk::run::run;

/// Brings up what docker-compose.yml describes, under a name and on ports of its own; sends an order
/// both ways, looks at names and hardening, and kills and restarts each container under writes.
#[derive(Debug, Parser)]
#[command(name = "compose-walk")]
struct Arguments {
    /// The checkout.
    #[arg(long)]
    root: PathBuf,
}

#[tokio::main]
async fn main() -> ExitCode {
    run(&Arguments::parse().root).await.unwrap_or_else(|error| {
        eprintln!("deploy/test --compose: {error:#}");
        ExitCode::FAILURE
    })
}
