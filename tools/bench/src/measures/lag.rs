//! The lag from the commit at the store to the commit at the warehouse, under a steady load;
//! compared with the sum of what it is made of. PostgreSQL says when each was committed, by one
//! clock.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use hdrhistogram::Histogram;
use shared_models::side::Side;

use super::figures::number;
use crate::baseline::parts::{self, Parts};
use crate::load::{Endpoint, at_rate, latencies};
use crate::measure::{Finding, Measure, Target};
use crate::orders::{address, order, request};
use crate::progress::Progress;
use crate::report::chart::{Chart, Quantiles};
use crate::scale::Scale;
use crate::world::{Database, World, checks};

/// Enough that none is late because all are busy.
const CONNECTIONS: usize = 32;
/// Orders a second.
pub(super) const STEADY: f64 = 300.0;
const MUCH: f64 = 2_000.0;

const COMMITTED: &str = "
select key, (extract(epoch from pg_xact_commit_timestamp(xmin)) * 1e6)::bigint
from changes where kind = 'order.created' order by seq";

/// For each order after the warm-up, when it was committed at the store, in seconds after the
/// first, and how much later at the warehouse, in µs; in the order of the store.
pub(super) struct Lags {
    lags: Vec<(f64, u64)>,
    /// The number of orders that were placed, warm-up included.
    placed: u64,
}

pub(super) async fn measure(
    world: &mut World,
    scale: &Scale,
    progress: &Progress,
) -> Result<Finding> {
    progress.begin("lag");
    progress.doing("its parts alone");
    let parts = parts::measure(world, scale).await?;
    let mut finding = Finding { heading: "Lag, commit to commit".to_owned(), ..Finding::default() };
    for (rate, lasts) in [(STEADY, scale.steady), (MUCH, scale.much)] {
        progress.begin(format!("lag at {rate} orders/s for {} s", lasts.as_secs()));
        world.clear().await?;
        world.go_round().await?;
        let lags = load(world, scale, rate, lasts).await?;
        progress.doing("reading back");
        checks::arrived(world, lags.placed, scale.sample).await?;
        let measures = if rate > STEADY { lags.at_much() } else { lags.at_steady(&parts) };
        finding.measures.extend(measures);
        finding.charts.extend(lags.charts(rate)?);
    }
    finding.measures.extend(parts.measures());
    Ok(finding)
}

/// Places orders at a rate and waits until the warehouse has them all. Both were empty, or what is
/// there is known at both.
pub(super) async fn load(world: &World, scale: &Scale, rate: f64, lasts: Duration) -> Result<Lags> {
    let [store, warehouse] = [&world.databases.store, &world.databases.warehouse];
    let last_before = [store.last_change().await?, warehouse.last_change().await?];
    let endpoint = Endpoint::new(address(world.store.url())?);
    let request = |_, number| request("POST", "/v1/orders", &order(number));
    let loaded = at_rate(&endpoint, CONNECTIONS, rate, scale.warm_up + lasts, request).await?;
    let placed = loaded.accepted()?.with_status(201);
    // Counted one by one, for offers take numbers of changes there, too.
    world.created(Side::Warehouse, last_before[1], placed).await?;
    let lags = Lags::between(
        committed(store, last_before[0]).await?,
        &committed(warehouse, last_before[1]).await?,
    );
    Ok(lags?.after(scale.warm_up))
}

