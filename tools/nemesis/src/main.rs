//! Inflicts every fault on a Lockstep of its own for a while; see `deploy/nemesis`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use launcher::stop::Stop;
use nemesis::fault::Fault;
use nemesis::options::Options;
use nemesis::run::run;
use nemesis::schedule::Schedule;
use tokio_util::sync::CancellationToken;

/// Names the guard that programs with the feature `fault-switches` do without.
const FAULT_SWITCH: &str = "LOCKSTEP_FAULT_SWITCH";

/// Clients write at both sides while processes are killed, stopped and restarted, connections cut,
/// slowed and swallowed, queues deleted and answers forged. Nothing may be lost, repeated or sent
/// back. Exits with 1 where something was.
#[derive(Debug, Parser)]
#[command(name = "nemesis")]
struct Arguments {
    /// The duration in minutes.
    #[arg(long, default_value_t = 10)]
    minutes: u64,
    /// The duration in seconds, instead of minutes.
    #[arg(long, conflicts_with = "minutes")]
    seconds: Option<u64>,
    /// From which the schedule of faults comes; a random one where it is left out.
    #[arg(long)]
    seed: Option<u64>,
    /// Seconds of faults before all heals and the sides are to agree.
    #[arg(long, default_value_t = 40)]
    round: u64,
    /// Only this kind of fault, as the report names it, or several where it is given again; all
    /// where it is left out.
    #[arg(long = "fault", value_name = "KIND")]
    faults: Vec<String>,
    /// The folder of data, logs and report.
    #[arg(long)]
    folder: PathBuf,
    /// Only print the schedule.
    #[arg(long)]
    schedule: bool,
}

impl Arguments {
    fn options(&self) -> Result<Options, String> {
        let seed = self.seed.unwrap_or_else(|| fastrand::u64(..1_000_000));
        let lasts = Duration::from_secs(self.seconds.unwrap_or(self.minutes * 60));
        Ok(Options {
            seed,
            faults: Fault::of_kinds(&self.faults)?,
            lasts,
            round: Duration::from_secs(self.round).min(lasts),
            folder: unused(&self.folder, seed),
            without: std::env::var(FAULT_SWITCH).ok(),
        })
    }
}

/// A folder in which no earlier run of this seed has left anything.
fn unused(parent: &Path, seed: u64) -> PathBuf {
    let first = parent.join(format!("seed-{seed}"));
    let later = (2..).map(|run| parent.join(format!("seed-{seed}.{run}")));
    std::iter::once(first.clone()).chain(later).find(|path| !path.exists()).unwrap_or(first)
}

#[tokio::main]
async fn main() -> ExitCode {
    let running =
        async { run_nemesis(&Arguments::parse().options().map_err(anyhow::Error::msg)?).await };
    running.await.unwrap_or_else(|error| {
        eprintln!("nemesis: {error:#}");
        ExitCode::from(2)
    })
}

async fn run_nemesis(options: &Options) -> anyhow::Result<ExitCode> {
    if Arguments::parse().schedule {
        print_schedule(options);
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("seed {}, in {}", options.seed, options.folder.display());
    let (mut asked, stop) = (Stop::listen()?, CancellationToken::new());
    let running = run(options, stop.clone());
    tokio::pin!(running);
    let report = tokio::select! {
        report = &mut running => report?,
        () = asked.asked() => {
            eprintln!("stopping");
            stop.cancel();
            running.await?
        }
    };
    print!("{report}");
    println!("logs        {}", options.folder.join("logs").display());
    Ok(match (report.is_clean(), stop.is_cancelled()) {
        (false, _) => ExitCode::FAILURE,
        (true, true) => ExitCode::from(130),
        (true, false) => ExitCode::SUCCESS,
    })
}

fn print_schedule(options: &Options) {
    let rounds = options.lasts.as_secs().div_ceil(options.round.as_secs().max(1));
    let rounds = usize::try_from(rounds).unwrap_or(usize::MAX);
    let schedule = Schedule::new(options.seed, options.round, options.faults.clone());
    for (number, round) in (1..).zip(schedule.take(rounds)) {
        println!("round {number}");
        round.iter().for_each(|planned| println!("  {planned}"));
    }
}
