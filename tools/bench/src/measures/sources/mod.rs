//! The services outside: posts are loaded from a remote, edits of them are sent there, and operators are
//! pulled from an upstream. Both run in this process, and keep what they have in memory.

mod flushing;
mod loading;
mod plain;
mod pulling;

use anyhow::Result;
use sample_sources::remote::{Kind, Options, Record, Remote};
use serde_json::json;

use crate::measure::Finding;
use crate::progress::Progress;
use crate::scale::Scale;
use crate::world::World;

/// The requests that the worker has under way at the same time (`mirror.parallel`, `upstream.parallel`).
const PARALLEL: usize = 8;
/// The time that a request takes a slow service, in ms.
const SLOW: u64 = 10;

pub(super) async fn measure(
    world: &mut World,
    scale: &Scale,
    progress: &Progress,
) -> Result<Finding> {
    let mut finding = Finding { heading: "Sources".to_owned(), ..Finding::default() };
    loading::measure(world, scale, progress, &mut finding).await?;
    flushing::measure(world, scale, progress, &mut finding).await?;
    pulling::measure(world, scale, progress, &mut finding).await?;
    Ok(finding)
}

/// A remote with so many posts, about as long as those of JSONPlaceholder, and no comments.
async fn remote(posts: u64) -> Result<Remote> {
    let remote = Remote::start(Options::default()).await?;
    for number in 1..=posts {
        let body =
            format!("The text of post {number}, which says nothing that matters.\n").repeat(3);
        let record = [
            ("userId".to_owned(), json!(number / 10 + 1)),
            ("title".to_owned(), json!(format!("post {number}, of the usual length of a title"))),
            ("body".to_owned(), json!(body)),
        ];
        remote.create(Kind::Posts, Record::from_iter(record))?;
    }
    Ok(remote)
}

/// The settings of a worker that mirrors a remote when it is asked to.
fn mirroring(url: &str) -> [(&str, &str); 2] {
    [("MIRROR__URL", url), ("MIRROR__INTERVAL", "24h")]
}

/// Empties the tables of the store, which then knows no remote.
async fn clear_store(world: &World) -> Result<()> {
    world.databases.store.run("truncate posts, comments; update jobs set cursors = '{}'").await?;
    world.clear().await
}
