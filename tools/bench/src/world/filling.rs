//! Many orders at once, written as Lockstep would have written them.

use anyhow::Result;
use shared_models::side::{Direction, Side};

use super::World;
use super::copies::{Numbers, Waiting};
use super::template::Template;

impl World {
    /// The rows that Lockstep writes; taken once.
    pub async fn template(&mut self) -> Result<Template> {
        if let Some(template) = &self.template {
            return Ok(template.clone());
        }
        let template = Template::take(self).await?;
        self.template = Some(template.clone());
        Ok(template)
    }

    /// Instead of all that is there: so many orders, with a change of each that is yet to be told
    /// in a direction. From the store, that they were placed; from the warehouse, that they are
    /// picked. Neither side publishes meanwhile.
    pub async fn fill(&mut self, direction: Direction, orders: u64) -> Result<()> {
        match direction.from {
            Side::Store => {
                self.empty().await?;
                self.add_waiting(1..=orders).await
            }
            Side::Warehouse => {
                self.fill_both(orders).await?;
                let picked = self.template().await?.picked;
                let warehouse = &self.databases.warehouse;
                warehouse.run(&picked.everywhere()).await?;
                warehouse.run(&picked.changes(&(1..=orders), Waiting::ToBeTold)).await?;
                self.settle().await
            }
        }
    }

    /// Instead of all that is there: so many orders, which both sides know.
    pub async fn fill_both(&mut self, orders: u64) -> Result<()> {
        self.empty().await?;
        let (Template { placed, arrived, .. }, all) = (self.template().await?, 1..=orders);
        for (side, written) in [(Side::Store, placed), (Side::Warehouse, arrived)] {
            let database = self.databases.at(side);
            database.run(&written.orders(&all)).await?;
            database.run(&written.changes(&all, Waiting::Known)).await?;
        }
        self.settle().await
    }

    /// Besides what is there: orders at the store of which the warehouse is yet to be told.
    pub async fn add_waiting(&mut self, numbers: Numbers) -> Result<()> {
        let (Template { placed, .. }, store) = (self.template().await?, &self.databases.store);
        store.run(&placed.orders(&numbers)).await?;
        store.run(&placed.changes(&numbers, Waiting::ToBeTold)).await?;
        self.settle().await
    }

    /// Fills the database without Lockstep with so many orders, instead of all that is there.
    pub async fn fill_baseline(&mut self, orders: u64) -> Result<()> {
        let Template { placed, .. } = self.template().await?;
        self.baseline.clear().await?;
        self.baseline.run(&placed.orders(&(1..=orders))).await?;
        self.baseline.run("vacuum (analyze) orders").await
    }

    async fn empty(&mut self) -> Result<()> {
        self.template().await?;
        self.stand_still().await?;
        self.clear().await
    }

    /// Has PostgreSQL do now what it would do some time after so much was written.
    async fn settle(&self) -> Result<()> {
        for side in Side::ALL {
            self.databases.at(side).run("vacuum (analyze) orders, changes, outbox").await?;
        }
        self.databases.store.run("checkpoint").await
    }
}
