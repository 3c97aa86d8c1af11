//! Throughput and lag with few orders stored, and with many: they are to be the same.

use anyhow::Result;

use super::{STORE, carrying, lag, post};
use crate::measure::{Finding, Measure, Target};
use crate::progress::Progress;
use crate::report::chart::Chart;
use crate::scale::Scale;
use crate::world::World;

/// The least share of the throughput with few orders that is left with many.
const LEAST: f64 = 0.9;
/// The most times the lag with few orders that there may be with many.
const MOST: f64 = 1.11;
const CONNECTIONS: usize = 16;

/// The figures with a number of orders stored.
#[derive(Default)]
struct Stored {
    orders: u64,
    placed: Vec<f64>,
    carried: Vec<f64>,
    lag: Vec<f64>,
}

impl Stored {
    fn new(orders: u64) -> Self {
        Self { orders, ..Self::default() }
    }
}

pub(super) async fn measure(
    world: &mut World,
    scale: &Scale,
    progress: &Progress,
) -> Result<Finding> {
    let [mut few, mut many] = scale.growth.map(Stored::new);
    // In turn, so that each is compared with the other on one machine: minutes later the machine is another one.
    for turn in 1..=scale.long_turns {
        for stored in [&mut few, &mut many] {
            progress
                .begin(format!("{} orders stored, {turn} of {}", stored.orders, scale.long_turns));
            measure_with(world, scale, progress, stored).await?;
        }
    }
    let what = format!("with {}", few.orders);
    let with = |name: &str, unit, value: &[f64], than: &[f64], target| {
        let name = format!("{name}, {} orders stored", many.orders);
        Measure::new(name, unit, value).against(&what, than, target)
    };
    let throughput = Target::RatioAtLeast(LEAST);
    let measures: Vec<Measure> = vec![
        with("POST", "orders/s", &many.placed, &few.placed, throughput),
        with("carried", "orders/s", &many.carried, &few.carried, throughput),
        with("lag, median", "ms", &many.lag, &few.lag, Target::RatioAtMost(MOST)),
    ];
    let charts = charts(&measures, [few.orders, many.orders]);
    Ok(Finding { heading: "Growth".to_owned(), measures, charts })
}

/// Placing is measured twice each time, as it is over soonest.
async fn measure_with(
    world: &mut World,
    scale: &Scale,
    progress: &Progress,
    stored: &mut Stored,
) -> Result<()> {
    progress.doing("preparing");
    world.fill_both(stored.orders).await?;
    let mut there = stored.orders;
    progress.doing("placing");
    for _ in 0..2 {
        let loaded = post::place(world, scale, CONNECTIONS).await?;
        stored.placed.push(loaded.rate());
        there += loaded.with_status(201);
    }
    world.go_round().await?;
    world.agree(there).await?;

    progress.doing("carrying");
    world.stand_still().await?;
    // Numbers that nothing else has.
    world.add_waiting(there + 1..=there + scale.waiting_more).await?;
    there += scale.waiting_more;
    stored.carried.push(carrying::whole(world, STORE, scale.waiting_more).await?.rate);
    world.agree(there).await?;

    progress.doing("lag");
    let lags = lag::load(world, scale, lag::STEADY, scale.steady).await?;
    stored.lag.push(lags.quantile(0.5));
    world.agree(there + lags.placed()).await
}

fn charts(measures: &[Measure], [few, many]: [u64; 2]) -> Vec<Chart> {
    let bars = |measure: &Measure| {
        let baseline = measure.baseline.as_ref().map_or(f64::NAN, |baseline| baseline.value.median);
        vec![(format!("{few}"), baseline), (format!("{many}"), measure.value.median)]
    };
    let chart = |title: &str, unit, of: &[Measure]| Chart::Bars {
        title: title.to_owned(),
        unit,
        groups: of.iter().map(|measure| (measure.name.clone(), bars(measure))).collect(),
    };
    let (throughput, lag) = measures.split_at(2);
    vec![
        chart("Throughput by how many orders are stored", "orders/s", throughput),
        chart("Lag by how many orders are stored", "ms", lag),
    ]
}