/// The key of each change since one, and when it was committed, in µs since 1970.
pub(super) async fn committed(database: &Database, before: u64) -> Result<Vec<(String, i64)>> {
    let since = COMMITTED.replace("order by", &format!("and seq > {before} order by"));
    let rows = database.rows(&since).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

impl Lags {
    fn between(store: Vec<(String, i64)>, warehouse: &[(String, i64)]) -> Result<Self> {
        let arrived = warehouse.iter().map(|(order, at)| (order.as_str(), *at));
        let arrived = arrived.collect::<HashMap<_, _>>();
        let first = store.iter().map(|(_, at)| *at).min().context("nothing was placed")?;
        let lag = |(order, at): (String, i64)| {
            let there =
                arrived.get(&*order).with_context(|| format!("order {order} has not arrived"))?;
            let lag = u64::try_from(there - at).context("it arrived before it was committed")?;
            Ok((number(u64::try_from(at - first)?) / 1e6, lag))
        };
        let lags = store.into_iter().map(lag).collect::<Result<Vec<_>>>()?;
        ensure!(lags.len() == warehouse.len(), "the warehouse has what nobody has sent");
        Ok(Self { placed: u64::try_from(lags.len())?, lags })
    }

    /// Without those of the warm-up.
    fn after(mut self, warm_up: Duration) -> Self {
        self.lags.retain(|(at, _)| *at >= warm_up.as_secs_f64());
        self
    }

    /// The number of orders that were placed, warm-up included.
    pub(super) const fn placed(&self) -> u64 {
        self.placed
    }

    /// A quantile, in ms.
    pub(super) fn quantile(&self, quantile: f64) -> f64 {
        quantile_of(self.lags.iter().map(|(_, lag)| *lag), quantile)
    }

    fn at_steady(&self, parts: &Parts) -> Vec<Measure> {
        let of = "commit, confirm, delivery, HTTP round trip, commit: their sum";
        let lag = |name: &str, quantile, most| {
            let name = format!("lag at {STEADY} orders/s, {name}");
            let lag = Measure::new(name, "ms", &[self.quantile(quantile)]);
            lag.against(of, &[parts.sum()], Target::RatioAtMost(most))
        };
        vec![lag("median", 0.5, 1.5), lag("p99", 0.99, 4.0)]
    }

    fn at_much(&self) -> Vec<Measure> {
        let name = |what| format!("lag at {MUCH} orders/s, {what}");
        let quarter = self.lags.len() / 4;
        let median = |lags: &[(f64, u64)]| quantile_of(lags.iter().map(|(_, lag)| *lag), 0.5);
        let first = median(self.lags.get(..quarter).unwrap_or_default());
        let last = median(self.lags.get(3 * quarter..).unwrap_or_default());
        let p99 = Measure::new(name("p99"), "ms", &[self.quantile(0.99)]);
        let last = Measure::new(name("median of the last quarter"), "ms", &[last]);
        vec![
            Measure::new(name("median"), "ms", &[self.quantile(0.5)]),
            p99.with_target(Target::ValueAtMost(100.0)),
            last.against("of the first quarter", &[first], Target::RatioAtMost(2.0)),
        ]
    }

    fn charts(&self, rate: f64) -> Result<[Chart; 2]> {
        let mut all = latencies();
        let mut each_second = HashMap::<u64, Vec<u64>>::new();
        for (at, lag) in &self.lags {
            all.record(*lag)?;
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "seconds")]
            each_second.entry(*at as u64).or_default().push(*lag);
        }
        let over_time = |quantile| {
            let points = each_second.iter();
            let point = |(second, lags): (&u64, &Vec<u64>)| {
                (number(*second), quantile_of(lags.iter().copied(), quantile))
            };
            let mut points = points.map(point).collect::<Vec<_>>();
            points.sort_by(|a, b| a.0.total_cmp(&b.0));
            points
        };
        let series =
            vec![("median".to_owned(), over_time(0.5)), ("p99".to_owned(), over_time(0.99))];
        Ok([
            Chart::Latencies {
                title: format!("Lag at {rate} orders/s"),
                series: vec![("commit to commit".to_owned(), Quantiles::from(&all))],
            },
            Chart::OverTime { title: format!("Lag at {rate} orders/s"), unit: "ms", series },
        ])
    }
}

/// A quantile of lags, in ms.
fn quantile_of(lags: impl Iterator<Item = u64>, quantile: f64) -> f64 {
    let mut histogram: Histogram<u64> = latencies();
    lags.for_each(|lag| histogram.saturating_record(lag));
    number(histogram.value_at_quantile(quantile)) / 1e3
}
