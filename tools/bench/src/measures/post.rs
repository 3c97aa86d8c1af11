//! `POST /v1/orders` against one statement that writes the same rows.

use anyhow::{Result, ensure};
use shared_models::side::Side;

use crate::baseline::{pgbench, placing};
use crate::load::{Endpoint, Loaded, flat_out};
use crate::measure::{Finding, Measure, Target};
use crate::orders::{address, order, request};
use crate::progress::Progress;
use crate::report::chart::{Chart, Quantiles};
use crate::scale::Scale;
use crate::world::{World, checks};

const CONNECTIONS: [usize; 2] = [16, 64];

/// The figures of the turns with a number of connections.
#[derive(Default)]
struct Turns {
    baseline: Vec<f64>,
    alone: Vec<f64>,
    in_the_loop: Vec<f64>,
    latencies: Vec<(String, Quantiles)>,
}

pub(super) async fn measure(
    world: &mut World,
    scale: &Scale,
    progress: &Progress,
) -> Result<Finding> {
    let mut finding =
        Finding { heading: "Placing orders one by one".to_owned(), ..Finding::default() };
    for connections in CONNECTIONS {
        let mut turns = Turns::default();
        for turn in 1..=scale.turns {
            let of = scale.turns;
            progress.begin(format!("post, {connections} connections, {turn} of {of}"));
            take_turns(world, scale, connections, &mut turns, progress).await?;
        }
        finding.measures.extend(measures(connections, &turns));
        let title = format!("How long placing one order takes, {connections} at a time");
        finding.charts.push(Chart::Latencies { title, series: turns.latencies });
    }
    Ok(finding)
}

/// The baseline, the store alone, the whole loop: each begins with empty tables.
async fn take_turns(
    world: &mut World,
    scale: &Scale,
    connections: usize,
    turns: &mut Turns,
    progress: &Progress,
) -> Result<()> {
    progress.doing("preparing");
    let script = placing::script(world).await?;
    world.stand_still().await?;
    world.clear().await?;
    progress.doing("one statement, by pgbench");
    let ran = pgbench::run(world, &script, connections, scale.lasts).await?;
    placing::check(world, ran.transactions).await?;
    turns.baseline.push(ran.rate);

    world.clear().await?;
    progress.doing("the store alone");
    let alone = place(world, scale, connections).await?;
    checks::placed(world, Side::Store, alone.with_status(201), scale.sample).await?;
    turns.alone.push(alone.rate());

    world.clear().await?;
    world.go_round().await?;
    progress.doing("the whole loop");
    let in_the_loop = place(world, scale, connections).await?;
    progress.doing("the whole loop: waiting until all has arrived");
    checks::arrived(world, in_the_loop.with_status(201), scale.sample).await?;
    turns.in_the_loop.push(in_the_loop.rate());
    turns.latencies = vec![
        ("the store alone".to_owned(), Quantiles::from(&alone.latencies)),
        ("with the whole loop".to_owned(), Quantiles::from(&in_the_loop.latencies)),
    ];
    Ok(())
}

/// Places orders as fast as it goes; each of them is to be new.
pub(super) async fn place(world: &World, scale: &Scale, connections: usize) -> Result<Loaded> {
    let endpoint = Endpoint::new(address(world.store.url())?);
    let request = |_, number| request("POST", "/v1/orders", &order(number));
    let (warm_up, lasts) = (scale.warm_up, scale.lasts);
    let loaded = flat_out(&endpoint, connections, warm_up, lasts, request).await?.accepted()?;
    let placed = loaded.statuses.values().sum::<u64>();
    ensure!(placed == loaded.with_status(201), "not every order is new: {:?}", loaded.statuses);
    Ok(loaded)
}

fn measures(connections: usize, turns: &Turns) -> [Measure; 2] {
    let measure = |what: &str, rates, least| {
        let name = format!("POST, {connections} connections{what}");
        let target = Target::RatioAtLeast(least);
        let placed = Measure::new(name, "orders/s", rates);
        placed.against("pgbench, one statement", &turns.baseline, target)
    };
    [measure("", &turns.alone, 0.6), measure(", the whole loop running", &turns.in_the_loop, 0.4)]
}
