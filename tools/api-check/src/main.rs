//! Holds the programs against their API documents; see `deploy/test --api`.

mod client;
mod fuzzing;
mod installed;
mod run;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use crate::run::run;

/// Sends what schemathesis thinks of to each program, by the program's own document, with and without
/// tokens; then places an order with a client that is generated from the store's document. Exits with 1
/// where an answer is not as it is documented.
#[derive(Debug, Parser)]
#[command(name = "api-check")]
struct Arguments {
    /// The folder of what is installed and generated, and of the logs.
    #[arg(long)]
    folder: PathBuf,
    /// The requests of each operation that are made up, besides examples and edge cases.
    #[arg(long, default_value_t = 30)]
    examples: u32,
    /// Only the run of this name, such as `store as admin`; may be given several times.
    #[arg(long)]
    only: Vec<String>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let Arguments { folder, examples, only } = Arguments::parse();
    match run(&folder, examples, &only).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("deploy/test --api: {error:#}");
            ExitCode::FAILURE
        }
    }
}
