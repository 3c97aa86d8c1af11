//! The time that an audit of many orders takes, one of which was changed behind the services' backs, and
//! the memory of the worker meanwhile.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use launcher::wait;
use serde_json::Value;

use super::figures::per_second;
use super::{STORE, WAREHOUSE};
use crate::measure::{Finding, Measure, Target};
use crate::progress::Progress;
use crate::scale::Scale;
use crate::world::usage::kilobytes;
use crate::world::{World, sides};

/// The longest that an audit may take, which rests most of its time.
const PATIENCE: Duration = Duration::from_secs(3_600);
/// The most memory that the worker may hold afterwards, in MB.
const MOST: f64 = 60.0;
/// Changes an order at the warehouse, as no service would.
const PLANT: &str = "
update orders set delivery = jsonb_set(delivery, '{company}', '\"Odd\"'), company = 'Odd'
where id = (select id from orders order by id offset (select count(*) / 2 from orders) limit 1)";

pub(super) async fn measure(
    world: &mut World,
    scale: &Scale,
    progress: &Progress,
) -> Result<Finding> {
    let orders = scale.audited;
    progress.begin(format!("an audit of {orders}"));
    progress.doing("preparing");
    world.fill_both(orders).await?;
    world.go_round().await?;
    // Comparing the log, which is new to the worker, would find it first.
    for direction in [STORE, WAREHOUSE] {
        let compared = async || {
            let comparison = sides::comparison(&world.worker, direction).await;
            comparison.is_ok_and(|it| it["compared_to"] == it["newest"] && !it["as_of"].is_null())
        };
        wait::until("the whole log to be compared", PATIENCE, compared).await?;
    }
    world.databases.warehouse.run(PLANT).await?;
    progress.doing("comparing");
    let began = Instant::now();
    let number = sides::begin_audit(&world.worker).await?;
    let path = format!("/v1/audits/{number}");
    let ended = async || {
        let audit = sides::ask(&world.worker, &path).await;
        audit.is_ok_and(|audit| audit["state"] != "running")
    };
    wait::until("the audit to end", PATIENCE, ended).await?;
    let took = began.elapsed();
    let receipt = sides::ask(&world.worker, &path).await?["receipt"].take();
    let figure = |name: &str| receipt[name].as_u64();
    let figures = ["compared", "differences", "healed", "left"].map(figure);
    let expected = [orders, 1, 1, 0].map(Some);
    ensure!(figures == expected && digests_agree(&receipt), "the receipt is {receipt}");
    let memory = kilobytes(&world.worker)? / 1_024.0;
    let name = |what: &str| format!("{orders} orders, {what}");
    let measures = vec![
        Measure::new(name("one of them changed by hand"), "s", &[took.as_secs_f64()]),
        Measure::new(name("with the rests"), "orders/s", &[per_second(orders, took)]),
        Measure::new(name("the worker's memory"), "MB", &[memory])
            .with_target(Target::ValueAtMost(MOST)),
    ];
    Ok(Finding { heading: "Audit".to_owned(), measures, ..Finding::default() })
}

fn digests_agree(receipt: &Value) -> bool {
    let digests = &receipt["digests"];
    digests["store"].is_string() && digests["store"] == digests["warehouse"]
}
