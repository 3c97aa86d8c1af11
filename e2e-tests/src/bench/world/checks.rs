//! Data that are read back: a fast wrong answer is none.

use anyhow::{Context, Result, ensure};
use shared_models::site::Site;

use super::{World, sites};
use crate::bench::orders::{is_as_placed, number_in};

/// How many orders there are, with how many numbers, and how many of them stand as they were placed.
const PLACED: &str = "
select count(*), count(distinct delivery ->> 'comment'), count(*) filter (where
    delivery -> 'revision' = '{\"store\": 1, \"warehouse\": 0}'
    and progress -> 'revision' = '{\"store\": 0, \"warehouse\": 0}'
    and version = 1)
from orders";

/// Checks that a site has so many orders, no two alike, each as it was placed and never changed,
/// and that it shows a sample of them so.
pub async fn placed(world: &World, site: Site, orders: u64, sample: u64) -> Result<()> {
    let database = world.databases.at(site);
    let row = database.row(PLACED).await?;
    let counts: [i64; 3] = [row.try_get(0)?, row.try_get(1)?, row.try_get(2)?];
    let wanted = i64::try_from(orders)?;
    ensure!(
        counts == [wanted; 3],
        "{orders} orders were placed; the {site} has (orders, different ones, as placed) {counts:?}"
    );
    let changes = database.standing().await?.changes;
    ensure!(changes == orders, "{orders} were placed, the {site} has recorded {changes} changes");
    let chosen = format!(
        "select id::text, delivery ->> 'comment' from orders
         order by hashtext(id::text) limit {sample}"
    );
    for row in database.rows(&chosen).await? {
        let (id, comment): (String, String) = (row.try_get(0)?, row.try_get(1)?);
        let shown = sites::ask(world.program(site), &format!("/v1/orders/{id}")).await?;
        let same = number_in(&comment).is_ok_and(|number| is_as_placed(number, &shown));
        ensure!(same, "the {site} shows order {id} otherwise than it was placed: {shown}");
    }
    Ok(())
}

/// Checks that both sites have what was placed, and agree on all of it.
pub async fn arrived(world: &World, orders: u64, sample: u64) -> Result<()> {
    world.recorded(Site::Warehouse, orders).await?;
    world.agree(orders).await?;
    for site in Site::ALL {
        placed(world, site, orders, sample).await.with_context(|| format!("at the {site}"))?;
    }
    Ok(())
}
