//! Waiting until what was written has gone its way.

use anyhow::{Context, Result, ensure};
use launcher::wait;
use shared_models::side::Side;

use super::{PATIENCE, World};

impl World {
    /// Waits until so many changes are recorded at a side since it was cleared.
    pub async fn recorded(&self, side: Side, changes: u64) -> Result<()> {
        let database = self.databases.at(side);
        let arrived = async || database.recorded().await.is_ok_and(|there| there >= changes);
        let what = format!("{changes} changes at the {side}");
        match wait::until(&what, PATIENCE, arrived).await {
            Ok(()) => Ok(()),
            Err(late) => {
                let there = database.recorded().await?;
                Err(late).with_context(|| format!("there are {there}"))
            }
        }
    }

    /// Waits until so many orders were created at a side after a change.
    pub async fn created(&self, side: Side, after: u64, orders: u64) -> Result<()> {
        let (database, wanted) = (self.databases.at(side), i64::try_from(orders)?);
        let count =
            format!("select count(*) from changes where kind = 'order.created' and seq > {after}");
        let there = async || database.number(&count).await.is_ok_and(|there| there >= wanted);
        wait::until(&format!("{orders} orders at the {side}"), PATIENCE, there).await
    }

    /// Waits until the store has told all, and the warehouse has it; then compares the two.
    pub async fn agree(&self, orders: u64) -> Result<()> {
        for side in Side::ALL {
            let published = async || {
                let waits = "select count(*) from (select from outbox limit 1) as first";
                self.databases.at(side).number(waits).await.is_ok_and(|waiting| waiting == 0)
            };
            wait::until("all to be published", PATIENCE, published).await?;
        }
        let mut differ = String::new();
        let alike = async || match self.compare(orders).await {
            Ok(()) => true,
            Err(why) => {
                differ = format!("{why:#}");
                false
            }
        };
        let agreed = wait::until("both sides to agree", PATIENCE, alike).await;
        agreed.with_context(|| differ)
    }

    async fn compare(&self, orders: u64) -> Result<()> {
        let [store, warehouse] = [&self.databases.store, &self.databases.warehouse];
        let (store, warehouse) = tokio::try_join!(store.standing(), warehouse.standing())?;
        ensure!(store.orders == orders, "{orders} were sent, the store has {store:?}");
        ensure!(store.agrees_with(&warehouse), "the sides differ: {store:?}, {warehouse:?}");
        Ok(())
    }
}
