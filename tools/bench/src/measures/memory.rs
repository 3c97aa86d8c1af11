//! The memory that the three programs hold together: just started and idle, and under full load.

use std::time::Instant;

use anyhow::Result;

use super::post;
use crate::measure::{Finding, Measure, Target};
use crate::progress::Progress;
use crate::report::chart::Chart;
use crate::scale::Scale;
use crate::world::usage::Sample;
use crate::world::{World, checks};

/// The most that they may hold, in MB.
const IDLE: f64 = 60.0;
const LOADED: f64 = 200.0;
const CONNECTIONS: usize = 64;

pub(super) async fn measure(
    world: &mut World,
    scale: &Scale,
    progress: &Progress,
) -> Result<Finding> {
    progress.begin("memory");
    world.stand_still().await?;
    world.clear().await?;
    world.start_services_anew().await?;
    world.go_round().await?;
    progress.doing("idle");
    let began = Instant::now();
    tokio::time::sleep(scale.lasts).await;
    let idle = world.memory.since(began);
    let idle = idle.iter().map(|sample| sample.megabytes).collect::<Vec<_>>();
    progress.doing("under load");
    let loaded = post::place(world, scale, CONNECTIONS).await?;
    checks::arrived(world, loaded.with_status(201), scale.sample).await?;
    let series = vec![("three programs".to_owned(), points(&world.memory.since(began), began))];
    let title = "Memory of the three programs, idle and then with 64 connections".to_owned();
    Ok(Finding {
        heading: "Memory".to_owned(),
        measures: vec![
            Measure::new("three programs, idle", "MB", &idle)
                .with_target(Target::ValueAtMost(IDLE)),
            Measure::new("three programs, the most in this run", "MB", &[world.memory.most()?])
                .with_target(Target::ValueAtMost(LOADED)),
        ],
        charts: vec![Chart::OverTime { title, unit: "MB", series }],
    })
}

/// For a chart: seconds after a moment, and MB.
pub(super) fn points(samples: &[Sample], began: Instant) -> Vec<(f64, f64)> {
    let point = |sample: &Sample| {
        (sample.at.saturating_duration_since(began).as_secs_f64(), sample.megabytes)
    };
    samples.iter().map(point).collect()
}
