//! `deploy/browser`: the console in a real browser, against the three programs on private servers.

mod browser;
mod walk;

use std::env;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};

/// The environment variable with the place of axe-core.
const AXE: &str = "LOCKSTEP_AXE";
/// The environment variable with the folder for screenshots.
const SCREENSHOTS: &str = "LOCKSTEP_SCREENSHOTS";

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("browser: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<()> {
    let place = |name: &str| {
        env::var(name)
            .map(PathBuf::from)
            .with_context(|| format!("{name} is not set; run deploy/browser"))
    };
    let (axe, screenshots) = (place(AXE)?, place(SCREENSHOTS)?);
    std::fs::create_dir_all(&screenshots)?;
    walk::walk(&axe, &screenshots).await
}
