//! So many changes wait; how long until the last of them is committed at the peer. Beside it, each
//! on its own: the relay, RabbitMQ, the peer that takes them.

use std::time::Instant;

use anyhow::Result;
use launcher::wait;
use shared_models::site::{Direction, Site};

use super::PATIENCE;
use crate::bench::beside::{applying, broker};
use crate::bench::measure::{Beside, Finding, Measure, Spread, Wanted};
use crate::bench::progress::Progress;
use crate::bench::report::chart::Chart;
use crate::bench::scale::Scale;
use crate::bench::world::{World, checks, sites};

/// What is to be reached on two cores, in orders a second.
const LEAST: f64 = 5_000.0;

/// Rates, one of each turn.
#[derive(Default)]
struct Turns {
    relay: Vec<f64>,
    broker: Vec<f64>,
    peer: Vec<f64>,
    whole: Vec<f64>,
    over_time: Vec<(String, Vec<(f64, f64)>)>,
}

pub(super) async fn measure(
    direction: Direction,
    world: &mut World,
    scale: &Scale,
    progress: &Progress,
) -> Result<Finding> {
    let mut turns = Turns::default();
    for turn in 1..=scale.long_turns {
        let (of, waiting) = (scale.long_turns, scale.waiting);
        progress.begin(format!("{direction}, {waiting} waiting, {turn} of {of}"));
        progress.doing("preparing");
        world.fill(direction, waiting).await?;
        progress.doing("the relay alone");
        turns.relay.push(relay(world, direction, waiting).await?);
        broker::purge(world, direction).await?;

        progress.doing("preparing");
        world.fill(direction, waiting).await?;
        let messages = applying::messages(world, direction).await?;
        progress.doing("the peer alone");
        turns.peer.push(applying::apply(world, direction, &messages).await?);
        progress.doing("RabbitMQ alone");
        turns.broker.push(broker::publish_and_consume(world, direction, messages).await?);

        progress.doing("preparing");
        world.fill(direction, waiting).await?;
        progress.doing("the whole loop");
        let (rate, committed) = whole(world, direction, waiting).await?;
        turns.whole.push(rate);
        turns.over_time.push((format!("turn {turn}"), committed));
        progress.doing("reading back");
        check(world, direction, waiting, scale.sample).await?;
    }
    Ok(turns.finding(direction))
}

/// How many changes a second leave the outbox while nobody consumes.
async fn relay(world: &World, direction: Direction, waiting: u64) -> Result<f64> {
    let site = world.program(direction.from);
    let before = sites::confirmed(site).await?;
    let began = Instant::now();
    sites::resume(site).await?;
    let all = async || sites::confirmed(site).await.is_ok_and(|now| now - before >= waiting);
    wait::until("the relay to publish all", PATIENCE, all).await?;
    let took = began.elapsed();
    sites::pause(site).await?;
    Ok(per_second(waiting, took.as_secs_f64()))
}

/// How many changes a second are carried, and how many in each second. PostgreSQL says when each
/// was committed.
async fn whole(
    world: &mut World,
    direction: Direction,
    waiting: u64,
) -> Result<(f64, Vec<(f64, f64)>)> {
    world.start_worker().await?;
    let (source, peer) = (world.databases.at(direction.from), direction.to());
    let began: f64 =
        source.row("select extract(epoch from clock_timestamp())::float8").await?.try_get(0)?;
    let before = world.databases.at(peer).recorded().await?;
    sites::resume(world.program(direction.from)).await?;
    world.recorded(peer, before + waiting).await?;
    let rows = world.databases.at(peer).rows(&committed(began, before)).await?;
    let (mut each_second, mut last) = (vec![], 0.0_f64);
    for row in rows {
        let (second, count): (f64, f64) = (row.try_get(0)?, row.try_get(1)?);
        each_second.push((second, count));
        last = last.max(row.try_get(2)?);
    }
    Ok((per_second(waiting, last), each_second))
}

/// In each second after a time, how many changes were committed, and when the last of them was.
fn committed(began: f64, before: u64) -> String {
    format!(
        "with committed as (
            select extract(epoch from pg_xact_commit_timestamp(xmin))::float8 - {began} as after
            from changes where seq > {before}
        )
        select floor(after), count(*)::float8, max(after) from committed group by 1 order by 1"
    )
}

async fn check(world: &World, direction: Direction, orders: u64, sample: u64) -> Result<()> {
    match direction.from {
        Site::Store => checks::arrived(world, orders, sample).await,
        Site::Warehouse => checks::picked(world, orders, sample).await,
    }
}

fn per_second(count: u64, seconds: f64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let count = count as f64;
    count / seconds
}

impl Turns {
    fn finding(self, direction: Direction) -> Finding {
        let each = self.relay.iter().zip(&self.broker).zip(&self.peer);
        let limit =
            each.map(|((relay, broker), peer)| 1.0 / (1.0 / relay + 1.0 / broker + 1.0 / peer));
        let limit = Spread::of(limit.collect());
        let what = "relay, RabbitMQ and peer, one after the other".to_owned();
        let told = |name: &str, rates: &[f64]| Measure {
            name: format!("{direction}: {name}"),
            value: Spread::of(rates.to_vec()),
            unit: "orders/s",
            beside: None,
            wanted: Wanted::Reported,
        };
        let measures = vec![
            Measure {
                beside: Some(Beside { what, value: limit }),
                wanted: Wanted::RatioAtLeast(0.8),
                ..told("carried", &self.whole)
            },
            Measure {
                wanted: Wanted::ValueAtLeast(LEAST),
                ..told("carried, on two cores", &self.whole)
            },
            told("the relay alone", &self.relay),
            told("RabbitMQ alone", &self.broker),
            told("the peer alone", &self.peer),
        ];
        let title = format!("Orders committed at the {} in each second", direction.to());
        let charts = vec![Chart::OverTime { title, unit: "orders/s", series: self.over_time }];
        Finding { heading: format!("Carrying what waits, {direction}"), measures, charts }
    }
}
