//! The feed: a thousand streams of it, and what one that is followed costs those who place orders.

use std::collections::HashMap;

use anyhow::{Context, Result, ensure};
use program_kit::access::Role;
use serde::Deserialize;
use test_kit::http;

use super::figures::number;
use super::{lag, post, readings};
use crate::load::streams::{Given, Streams};
use crate::load::{Endpoint, at_rate, latencies};
use crate::measure::{Finding, Measure, Target};
use crate::orders::{address, order, request};
use crate::progress::Progress;
use crate::report::chart::{Chart, Quantiles};
use crate::scale::Scale;
use crate::world::{World, sides, usage};
use process_kit::secured::headers;

/// The number of streams, and of changes a second.
const STREAMS: usize = 1_000;
const RATE: f64 = 500.0;
/// Enough that no order waits for another.
const CONNECTIONS: usize = 32;
/// Those who place orders as fast as it goes.
const FLAT_OUT: usize = 64;
/// Whether there is a stream, and somebody who reads pages.
const FOLLOWING: [(bool, bool); 3] = [(false, false), (true, false), (true, true)];
const FEED: &str = "/v1/orders/changes";

/// One data line of the feed, as far as it is looked at.
#[derive(Deserialize)]
struct Change {
    key: String,
}

pub(super) async fn measure(
    world: &mut World,
    scale: &Scale,
    progress: &Progress,
) -> Result<Finding> {
    let mut finding = Finding { heading: "The feed".to_owned(), ..Finding::default() };
    progress.begin(format!("feeds, {STREAMS} streams"));
    world.stand_still().await?;
    world.clear().await?;
    world.start_services_anew().await?;
    streams(world, scale, progress, &mut finding).await?;
    let (mut rates, mut costs) = <([Vec<f64>; 3], [Vec<f64>; 3])>::default();
    let turns = 3 * scale.turns;
    for turn in 1..=turns {
        progress.begin(format!("feeds, POST with and without, {turn} of {turns}"));
        for (index, (stream, pages)) in FOLLOWING.into_iter().enumerate() {
            let (rate, cost) = followed(world, scale, stream, pages).await?;
            rates[index].push(rate);
            costs[index].push(cost);
        }
    }
    let most = Target::RatioAtLeast(0.97);
    for (index, what, target) in
        [(1, "a stream", most), (2, "a stream, and pages", Target::Reported)]
    {
        let name = |of| format!("POST, {FLAT_OUT} connections, {what} following{of}");
        let rate = Measure::new(name(""), "orders/s", &rates[index]);
        let cost = Measure::new(name(", processor of an order"), "µs", &costs[index]);
        let of = "nobody following";
        finding.measures.push(rate.against(of, &rates[0], target));
        finding.measures.push(cost.against(of, &costs[0], Target::Reported));
    }
    readings::measure(world, scale, progress, &mut finding).await?;
    Ok(finding)
}

/// A thousand streams, and orders placed at a rate.
async fn streams(
    world: &World,
    scale: &Scale,
    progress: &Progress,
    finding: &mut Finding,
) -> Result<()> {
    progress.doing("with one stream");
    let one = load(world, scale, 1).await?;
    progress.doing("with all of them");
    let all = load(world, scale, STREAMS).await?;
    let lags = all.lags(world).await?;
    let kilobytes = |at: usize| (all.memory[at] - one.memory[at]) / number(STREAMS as u64 - 1);
    let name = |what| format!("{STREAMS} streams, {RATE} changes/s, {what}");
    let at = |quantile| number(lags.value_at_quantile(quantile)) / 1e3;
    let cores = |what, index: usize| Measure::new(name(what), "cores", &[all.cores[index]]);
    let memory = |what, at| {
        Measure::new(name(what), "kB", &[kilobytes(at)]).with_target(Target::ValueAtMost(40.0))
    };
    finding.measures.extend([
        Measure::new(name("commit to client, median"), "ms", &[at(0.5)]),
        Measure::new(name("commit to client, p99"), "ms", &[at(0.99)])
            .with_target(Target::ValueAtMost(100.0)),
        memory("memory of a stream, idle", 0),
        memory("memory of a stream", 1),
        cores("processor of the store", 0),
        cores("processor of PostgreSQL", 3),
    ]);
    finding.charts.push(Chart::Latencies {
        title: name("commit to client"),
        series: vec![("all streams".to_owned(), Quantiles::from(&lags))],
    });
    Ok(())
}

