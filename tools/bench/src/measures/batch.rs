//! `POST /v1/orders/batch` against one statement that writes as many of the same rows.

use std::fmt::Write as _;

use anyhow::{Result, ensure};
use shared_models::side::Side;

use super::figures::number;
use crate::baseline::{pgbench, placing};
use crate::load::{Endpoint, Loaded, flat_out};
use crate::measure::{Finding, Measure, Target};
use crate::orders::{address, order, request};
use crate::progress::Progress;
use crate::report::chart::{Chart, Quantiles};
use crate::scale::Scale;
use crate::world::{World, checks};

/// Orders in one batch.
const SIZE: u64 = 500;
/// Twice as many as there are cores, so that none waits for the network.
const CONNECTIONS: usize = 4;

pub(super) async fn measure(
    world: &mut World,
    scale: &Scale,
    progress: &Progress,
) -> Result<Finding> {
    let (mut baseline, mut batches, mut latencies) = (vec![], vec![], vec![]);
    let script = placing::script_of_many(world, SIZE).await?;
    world.stand_still().await?;
    for turn in 1..=scale.turns {
        progress.begin(format!("batches of {SIZE}, {turn} of {}", scale.turns));
        world.clear().await?;
        progress.doing("one statement, by pgbench");
        let ran = pgbench::run(world, &script, CONNECTIONS, scale.lasts).await?;
        placing::check(world, ran.transactions * SIZE).await?;
        baseline.push(ran.rate * number(SIZE));

        world.clear().await?;
        progress.doing("the store");
        let loaded = place(world, scale).await?;
        checks::placed(world, Side::Store, loaded.with_status(201) * SIZE, scale.sample).await?;
        batches.push(loaded.rate() * number(SIZE));
        latencies = vec![("batches".to_owned(), Quantiles::from(&loaded.latencies))];
    }
    let placed = Measure::new(
        format!("POST batches of {SIZE}, {CONNECTIONS} connections"),
        "orders/s",
        &batches,
    );
    let target = Target::RatioAtLeast(0.7);
    let title = format!("How long placing {SIZE} orders at once takes, {CONNECTIONS} at a time");
    Ok(Finding {
        heading: "Placing orders in batches".to_owned(),
        measures: vec![placed.against("pgbench, one bulk statement", &baseline, target)],
        charts: vec![Chart::Latencies { title, series: latencies }],
    })
}

async fn place(world: &World, scale: &Scale) -> Result<Loaded> {
    let endpoint = Endpoint::new(address(world.store.url())?);
    let request = |_, batch| request("POST", "/v1/orders/batch", &orders(batch));
    let (warm_up, lasts) = (scale.warm_up, scale.lasts);
    let loaded = flat_out(&endpoint, CONNECTIONS, warm_up, lasts, request).await?.accepted()?;
    let all = loaded.statuses.values().sum::<u64>();
    ensure!(all == loaded.with_status(201), "not every batch is new: {:?}", loaded.statuses);
    Ok(loaded)
}

/// The body of a batch.
fn orders(batch: u64) -> String {
    let mut body = String::from(r#"{"orders":["#);
    for number in batch * SIZE..(batch + 1) * SIZE {
        let between = if number % SIZE == 0 { "" } else { "," };
        // Writing to a string does not fail.
        let _ = write!(body, "{between}{}", order(number));
    }
    body + "]}"
}
