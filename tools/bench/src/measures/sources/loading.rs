//! Posts loaded from a remote, against the same rows inserted by a client; and the memory of the worker.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::super::figures::per_second;
use super::{clear_store, mirroring, remote};
use crate::baseline::rows::Inserts;
use crate::measure::{Finding, Measure, Target};
use crate::progress::Progress;
use crate::scale::Scale;
use crate::world::World;

/// The records in one request of a load, and in one insert of the baseline.
const BATCH: u64 = 500;
/// A load is so many times as long as the one with which its memory is compared.
const LONGER: u64 = 10;
/// The ratio that is no growth.
const MOST: f64 = 1.1;

/// A load by a worker that was just started.
struct Loaded {
    took: Duration,
    /// The memory of the worker before it, at the most, and after it, in MB.
    megabytes: [f64; 3],
}

/// The figures of the turns.
#[derive(Default)]
struct Turns {
    loaded: Vec<f64>,
    rows: Vec<f64>,
    rows_and_changes: Vec<f64>,
    most: Vec<f64>,
    most_of_few: Vec<f64>,
    grew: Vec<f64>,
    stayed: Vec<f64>,
}

pub(super) async fn measure(
    world: &mut World,
    scale: &Scale,
    progress: &Progress,
    finding: &mut Finding,
) -> Result<()> {
    let posts = scale.mirrored;
    let mut turns = Turns::default();
    for turn in 1..=scale.turns {
        progress.begin(format!("{posts} posts loaded, {turn} of {}", scale.turns));
        take_turns(world, posts, &mut turns, progress).await?;
    }
    let Turns { loaded, rows, rows_and_changes, most, most_of_few, grew, stayed } = turns;
    let name = format!("{posts} posts loaded");
    let loaded = Measure::new(&name, "posts/s", &loaded);
    let with_changes = Measure { name: format!("{name}, with their changes"), ..loaded.clone() };
    let target = Target::RatioAtLeast(0.5);
    let few = format!("loading {}", posts / LONGER);
    finding.measures.extend([
        loaded.against("the rows of posts, inserted", &rows, target),
        with_changes.against("rows and changes, inserted", &rows_and_changes, Target::Reported),
        Measure::new(format!("{name}: worker at the most"), "MB", &most).against(
            &few,
            &most_of_few,
            Target::RatioAtMost(MOST),
        ),
        Measure::new(format!("{name}: worker grew by, at the most"), "MB", &grew),
        Measure::new(format!("{name}: worker grew by, afterwards"), "MB", &stayed),
    ]);
    Ok(())
}

/// A short load, the long one, and the inserts of what that has written.
async fn take_turns(
    world: &mut World,
    posts: u64,
    turns: &mut Turns,
    progress: &Progress,
) -> Result<()> {
    progress.doing("a few");
    let [_, most, _] = load(world, posts / LONGER).await?.megabytes;
    turns.most_of_few.push(most);
    progress.doing("all");
    let Loaded { took, megabytes: [before, most, after] } = load(world, posts).await?;
    turns.loaded.push(per_second(posts, took));
    turns.most.push(most);
    turns.grew.push(most - before);
    turns.stayed.push(after - before);
    progress.doing("by inserts");
    let store = &world.databases.store;
    let rows = Inserts::of(store, "posts", "id", BATCH).await?;
    let both = Inserts::of(store, "posts", "id", BATCH).await?;
    let both = both.and(Inserts::of(store, "changes", "seq", BATCH).await?);
    turns.rows.push(per_second(posts, inserted(world, &rows, posts).await?));
    turns.rows_and_changes.push(per_second(posts, inserted(world, &both, posts).await?));
    Ok(())
}

async fn load(world: &mut World, posts: u64) -> Result<Loaded> {
    let remote = remote(posts).await?;
    let url = remote.url();
    let worker = world.connected(&mirroring(&url)).await?;
    clear_store(world).await?;
    let (before, began) = (worker.megabytes()?, Instant::now());
    let counts = worker.run("/v1/mirror/load").await?;
    let took = began.elapsed();
    let megabytes = [before, worker.most_since(began)?, worker.megabytes()?];
    worker.stop().await?;
    ensure!(counts["created"] == posts, "of {posts} posts were loaded: {counts}");
    let complete = format!("select count(*) from posts where remote_id between 1 and {posts}");
    let stored = world.databases.store.number(&complete).await?;
    ensure!(stored == i64::try_from(posts)?, "{stored} of {posts} posts are stored");
    Ok(Loaded { took, megabytes })
}

async fn inserted(world: &World, inserts: &Inserts, posts: u64) -> Result<Duration> {
    let took = inserts.run(world).await?;
    let there = world.baseline.number("select count(*) from posts").await?;
    ensure!(there == i64::try_from(posts)?, "{there} of {posts} rows were inserted");
    Ok(took)
}
