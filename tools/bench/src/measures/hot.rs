//! One order, edited as fast as it goes while the whole loop runs, against one row that is updated
//! as fast as it goes. Its peer has the last edit soon, and was told of far fewer.

use anyhow::{Context, Result, ensure};
use shared_models::side::{Direction, Side};

use super::figures::number;
use crate::baseline::{pgbench, updating};
use crate::load::{Endpoint, Loaded, flat_out};
use crate::measure::{Finding, Measure, Target};
use crate::orders::{address, order, request};
use crate::progress::Progress;
use crate::report::chart::{Chart, Quantiles};
use crate::scale::Scale;
use crate::world::{World, sides};

/// More would only wait for the row.
const CONNECTIONS: usize = 4;
/// The direction of which the worker reports the edits.
const DIRECTION: Direction = Direction { from: Side::Store };

const COMMITTED: &str = "
select max((extract(epoch from pg_xact_commit_timestamp(xmin)) * 1e6)::bigint) from changes";

#[derive(Default)]
struct Turns {
    baseline: Vec<f64>,
    edits: Vec<f64>,
    behind: Vec<f64>,
    requests: Vec<f64>,
}

pub(super) async fn measure(
    world: &mut World,
    scale: &Scale,
    progress: &Progress,
) -> Result<Finding> {
    let (mut turns, mut latencies) = (Turns::default(), vec![]);
    for turn in 1..=scale.turns {
        progress.begin(format!("a hot order, {turn} of {}", scale.turns));
        let script = updating::script(world).await?;
        progress.doing("one row, by pgbench");
        let ran = pgbench::run(world, &script, CONNECTIONS, scale.lasts).await?;
        updating::check(world, ran.transactions).await?;
        turns.baseline.push(ran.rate);

        world.clear().await?;
        world.go_round().await?;
        progress.doing("one order");
        let before = sides::requests(&world.worker, DIRECTION).await?;
        let loaded = edit(world, scale).await?;
        let edits = loaded.with_status(200);
        turns.edits.push(loaded.rate());
        turns.behind.push(arrive(world, edits).await?);
        let requests = sides::requests(&world.worker, DIRECTION).await? - before;
        turns.requests.push(100.0 * number(requests) / number(edits));
        latencies = vec![("edits".to_owned(), Quantiles::from(&loaded.latencies))];
    }
    let title = format!("How long editing one order takes, {CONNECTIONS} at a time");
    let edits = Measure::new(
        format!("PATCH one order, {CONNECTIONS} connections"),
        "edits/s",
        &turns.edits,
    );
    let behind = Measure::new("the peer has the last edit after", "ms", &turns.behind);
    let requests = Measure::new("requests to the peer, for 100 edits", "requests", &turns.requests);
    Ok(Finding {
        heading: "A hot order".to_owned(),
        measures: vec![
            edits.against("pgbench, updating one row", &turns.baseline, Target::RatioAtLeast(0.4)),
            behind.with_target(Target::ValueAtMost(100.0)),
            requests.with_target(Target::ValueAtMost(20.0)),
        ],
        charts: vec![Chart::Latencies { title, series: latencies }],
    })
}

async fn edit(world: &World, scale: &Scale) -> Result<Loaded> {
    sides::place(&world.store, order(1)).await?;
    let id = world.databases.store.row("select id::text from orders").await?;
    let path = format!("/v1/orders/{}", id.try_get::<_, String>(0)?);
    let edit =
        move |_, number| request("PATCH", &path, &format!(r#"{{"comment":"edit {number}"}}"#));
    let endpoint = Endpoint::new(address(world.store.url())?);
    flat_out(&endpoint, CONNECTIONS, scale.warm_up, scale.lasts, edit).await?.accepted()
}

/// Waits until the peer has the last edit, and gives how long after its commit, in ms. Every edit
/// is to have been counted.
async fn arrive(world: &World, edits: u64) -> Result<f64> {
    world.agree(1).await?;
    let store = world.databases.store.standing().await?;
    ensure!(store.changes == 1 + edits, "{edits} edits were answered, the store has {store:?}");
    let revision = "select (delivery -> 'revision' ->> 'store')::bigint from orders";
    for side in Side::ALL {
        let revision = world.databases.at(side).number(revision).await?;
        let all = i64::try_from(1 + edits)?;
        ensure!(revision == all, "after {edits} edits the {side} has revision {revision}");
    }
    let last = [&world.databases.store, &world.databases.warehouse];
    let last = [last[0].number(COMMITTED).await?, last[1].number(COMMITTED).await?];
    let behind = u64::try_from(last[1] - last[0]).context("the peer was first")?;
    Ok(number(behind) / 1e3)
}
