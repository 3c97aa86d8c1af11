//! Data that are read back: a fast wrong answer is none.

use anyhow::{Result, ensure};
use shared_models::order::Status;
use shared_models::side::Side;

use super::{World, sides};
use crate::orders::{is_as_placed, number_in};

/// Checks that a side has so many orders, no two alike, each as it was placed and never changed,
/// and that it shows a sample of them so.
pub async fn placed(world: &World, side: Side, orders: u64, sample: u64) -> Result<()> {
    is_everywhere(world, side, orders, Standing::PLACED).await?;
    shown(world, side, Status::Placed, sample).await
}

/// Checks that both sides have what was placed, and agree on all of it.
pub async fn arrived(world: &World, orders: u64, sample: u64) -> Result<()> {
    world.recorded(Side::Warehouse, orders).await?;
    world.agree(orders).await?;
    for side in Side::ALL {
        placed(world, side, orders, sample).await?;
    }
    Ok(())
}

/// Checks that both sides know of all orders that they are picked, and agree on all of it.
pub async fn picked(world: &World, orders: u64, sample: u64) -> Result<()> {
    world.agree(orders).await?;
    for side in Side::ALL {
        is_everywhere(world, side, orders, Standing::PICKED).await?;
        shown(world, side, Status::Picking, sample).await?;
    }
    Ok(())
}

/// The expected state of every order.
#[derive(Clone, Copy)]
struct Standing {
    /// The number of times that the warehouse has changed its progress.
    progress: u64,
    version: u64,
}

impl Standing {
    const PLACED: Self = Self { progress: 0, version: 1 };
    const PICKED: Self = Self { progress: 1, version: 2 };
}

/// Checks that there are so many orders, with as many numbers, all of which stand so.
async fn is_everywhere(world: &World, side: Side, orders: u64, standing: Standing) -> Result<()> {
    let Standing { progress, version } = standing;
    let query = format!(
        r#"select count(*), count(distinct delivery ->> 'comment'), count(*) filter (where
            delivery -> 'revision' = '{{"store": 1, "warehouse": 0}}'
            and progress -> 'revision' = '{{"store": 0, "warehouse": {progress}}}'
            and version = {version})
        from orders"#
    );
    let row = world.databases.at(side).row(&query).await?;
    let counts: [i64; 3] = [row.try_get(0)?, row.try_get(1)?, row.try_get(2)?];
    ensure!(
        counts == [i64::try_from(orders)?; 3],
        "of {orders} orders the {side} has (all, different ones, in order) {counts:?}"
    );
    let (changes, wanted) = (world.databases.at(side).standing().await?.changes, orders * version);
    ensure!(changes == wanted, "the {side} has recorded {changes} changes instead of {wanted}");
    Ok(())
}

/// Checks how a side shows some of its orders.
async fn shown(world: &World, side: Side, status: Status, sample: u64) -> Result<()> {
    let chosen = format!(
        "select id::text, delivery ->> 'comment' from orders
         order by hashtext(id::text) limit {sample}"
    );
    for row in world.databases.at(side).rows(&chosen).await? {
        let (id, comment): (String, String) = (row.try_get(0)?, row.try_get(1)?);
        let shown = sides::ask(world.program(side), &format!("/v1/orders/{id}")).await?;
        let same = number_in(&comment).is_ok_and(|number| is_as_placed(number, status, &shown));
        ensure!(same, "the {side} shows order {id} otherwise than it was placed: {shown}");
    }
    Ok(())
}
