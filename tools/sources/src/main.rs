//! A small remote and a small upstream as a program; `deploy/up --with-sources` starts both.

use std::process::ExitCode;

use clap::Parser as _;
use sample_sources::cli::{Cli, Command};
use sample_sources::remote::Remote;
use sample_sources::upstream::Upstream;

#[tokio::main]
async fn main() -> ExitCode {
    match run(Cli::parse().command).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sample-sources: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Remote(options) => {
            let mut remote = Remote::start(options).await?;
            println!("{}", remote.url());
            remote.ended().await
        }
        Command::Upstream(options) => {
            let mut upstream = Upstream::start(options).await?;
            println!("{}", upstream.url());
            upstream.ended().await
        }
    }
}
