//! The time from the start of a program until it is ready, on tables that are up to date.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use process_kit::Program;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::PATIENCE;
use crate::measure::{Finding, Measure, Target};
use crate::orders::address;
use crate::progress::Progress;
use crate::scale::Scale;
use crate::world::World;

/// The interval at which the program is asked.
const EVERY: Duration = Duration::from_millis(1);
/// The target, in ms.
const MOST: f64 = 150.0;

pub(super) async fn measure(
    world: &mut World,
    scale: &Scale,
    progress: &Progress,
) -> Result<Finding> {
    progress.begin("starting");
    world.clear().await?;
    world.go_round().await?;
    let mut finding = Finding { heading: "Starting".to_owned(), ..Finding::default() };
    for (name, program) in [
        ("store-svc", &mut world.store),
        ("warehouse-svc", &mut world.warehouse),
        ("sync-worker", &mut world.worker),
    ] {
        progress.doing(name);
        let mut starts = vec![];
        for _ in 0..scale.starts {
            program.try_to_stop(PATIENCE).await?;
            starts.push(start(program).await?);
        }
        let ready = Measure::new(format!("{name}, start to ready"), "ms", &starts);
        finding.measures.push(ready.with_target(Target::ValueAtMost(MOST)));
    }
    world.watched();
    Ok(finding)
}

/// The time in ms.
async fn start(program: &mut Program) -> Result<f64> {
    let began = Instant::now();
    program.spawn().await?;
    while !is_ready(program.url()).await? {
        ensure!(began.elapsed() < PATIENCE, "it does not become ready");
        tokio::time::sleep(EVERY).await;
    }
    Ok(began.elapsed().as_secs_f64() * 1e3)
}

/// Asks over a connection of its own, with no client that would have to be made first.
async fn is_ready(url: &str) -> Result<bool> {
    let Ok(mut stream) = TcpStream::connect(address(url)?).await else { return Ok(false) };
    let ask = "GET /health/ready HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n";
    stream.write_all(ask.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer.starts_with("HTTP/1.1 200"))
}
