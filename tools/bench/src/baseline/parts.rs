//! The parts of one order's lag, each measured alone, one after the other.

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use futures_util::StreamExt as _;
use hdrhistogram::Histogram;
use lapin::Confirmation;
use lapin::options::{BasicAckOptions, BasicConsumeOptions, ConfirmSelectOptions};
use lapin::types::FieldTable;
use shared_models::names::queue;
use shared_models::side::{Direction, Side};

use super::{broker, pgbench, placing};
use crate::load::{Endpoint, flat_out, latencies};
use crate::measure::Measure;
use crate::orders::{address, order, request};
use crate::scale::Scale;
use crate::world::World;

const DIRECTION: Direction = Direction { from: Side::Store };
/// The number of messages that are sent one by one.
const MESSAGES: u32 = 1_000;

/// Each in ms.
#[derive(Clone, Copy, Debug)]
pub struct Parts {
    /// One statement with its commit, over one connection.
    pub commit: f64,
    /// The time from publishing one message to its confirm.
    pub confirm: f64,
    /// The time from publishing one message to its delivery.
    pub delivery: f64,
    /// One request that does nothing, and its answer.
    pub round_trip: f64,
}

impl Parts {
    /// Two commits, and one each of the others.
    #[must_use]
    pub fn sum(&self) -> f64 {
        2.0 * self.commit + self.confirm + self.delivery + self.round_trip
    }

    /// The parts as measures that are only reported.
    #[must_use]
    pub fn measures(&self) -> [Measure; 4] {
        let alone = |name: &str, value| Measure::new(format!("{name}, alone"), "ms", &[value]);
        [
            alone("one commit", self.commit),
            alone("one confirm", self.confirm),
            alone("one delivery", self.delivery),
            alone("one HTTP round trip", self.round_trip),
        ]
    }
}

/// Measures them, while nobody else does anything.
pub async fn measure(world: &mut World, scale: &Scale) -> Result<Parts> {
    let script = placing::script(world).await?;
    world.stand_still().await?;
    world.clear().await?;
    let commit = 1e3 / pgbench::run(world, &script, 1, scale.lasts).await?.rate;
    let [confirm, delivery] = messages(world).await?;
    let endpoint = Endpoint::new(address(world.warehouse.url())?);
    let nothing = |_, _| request("GET", "/health/live", "");
    let loaded = flat_out(&endpoint, 1, scale.warm_up, scale.lasts, nothing).await?.accepted()?;
    Ok(Parts { commit, confirm, delivery, round_trip: median(&loaded.latencies) })
}

/// One message after the other, as large as that of an order: how long until it is confirmed, and
/// how long until it is delivered.
async fn messages(world: &World) -> Result<[f64; 2]> {
    let (publishing, sender) = broker::open(world).await?;
    let (consuming, receiver) = broker::open(world).await?;
    sender.confirm_select(ConfirmSelectOptions::default()).await?;
    let (options, none) = (BasicConsumeOptions::default(), FieldTable::default());
    let taking = receiver.basic_consume(queue(DIRECTION).into(), "".into(), options, none);
    let mut consumer = taking.await?;
    let (mut confirms, mut deliveries) = (latencies(), latencies());
    let message = order(1);
    for _ in 0..MESSAGES {
        let began = Instant::now();
        let confirm = broker::publish_one(&sender, DIRECTION, &message).await?;
        let confirmed = async {
            let confirmation = confirm.await?;
            ensure!(matches!(confirmation, Confirmation::Ack(None)), "not taken");
            anyhow::Ok(began.elapsed())
        };
        let delivered = async {
            let delivery = consumer.next().await.context("RabbitMQ hands out no more")??;
            let took = began.elapsed();
            delivery.ack(BasicAckOptions::default()).await?;
            anyhow::Ok(took)
        };
        let (confirmed, delivered) = tokio::try_join!(confirmed, delivered)?;
        confirms.saturating_record(u64::try_from(confirmed.as_micros())?);
        deliveries.saturating_record(u64::try_from(delivered.as_micros())?);
    }
    for connection in [publishing, consuming] {
        connection.close(200, "done".into()).await?;
    }
    Ok([median(&confirms), median(&deliveries)])
}

/// The median of latencies, in ms.
fn median(latencies: &Histogram<u64>) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let median = latencies.value_at_quantile(0.5) as f64;
    median / 1e3
}
