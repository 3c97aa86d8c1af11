//! One row, updated again and again.

use anyhow::{Result, ensure};

use super::pgbench::Script;
use crate::world::World;

const UPDATE: &str = "
update orders set delivery = :delivery::jsonb, version = version + 1, updated_at = now()
where id = :id::uuid;
";

/// Puts one order into the database without Lockstep, instead of all that is there, and gives the
/// script that edits it.
pub async fn script(world: &mut World) -> Result<Script> {
    world.fill_baseline(1).await?;
    let row = world.baseline.row("select id::text, delivery::text from orders").await?;
    let variables =
        vec![("id".to_owned(), row.try_get(0)?), ("delivery".to_owned(), row.try_get(1)?)];
    Ok(Script { text: UPDATE.to_owned(), variables })
}

/// Checks that it was updated so often.
pub async fn check(world: &World, updates: u64) -> Result<()> {
    let version = world.baseline.number("select version from orders").await?;
    ensure!(version == 1 + i64::try_from(updates)?, "{updates} updates, but version {version}");
    Ok(())
}
