//! The rate at which waiting changes are carried, until the last of them is committed at the peer.
//! Compared with it, each on its own: the relay, RabbitMQ, the peer that takes them.

use std::time::Instant;

use anyhow::Result;
use launcher::wait;
use shared_models::side::{Direction, Side};

use super::PATIENCE;
use super::figures::{number, per_second};
use crate::baseline::{applying, broker};
use crate::measure::{Finding, Measure, Target};
use crate::progress::Progress;
use crate::report::chart::Chart;
use crate::scale::Scale;
use crate::world::{World, checks, sides, usage};

/// The target on two cores, in orders a second.
const LEAST: f64 = 5_000.0;
/// The unit of costs.
const COST: &str = "CPU s / 1,000";

/// Rates, one of each turn.
#[derive(Default)]
struct Turns {
    relay: Vec<f64>,
    broker: Vec<f64>,
    peer: Vec<f64>,
    whole: Vec<Carried>,
}

/// The figures of carrying all that waits.
pub(super) struct Carried {
    /// Changes a second.
    pub(super) rate: f64,
    /// Seconds, and changes committed in each.
    each_second: Vec<(f64, f64)>,
    /// Processor time of each part for 1,000 changes, in seconds.
    cost: [f64; usage::PARTS.len()],
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
        turns.whole.push(whole(world, direction, waiting).await?);
        progress.doing("reading back");
        check(world, direction, waiting, scale.sample).await?;
    }
    Ok(turns.finding(direction))
}

/// The changes a second that leave the outbox while nobody consumes.
async fn relay(world: &World, direction: Direction, waiting: u64) -> Result<f64> {
    let side = world.program(direction.from);
    let before = sides::confirmed(side).await?;
    let began = Instant::now();
    sides::resume(side).await?;
    let all = async || sides::confirmed(side).await.is_ok_and(|now| now - before >= waiting);
    wait::until("the relay to publish all", PATIENCE, all).await?;
    let took = began.elapsed();
    sides::pause(side).await?;
    Ok(per_second(waiting, took))
}

/// The rate at which waiting changes are carried. PostgreSQL says when each was committed.
pub(super) async fn whole(
    world: &mut World,
    direction: Direction,
    waiting: u64,
) -> Result<Carried> {
    world.start_worker().await?;
    let (source, peer) = (world.databases.at(direction.from), direction.to());
    let before = world.databases.at(peer).recorded().await?;
    let last_before = world.databases.at(peer).last_change().await?;
    let spent = usage::processor(world)?;
    let began = source.row("select extract(epoch from clock_timestamp())::float8").await?;
    sides::resume(world.program(direction.from)).await?;
    world.recorded(peer, before + waiting).await?;
    let spent_since = usage::processor(world)?;
    let rows = world.databases.at(peer).rows(&committed(began.try_get(0)?, last_before)).await?;
    let (mut each_second, mut last) = (vec![], 0.0_f64);
    for row in rows {
        each_second.push((row.try_get(0)?, row.try_get(1)?));
        last = last.max(row.try_get(2)?);
    }
    let thousands = number(waiting) / 1e3;
    let cost = std::array::from_fn(|part| (spent_since[part] - spent[part]) / thousands);
    Ok(Carried { rate: number(waiting) / last, each_second, cost })
}

/// The number of changes that were committed in each second after a time, and when the last of them
/// was.
fn committed(began: f64, last_before: u64) -> String {
    format!(
        "with committed as (
            select extract(epoch from pg_xact_commit_timestamp(xmin))::float8 - {began} as after
            from changes where seq > {last_before}
        )
        select floor(after), count(*)::float8, max(after) from committed group by 1 order by 1"
    )
}

async fn check(world: &World, direction: Direction, orders: u64, sample: u64) -> Result<()> {
    match direction.from {
        Side::Store => checks::arrived(world, orders, sample).await,
        Side::Warehouse => checks::picked(world, orders, sample).await,
    }
}

impl Turns {
    fn finding(&self, direction: Direction) -> Finding {
        let each = self.relay.iter().zip(&self.broker).zip(&self.peer);
        let baseline =
            each.map(|((relay, broker), peer)| (1.0 / relay + 1.0 / broker + 1.0 / peer).recip());
        let baseline = baseline.collect::<Vec<_>>();
        let rates = self.whole.iter().map(|carried| carried.rate).collect::<Vec<_>>();
        let rate = |what: &str, rates: &[f64]| {
            Measure::new(format!("{direction}: {what}"), "orders/s", rates)
        };
        let what = "relay, RabbitMQ and peer, one after the other";
        let mut measures = vec![
            rate("carried", &rates).against(what, &baseline, Target::RatioAtLeast(0.8)),
            rate("carried, on two cores", &rates).with_target(Target::ValueAtLeast(LEAST)),
            rate("the relay alone", &self.relay),
            rate("RabbitMQ alone", &self.broker),
            rate("the peer alone", &self.peer),
        ];
        let costs = self.costs(direction);
        let bars = costs.iter().map(|cost| (cost.name.clone(), cost.value.median)).collect();
        measures.extend(costs);
        let charts = vec![
            Chart::OverTime {
                title: format!("Orders committed at the {} in each second", direction.to()),
                unit: "orders/s",
                series: self.over_time(),
            },
            Chart::Bars {
                title: "Processor time for 1,000 orders carried".to_owned(),
                unit: COST,
                groups: vec![(direction.to_string(), bars)],
            },
        ];
        Finding { heading: format!("Carrying what waits, {direction}"), measures, charts }
    }

    fn costs(&self, direction: Direction) -> Vec<Measure> {
        let of = |part: usize| self.whole.iter().map(|it| it.cost[part]).collect::<Vec<_>>();
        let parts = usage::PARTS.iter().enumerate();
        let cost = parts.map(|(part, name)| {
            Measure::new(format!("{direction}: cost of {name}"), COST, &of(part))
        });
        let all = self.whole.iter().map(|it| it.cost.iter().sum()).collect::<Vec<f64>>();
        cost.chain([Measure::new(format!("{direction}: cost of all"), COST, &all)]).collect()
    }

    fn over_time(&self) -> Vec<(String, Vec<(f64, f64)>)> {
        let turns = (1..).zip(&self.whole);
        turns.map(|(turn, carried)| (format!("turn {turn}"), carried.each_second.clone())).collect()
    }
}
