//! Posts loaded from a remote, against the same rows inserted by a client; and the memory of the worker.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::super::figures::per_second;
use super::{clear_store, mirroring, remote};
use crate::baseline::rows::Inserts;
use crate::measure::{Finding, Measure, Spread, Target};
use crate::progress::Progress;
use crate::scale::Scale;
use crate::world::World;

/// The records in one request of a load, and in one insert of the baseline.
const BATCH: u64 = 500;
/// The load with which the memory of another is compared is so many times as long.
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
    most_of_many: Vec<f64>,
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
    for turn in 1..=scale.long_turns {
        let many = LONGER * posts;
        progress.begin(format!("{many} posts loaded, {turn} of {}", scale.long_turns));
        let [_, most, _] = load(world, many).await?.megabytes;
        turns.most_of_many.push(most);
    }
    finding.measures.extend(measures(posts, &turns));
    Ok(())
}

fn measures(posts: u64, turns: &Turns) -> [Measure; 5] {
    let name = format!("{posts} posts loaded");
    let loaded = Measure::new(&name, "posts/s", &turns.loaded);
    let with_changes = Measure { name: format!("{name}, with their changes"), ..loaded.clone() };
    let memory = |what, runs| Measure::new(format!("{name}: {what}"), "MB", runs);
    let many = format!("{} posts loaded: worker at the most", LONGER * posts);
    let target = Target::RatioAtMost(MOST);
    [
        loaded.against("the rows of posts, inserted", &turns.rows, Target::RatioAtLeast(0.5)),
        with_changes.against(
            "rows and changes, inserted",
            &turns.rows_and_changes,
            Target::Reported,
        ),
        Measure::new(many, "MB", &turns.most_of_many).against(
            &format!("loading {posts}"),
            &[Spread::of(turns.most.clone()).median],
            target,
        ),
        memory("worker grew by, at the most", &turns.grew),
        memory("worker grew by, afterwards", &turns.stayed),
    ]
}

/// A load, and the inserts of what that has written.
async fn take_turns(
    world: &mut World,
    posts: u64,
    turns: &mut Turns,
    progress: &Progress,
) -> Result<()> {
    progress.doing("by the worker");
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
    clear_store(world).await?;
    let worker = world.connected(&mirroring(&url)).await?;
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
