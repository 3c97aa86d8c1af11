//! Commit to commit with many orders stored, while others want much of the same tables: offers of a
//! recent time and of all, and many who list. Each is compared with the quiet side in the same
//! turn.

use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use shared_models::side::Side;
use tokio::time::sleep;

use super::lag;
use crate::load::{Endpoint, Loaded, flat_out};
use crate::measure::{Finding, Measure, Target};
use crate::orders::{address, request};
use crate::progress::Progress;
use crate::report::chart::Chart;
use crate::scale::Scale;
use crate::world::{World, sides};

/// Times that of the quiet side.
const MOST: f64 = 4.0;
const LISTING: usize = 32;
/// Lists that no order, or hardly any, belongs to.
const LISTS: [&str; 3] = [
    "/v1/orders?status=picking",
    "/v1/orders?company=Nobody",
    "/v1/orders?status=delivered&updated_since=2026-01-01T00:00:00Z",
];
/// The interval at which the sides are asked whether they are ready.
const ASKED: Duration = Duration::from_millis(200);

/// Others who want something of the store.
#[derive(Clone, Copy)]
struct Crowd {
    name: &'static str,
    offers: fn() -> Vec<Value>,
    listing: usize,
}

const QUIET: Crowd = Crowd { name: "alone", offers: Vec::new, listing: 0 };
const CROWDS: [Crowd; 4] = [
    Crowd { name: "an offer of a recent time", offers: || vec![recent()], listing: 0 },
    Crowd { name: "an offer of all", offers: || vec![all()], listing: 0 },
    Crowd { name: "32 who list", offers: Vec::new, listing: LISTING },
    Crowd { name: "all of them", offers: || vec![recent(), all()], listing: LISTING },
];

fn recent() -> Value {
    json!({"since": chrono::Utc::now() - chrono::TimeDelta::minutes(5)})
}

fn all() -> Value {
    json!({"all": true})
}

pub(super) async fn measure(
    world: &mut World,
    scale: &Scale,
    progress: &Progress,
) -> Result<Finding> {
    progress.begin("crowded");
    progress.doing("preparing");
    world.fill_both(scale.crowded).await?;
    world.go_round().await?;
    let stored = scale.crowded;
    let (mut measures, mut bars) = (vec![], vec![]);
    for crowd in CROWDS {
        let (mut quiet, mut crowded) = (vec![], vec![]);
        for turn in 1..=scale.long_turns {
            progress.begin(format!("crowded, {}, {turn} of {}", crowd.name, scale.long_turns));
            quiet.push(p99_with(QUIET, world, scale).await?);
            crowded.push(p99_with(crowd, world, scale).await?);
        }
        let name = format!("p99 of the lag, {stored} stored, {}", crowd.name);
        let measure =
            Measure::new(name, "ms", &crowded).against("alone", &quiet, Target::RatioAtMost(MOST));
        bars.push((crowd.name.to_owned(), groups(&measure)));
        measures.push(measure);
    }
    let title = format!("p99 of the lag with {stored} orders stored");
    let charts = vec![Chart::Bars { title, unit: "ms", groups: bars }];
    Ok(Finding { heading: "Crowded".to_owned(), measures, charts })
}

fn groups(measure: &Measure) -> Vec<(String, f64)> {
    let alone = measure.baseline.as_ref().map_or(f64::NAN, |baseline| baseline.value.median);
    vec![("alone".to_owned(), alone), ("crowded".to_owned(), measure.value.median)]
}

/// The p99 of a steady load beside a crowd, in ms. The sides are ready all the while.
async fn p99_with(crowd: Crowd, world: &World, scale: &Scale) -> Result<f64> {
    let mut offers = vec![];
    for offer in (crowd.offers)() {
        offers.push(sides::offer(&world.store, &offer).await?);
    }
    let loading = async {
        let (lags, listed) = tokio::join!(
            lag::load(world, scale, lag::STEADY, scale.steady),
            list(crowd.listing, world, scale),
        );
        listed?;
        lags
    };
    let lags = tokio::select! {
        lags = loading => lags?,
        unready = watch(world) => return unready,
    };
    for offer in offers {
        sides::end_offer(&world.store, offer).await?;
    }
    Ok(lags.quantile(0.99))
}

/// Lists for as long as the load lasts. A reader who is told that there are too many is one, too.
async fn list(connections: usize, world: &World, scale: &Scale) -> Result<Option<Loaded>> {
    if connections == 0 {
        return Ok(None);
    }
    let endpoint = Endpoint::new(address(world.store.url())?);
    let list = |_, number| {
        let list = usize::try_from(number).unwrap_or_default() % LISTS.len();
        request("GET", LISTS[list], "")
    };
    flat_out(&endpoint, connections, scale.warm_up, scale.steady, list).await.map(Some)
}

/// Ends only where a side is not ready.
async fn watch(world: &World) -> Result<f64> {
    loop {
        for side in Side::ALL {
            let ready = sides::is_ready(world.program(side)).await;
            ensure!(ready, "the {side} says that it is not ready");
        }
        sleep(ASKED).await;
    }
}
