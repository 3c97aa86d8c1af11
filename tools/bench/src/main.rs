//! Measures Lockstep and its baselines in turn; see `deploy/bench`.

use std::path::PathBuf;
use std::process::ExitCode;

use bench::measures::Row;
use bench::report::Report;
use bench::run::{Options, run};
use bench::scale::Scale;
use clap::{Parser, ValueEnum};
use launcher::stop::Stop;

/// Measures Lockstep and what it is built on side by side, on servers of its own, so that every
/// figure is a ratio that holds on a noisy machine. Data are read back: exits with 1 where one is
/// not as it should be.
#[derive(Debug, Parser)]
#[command(name = "bench")]
struct Arguments {
    /// Less of everything, in under three minutes.
    #[arg(long)]
    quick: bool,
    /// Only these.
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Row>,
    /// Only say what can be measured.
    #[arg(long)]
    list: bool,
    /// The folder of data, logs and report.
    #[arg(long)]
    folder: PathBuf,
}

impl Arguments {
    fn options(self) -> Options {
        let scale = if self.quick { Scale::QUICK } else { Scale::WHOLE };
        let all = self.only.is_empty();
        let rows = if all { Row::value_variants().to_vec() } else { self.only.clone() };
        Options { command: self.command(), rows, scale, folder: self.folder }
    }

    fn command(&self) -> String {
        let names: Vec<_> = self.only.iter().map(|row| row.name()).collect();
        let quick = self.quick.then(|| "--quick".to_owned());
        let only = (!names.is_empty()).then(|| format!("--only {}", names.join(",")));
        let parts = [Some("deploy/bench".to_owned()), quick, only];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.list {
        Row::value_variants().iter().for_each(|row| println!("{:<10} {}", row.name(), row.about()));
        return ExitCode::SUCCESS;
    }
    measure(arguments.options()).await.unwrap_or_else(|error| {
        eprintln!("bench: {error:#}");
        ExitCode::FAILURE
    })
}

async fn measure(options: Options) -> anyhow::Result<ExitCode> {
    let mut asked = Stop::listen()?;
    tokio::select! {
        report = run(&options) => tell(&report?, &options),
        // What runs ends as it is dropped.
        () = asked.asked() => Ok(ExitCode::from(130)),
    }
}

fn tell(report: &Report, options: &Options) -> anyhow::Result<ExitCode> {
    report.write(&options.folder)?;
    print!("{}", report.table());
    println!("report  {}", options.folder.join("report.html").display());
    println!("logs    {}", options.folder.join("logs").display());
    Ok(if report.failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