/// What came of a load that streams have followed.
struct Followed {
    given: Given,
    /// The store's memory with all streams open, at the beginning and at the end, in kB.
    memory: [f64; 2],
    cores: [f64; usage::PARTS.len()],
}

async fn load(world: &World, scale: &Scale, streams: usize) -> Result<Followed> {
    world.clear().await?;
    let lasts = scale.warm_up + scale.steady;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small count")]
    let events = (RATE * lasts.as_secs_f64()).ceil() as usize;
    let open = open(world, streams, events).await?;
    let (idle, before) = (usage::kilobytes(&world.store)?, usage::processor(world)?);
    let place = |_, number| request("POST", "/v1/orders", &order(number));
    at_rate(&Endpoint::new(address(world.store.url())?), CONNECTIONS, RATE, lasts, place)
        .await?
        .accepted()?;
    let memory = [idle, usage::kilobytes(&world.store)?];
    let after = usage::processor(world)?;
    let cores = std::array::from_fn(|part| (after[part] - before[part]) / lasts.as_secs_f64());
    Ok(Followed { given: open.given().await?, memory, cores })
}

impl Followed {
    /// Checks that the events are the log, and returns the time from each commit to each stream, in µs.
    async fn lags(&self, world: &World) -> Result<hdrhistogram::Histogram<u64>> {
        let database = &world.databases.store;
        let text = str::from_utf8(&self.given.text)?;
        let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
        let keys = data.map(|data| Ok(serde_json::from_str::<Change>(data)?.key));
        let keys = keys.collect::<Result<Vec<_>>>()?;
        let log = database.rows("select key from changes order by xid, seq").await?;
        let log = log.iter().map(|row| row.try_get(0)).collect::<Result<Vec<String>, _>>()?;
        ensure!(
            keys == log,
            "the feed gave {} changes of {}, or in another order",
            keys.len(),
            log.len()
        );
        let committed = lag::committed(database, 0).await?.into_iter().collect::<HashMap<_, _>>();
        let committed = keys.iter().map(|key| committed.get(key).copied().context("no commit"));
        let committed = committed.collect::<Result<Vec<_>>>()?;
        let mut lags = latencies();
        for arrival in &self.given.arrivals {
            let (first, end) = (arrival.events.0 as usize, arrival.events.1 as usize);
            for commit in &committed[first..end] {
                lags.saturating_record((arrival.at - commit).try_into().unwrap_or_default());
            }
        }
        Ok(lags)
    }
}

/// Opens streams from now on.
async fn open(world: &World, streams: usize, events: usize) -> Result<Streams> {
    let path = format!("{FEED}?cursor={}", next(world).await?);
    let request = String::from_utf8(request("GET", &path, "").to_vec())?;
    let request = request.replacen("\r\n\r\n", "\r\naccept: text/event-stream\r\n\r\n", 1);
    Streams::open(address(world.store.url())?, request.into(), streams, events).await
}

/// The cursor after the newest change.
async fn next(world: &World) -> Result<String> {
    let page = sides::ask(&world.store, FEED).await?;
    Ok(page["next"].as_str().context("a page without a cursor")?.to_owned())
}

/// Places orders as fast as it goes while nobody follows, or a stream does, and somebody with pages.
/// Returns the rate, and the processor time of the store and of PostgreSQL for each order, in µs.
async fn followed(world: &World, scale: &Scale, stream: bool, pages: bool) -> Result<(f64, f64)> {
    world.clear().await?;
    let _stream = match stream {
        true => Some(open(world, 1, usize::MAX).await?),
        false => None,
    };
    let before = usage::processor(world)?;
    let placing = post::place(world, scale, FLAT_OUT);
    let placed = match pages {
        true => tokio::select! { placed = placing => placed, failed = read_pages(world) => failed },
        false => placing.await,
    };
    let (placed, after) = (placed?, usage::processor(world)?);
    let seconds = after[0] + after[3] - before[0] - before[3];
    Ok((placed.rate(), 1e6 * seconds / number(placed.with_status(201))))
}

/// Reads page after page; ends only if it cannot.
async fn read_pages<T>(world: &World) -> Result<T> {
    let client = http().default_headers(headers(Role::Read)).build()?;
    let mut cursor = next(world).await?;
    loop {
        let url = format!("{}{FEED}?limit=500&wait=10&cursor={cursor}", world.store.url());
        let page = client.get(url).send().await?.error_for_status()?.text().await?;
        // The changes before it need not be parsed.
        let (_, next) = page.rsplit_once("\"next\":\"").context("a page without a cursor")?;
        cursor = next.split('"').next().unwrap_or_default().to_owned();
    }
}
