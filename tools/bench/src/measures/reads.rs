//! Reading one order, and a page of a hundred, against the selects that find them.

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use shared_models::order::Status;

use crate::baseline::{pgbench, selecting};
use crate::load::{Endpoint, Loaded, flat_out};
use crate::measure::{Finding, Measure, Target};
use crate::orders::{address, is_as_placed, number_in, request};
use crate::progress::Progress;
use crate::report::chart::{Chart, Quantiles};
use crate::scale::Scale;
use crate::world::{World, sides};

const CONNECTIONS: usize = 16;
/// Orders on a page.
const PAGE: usize = 100;
const PAGE_PATH: &str = "/v1/orders?limit=100";

pub(super) async fn measure(
    world: &mut World,
    scale: &Scale,
    progress: &Progress,
) -> Result<Finding> {
    progress.begin("reads");
    progress.doing("preparing");
    let stored = scale.stored;
    world.fill_both(stored).await?;
    world.fill_baseline(stored).await?;
    let ids = ids(world).await?;
    let one = move |_, _| {
        let id = fastrand::choice(&ids).map_or("", String::as_str);
        request("GET", &format!("/v1/orders/{id}"), "")
    };
    let page = |_, _| request("GET", PAGE_PATH, "");
    let (mut ones, mut pages, mut charts) = (Rates::default(), Rates::default(), vec![]);
    for turn in 1..=scale.turns {
        progress.begin(format!("reads, {turn} of {}", scale.turns));
        ones.baseline.push(select(world, &selecting::one(stored), scale).await?);
        // Small enough that every answer can be looked at.
        let endpoint = endpoint(world)?.keeping_bodies();
        let loaded = read(&endpoint, scale, one.clone()).await?;
        check_ones(&loaded)?;
        ones.read.push(loaded.rate());
        let latencies = ("one order".to_owned(), Quantiles::from(&loaded.latencies));

        pages.baseline.push(select(world, &selecting::page(PAGE), scale).await?);
        let loaded = read(&self::endpoint(world)?, scale, page).await?;
        check_page(world, stored).await?;
        pages.read.push(loaded.rate());
        let title = format!("How long reading takes, {CONNECTIONS} at a time");
        let series = vec![latencies, ("a page".to_owned(), Quantiles::from(&loaded.latencies))];
        charts = vec![Chart::Latencies { title, series }];
    }
    let measures = vec![
        ones.measure("GET one order", "answers/s"),
        pages.measure("GET a page of 100", "pages/s"),
    ];
    Ok(Finding { heading: "Reading orders".to_owned(), measures, charts })
}

#[derive(Default)]
struct Rates {
    baseline: Vec<f64>,
    read: Vec<f64>,
}

impl Rates {
    fn measure(&self, name: &str, unit: &'static str) -> Measure {
        let name = format!("{name}, {CONNECTIONS} connections");
        let target = Target::RatioAtLeast(0.6);
        Measure::new(name, unit, &self.read).against("pgbench, one select", &self.baseline, target)
    }
}

fn endpoint(world: &World) -> Result<Endpoint> {
    Ok(Endpoint::new(address(world.store.url())?))
}

async fn ids(world: &World) -> Result<Vec<String>> {
    let rows = world.databases.store.rows("select id::text from orders").await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

async fn select(world: &World, script: &pgbench::Script, scale: &Scale) -> Result<f64> {
    Ok(pgbench::run(world, script, CONNECTIONS, scale.lasts).await?.rate)
}

async fn read(
    endpoint: &Endpoint,
    scale: &Scale,
    request: impl Fn(usize, u64) -> bytes::Bytes + Send + 'static,
) -> Result<Loaded> {
    flat_out(endpoint, CONNECTIONS, scale.warm_up, scale.lasts, request).await?.accepted()
}

fn check_ones(loaded: &Loaded) -> Result<()> {
    for body in &loaded.bodies {
        is_an_order(&serde_json::from_slice(body)?)?;
    }
    ensure!(!loaded.bodies.is_empty(), "no body was kept");
    Ok(())
}

/// The newest orders, the newest first.
async fn check_page(world: &World, stored: u64) -> Result<()> {
    let page = sides::ask(&world.store, PAGE_PATH).await?;
    let items = page["items"].as_array().context("a page without items")?;
    ensure!(items.len() == PAGE, "a page of {} orders", items.len());
    for item in items {
        is_an_order(item)?;
    }
    let newest = items[0]["comment"].as_str().map(number_in).context("a comment")??;
    ensure!(newest > stored - 10, "the newest of {stored} orders is said to be {newest}");
    Ok(())
}

fn is_an_order(shown: &Value) -> Result<()> {
    let number = shown["comment"].as_str().map(number_in).context("a comment")??;
    ensure!(is_as_placed(number, Status::Placed, shown), "not as it was placed: {shown}");
    Ok(())
}
