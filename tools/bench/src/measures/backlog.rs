//! The memory of the three programs while they work off a backlog: however long it is, the same.

use std::time::Instant;

use anyhow::{Result, ensure};
use shared_models::side::Side;

use super::STORE;
use super::memory::points;
use crate::baseline::broker;
use crate::measure::{Finding, Measure, Target};
use crate::progress::Progress;
use crate::report::chart::Chart;
use crate::scale::Scale;
use crate::world::World;

/// The ratio that is no growth: the backlog is a hundred times as long.
const MOST: f64 = 1.1;

pub(super) async fn measure(
    world: &mut World,
    scale: &Scale,
    progress: &Progress,
) -> Result<Finding> {
    let [short, long] = scale.backlogs;
    let (mut most, mut series) = (vec![], vec![]);
    for waiting in [short, long] {
        progress.begin(format!("a backlog of {waiting}"));
        progress.doing("preparing");
        world.fill(STORE, waiting).await?;
        world.start_services_anew().await?;
        progress.doing("working it off");
        let began = Instant::now();
        world.go_round().await?;
        world.recorded(Side::Warehouse, waiting.min(scale.worked_off)).await?;
        let samples = world.memory.since(began);
        most.push(samples.iter().map(|it| it.megabytes).fold(0.0, f64::max));
        series.push((format!("{waiting} waiting"), points(&samples, began)));
        world.stand_still().await?;
        broker::purge(world, STORE).await?;
        let parked = world.databases.store.standing().await?.parked;
        ensure!(parked == 0, "{parked} changes are parked");
    }
    let name = format!("three programs at the most, {long} waiting");
    let measure = Measure::new(name, "MB", &most[1..]);
    let beneath = format!("{short} waiting");
    Ok(Finding {
        heading: "A long backlog".to_owned(),
        measures: vec![measure.against(&beneath, &most[..1], Target::RatioAtMost(MOST))],
        charts: vec![Chart::OverTime {
            title: "Memory of the three programs while they work off a backlog".to_owned(),
            unit: "MB",
            series,
        }],
    })
}
